//! What the C library learns about the memory that connections come and go with. Knows no connection.
//!
//! TLS brings records of 16 KiB, each in memory of its own that is soon let go. glibc gives the free end of its heap back to the
//! system when that is larger than a bound, 128 KiB at first, and asks for it anew with the next records: measured, up to a sixth
//! of all processor time that reading a busy shard takes. The bound is twice the largest block that was ever freed
//! (mallopt(3), `M_MMAP_THRESHOLD`), so freeing one raises it. Other allocators take no notice.

use std::hint::black_box;
use std::sync::Once;

/// Lets the C library keep up to twice a [`BLOCK`] of free memory at the end of its heap. The block itself is never touched, and so
/// costs no memory.
pub(super) fn keep_free_memory() {
    static DONE: Once = Once::new();
    DONE.call_once(|| drop(black_box(Vec::<u8>::with_capacity(BLOCK))));
}

/// What a few shards have under way: four stream windows of 512 KiB.
const BLOCK: usize = 2 << 20;
