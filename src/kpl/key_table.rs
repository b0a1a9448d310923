use std::borrow::Borrow;
use std::collections::BTreeMap;

/// A key table of an aggregate that is being built: every key once, in the order of first use.
#[derive(Debug)]
pub(super) struct KeyTable<K> {
    indices: BTreeMap<K, u64>,
}

impl<K: Ord> KeyTable<K> {
    /// The index that `key` has or would get, and whether it would be a new entry.
    pub(super) fn find<Q>(&self, key: &Q) -> (u64, bool)
    where
        K: Borrow<Q>,
        Q: Ord + ?Sized,
    {
        match self.indices.get(key) {
            Some(&index) => (index, false),
            None => (self.indices.len() as u64, true),
        }
    }

    /// The index of `key`, which becomes an entry if it is none yet.
    pub(super) fn insert<Q>(&mut self, key: &Q) -> u64
    where
        K: Borrow<Q>,
        Q: Ord + ToOwned<Owned = K> + ?Sized,
    {
        let (index, new) = self.find(key);
        if new {
            self.indices.insert(key.to_owned(), index);
        }
        index
    }

    /// The keys in the order of their indices.
    pub(super) fn into_keys(self) -> impl Iterator<Item = K> {
        let mut keys: Vec<_> = self.indices.into_iter().collect();
        keys.sort_unstable_by_key(|&(_, index)| index);
        keys.into_iter().map(|(key, _)| key)
    }
}

impl<K> Default for KeyTable<K> {
    fn default() -> Self {
        Self { indices: BTreeMap::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_every_key_once_in_the_order_of_first_use() {
        let mut table = KeyTable::<String>::default();
        let indices = ["42", "b", "7", "42", "", "7"].map(|key| table.insert(key));
        assert_eq!(indices, [0, 1, 2, 0, 3, 2]);
        assert_eq!(table.find("b"), (1, false));
        assert_eq!(table.find("new"), (4, true));
        assert!(table.into_keys().eq(["42", "b", "7", ""]));
    }
}
