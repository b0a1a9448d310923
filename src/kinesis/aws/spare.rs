//! Memory of frames whose records are all gone, for the frames that come. Knows no frame.
//!
//! A frame of a busy shard has more than a megabyte. Taken from the allocator and given back for each, it is memory that the system
//! has to find and to clear every time: with glibc that is a fifth of all processor time that reading takes.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

/// Memory that all subscriptions of a port share. Cheap to clone; clones are the same.
///
/// It holds at most [`MAX_BYTES`] that nobody uses. What records of a frame still use is theirs, and is not counted twice.
#[derive(Debug, Clone, Default)]
pub(super) struct SpareMemory(Arc<Mutex<VecDeque<Spare>>>);

/// The buffer of an event: once all its records are gone, nobody else has it.
#[derive(Debug)]
struct Spare {
    buffer: Bytes,
    capacity: usize,
}

impl SpareMemory {
    /// Memory for so many bytes, a quarter more at most, that nobody uses any more: that which was in use last.
    pub(super) fn take(&self, bytes: usize) -> Option<Vec<u8>> {
        let mut spares = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = bytes..=bytes + bytes / 4;
        let index =
            spares.iter().rposition(|spare| fits.contains(&spare.capacity) && spare.buffer.is_unique())?;
        // Not copied, for nobody else has it.
        let mut memory = Vec::from(spares.remove(index)?.buffer);
        memory.clear();
        Some(memory)
    }

    /// Takes a buffer, which has this capacity. The oldest make room for it.
    pub(super) fn put(&self, mut buffer: Bytes, capacity: usize) {
        buffer.truncate(1);
        let mut spares = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        spares.push_back(Spare { buffer, capacity });
        let mut held: usize = spares.iter().map(|spare| spare.capacity).sum();
        while held > MAX_BYTES {
            held -= spares.pop_front().map_or(held, |spare| spare.capacity);
        }
    }
}

/// Frames above this size leave their memory here. Smaller ones come out of what allocators keep at hand.
pub(super) const LARGE_FRAME: usize = 64 << 10;
/// Eleven frames of an event of 1 MB: more than are under way while the user keeps up.
const MAX_BYTES: usize = 16 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    /// A buffer of this capacity, filled by three quarters.
    fn buffer(capacity: usize) -> Bytes {
        let mut buffer = Vec::with_capacity(capacity);
        buffer.resize(capacity / 4 * 3, 7);
        buffer.into()
    }

    #[test]
    fn memory_comes_back_when_its_records_are_gone() {
        let spares = SpareMemory::default();
        let records = buffer(100_000);
        spares.put(records.clone(), 100_000);
        assert!(spares.take(100_000).is_none(), "it is in use");
        let address = records.as_ptr();
        drop(records);
        let memory = spares.take(90_000).unwrap();
        assert!(memory.is_empty() && memory.capacity() >= 100_000);
        assert_eq!(memory.as_ptr(), address);
        assert!(spares.take(90_000).is_none(), "it is there once");
    }

    #[test]
    fn memory_that_is_too_small_or_much_too_large_is_left() {
        let spares = SpareMemory::default();
        spares.put(buffer(100_000), 100_000);
        assert!(spares.take(100_001).is_none());
        assert!(spares.take(79_999).is_none());
        assert!(spares.take(80_000).is_some());
    }

    #[test]
    fn what_was_in_use_last_is_used_first() {
        let spares = SpareMemory::default();
        let [first, last] = [(); 2].map(|()| buffer(100_000));
        spares.put(first.clone(), 100_000);
        spares.put(last.clone(), 100_000);
        let address = last.as_ptr();
        drop((first, last));
        let memory = spares.take(100_000).unwrap();
        assert_eq!(memory.as_ptr(), address);
    }

    #[test]
    fn what_is_held_is_bounded_and_the_oldest_goes() {
        let spares = SpareMemory::default();
        spares.put(buffer(1 << 20), 1 << 20);
        (0..4).for_each(|_| spares.put(buffer(4 << 20), 4 << 20));
        assert!(spares.take(1 << 20).is_none());
        assert_eq!((0..5).filter(|_| spares.take(4 << 20).is_some()).count(), 4);
        spares.put(buffer(MAX_BYTES + 1), MAX_BYTES + 1);
        assert!(spares.take(MAX_BYTES + 1).is_none());
    }
}
