//! What a bit that flips on the way does.

use crate::ends::break_again_and_again;
use crate::server::Break;

/// In the prelude, in the headers, in the payload, in the checksum: the frame is the subscription's last, with its cause.
#[tokio::test(start_paused = true)]
async fn a_flipped_bit_anywhere_in_a_frame_ends_the_subscription() {
    for at in (0..16).chain([40, 90, 130, 200]).chain([-1, -4, -5, -20]) {
        let seen = break_again_and_again(Break::Flip(at)).await;
        let malformed: usize = seen
            .causes
            .iter()
            .filter(|(name, _)| name.starts_with("Malformed: "))
            .map(|(_, count)| count)
            .sum();
        assert_eq!(malformed, seen.breaks, "byte {at}: {:?}", seen.causes);
    }
}
