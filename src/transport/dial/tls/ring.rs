//! The provider of cryptography with the feature `ring` and without `aws-lc`.

use rustls::crypto::{CryptoProvider, ring};

pub(super) fn provider() -> CryptoProvider {
    ring::default_provider()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_provider_is_ring() {
        assert_eq!(format!("{:?}", super::provider().key_provider), "Ring");
    }
}
