//! StartStreamEncryption and StopStreamEncryption: a state that records carry. Nothing is encrypted, no key is looked up.

use super::{Answer, Model, ServiceError};
use crate::model::{EncryptionType, StreamReference, Timestamp};

/// With what a stream's records are said to be encrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Encryption {
    pub(super) kind: EncryptionType,
    pub(super) key_id: Option<String>,
}

impl Model {
    /// StartStreamEncryption: records that are put from now on carry KMS. With another key, that key counts from now on.
    ///
    /// # Errors
    /// ValidationException (the key's id has not 1 to 2,048 characters); ResourceNotFoundException; ResourceInUseException
    /// (the stream is not ACTIVE).
    pub fn start_stream_encryption(
        &mut self,
        stream: &StreamReference,
        key_id: &str,
        now: Timestamp,
    ) -> Answer<()> {
        check_key_id(key_id)?;
        let encryption = Encryption { kind: EncryptionType::Kms, key_id: Some(key_id.to_owned()) };
        self.change_encryption(stream, Some(encryption), now)
    }

    /// StopStreamEncryption: records that are put from now on carry no encryption. Those before keep theirs.
    ///
    /// # Errors
    /// Those of [`Model::start_stream_encryption`].
    pub fn stop_stream_encryption(
        &mut self,
        stream: &StreamReference,
        key_id: &str,
        now: Timestamp,
    ) -> Answer<()> {
        check_key_id(key_id)?;
        self.change_encryption(stream, None, now)
    }

    fn change_encryption(
        &mut self,
        stream: &StreamReference,
        encryption: Option<Encryption>,
        now: Timestamp,
    ) -> Answer<()> {
        let settings = std::sync::Arc::clone(&self.settings);
        let stream = self.active_mut(stream, now)?;
        stream.properties.encryption = encryption;
        stream.update(&settings, now);
        Ok(())
    }
}

impl Encryption {
    /// What streams have from the start, by [`Settings::encryption`](crate::emulator::Settings).
    pub(super) fn of_records(kind: EncryptionType) -> Self {
        let key_id = match kind {
            EncryptionType::None => None,
            EncryptionType::Kms => Some("alias/aws/kinesis".to_owned()),
        };
        Self { kind, key_id }
    }
}

fn check_key_id(key_id: &str) -> Answer<()> {
    if (1..=2_048).contains(&key_id.chars().count()) {
        return Ok(());
    }
    let constraint = "have length less than or equal to 2048, and greater than or equal to 1";
    Err(ServiceError::validation("keyId", key_id, constraint))
}
