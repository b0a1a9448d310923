use crate::model::{HashKeyRange, Shard};

/// The hash keys that none of the shards takes, as ranges in ascending order.
///
/// The shards that were open at one time take all hash keys. A set that does not was not open at one time: ListShards was asked
/// for a time before the trim horizon (or before the stream), from which only a part of the shards is left.
pub(super) fn holes(shards: &[Shard]) -> Vec<HashKeyRange> {
    let mut ranges: Vec<HashKeyRange> = shards.iter().map(|shard| shard.hash_key_range).collect();
    ranges.sort_unstable_by_key(HashKeyRange::start);
    let mut holes = Vec::new();
    let mut next = Some(0);
    for range in ranges {
        let Some(key) = next else { break };
        holes.extend(range.start().checked_sub(1).and_then(|end| HashKeyRange::new(key, end).ok()));
        next = range.end().checked_add(1).map(|after| after.max(key));
    }
    holes.extend(next.and_then(|key| HashKeyRange::new(key, u128::MAX).ok()));
    holes
}

/// Whether the two have a hash key in common.
pub(super) fn overlap(a: &HashKeyRange, b: &HashKeyRange) -> bool {
    a.start() <= b.end() && b.start() <= a.end()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shards(ranges: &[(u128, u128)]) -> Vec<Shard> {
        let shard = |(start, end): &(u128, u128)| Shard {
            shard_id: format!("{start}").into(),
            parent_shard_id: None,
            adjacent_parent_shard_id: None,
            hash_key_range: HashKeyRange::new(*start, *end).unwrap(),
            starting_sequence_number: 0.into(),
            ending_sequence_number: None,
        };
        ranges.iter().map(shard).collect()
    }

    fn holes_of(ranges: &[(u128, u128)]) -> Vec<(u128, u128)> {
        holes(&shards(ranges)).iter().map(|hole| (hole.start(), hole.end())).collect()
    }

    #[test]
    fn finds_what_no_shard_takes() {
        const MAX: u128 = u128::MAX;
        assert_eq!(holes_of(&[]), [(0, MAX)]);
        assert_eq!(holes_of(&[(0, MAX)]), []);
        assert_eq!(holes_of(&[(10, MAX), (0, 9)]), []);
        assert_eq!(holes_of(&[(0, MAX), (0, 9)]), []);
        assert_eq!(holes_of(&[(5, 9), (20, 30)]), [(0, 4), (10, 19), (31, MAX)]);
        assert_eq!(holes_of(&[(0, 20), (5, 9), (20, MAX - 1)]), [(MAX, MAX)]);
    }
}
