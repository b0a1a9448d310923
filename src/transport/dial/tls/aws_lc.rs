//! The provider of cryptography with the feature `aws-lc`, be `ring` there or not.

use rustls::crypto::{CryptoProvider, aws_lc_rs};

pub(super) fn provider() -> CryptoProvider {
    aws_lc_rs::default_provider()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_provider_is_aws_lc() {
        assert_eq!(format!("{:?}", super::provider().key_provider), "AwsLcRs");
    }
}
