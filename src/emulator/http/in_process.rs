//! Calls without a socket: what the door does behind HTTP, for the conformance suite.

use super::dispatch::json_call;
use crate::emulator::LocalKinesis;
use crate::emulator::model::Answer;

impl LocalKinesis {
    /// Makes a call of any operation but SubscribeToShard, its request and answer in JSON 1.1. It is counted and limited like
    /// a client's.
    ///
    /// # Errors
    /// Those of the operation.
    #[doc(hidden)]
    pub async fn call(&self, operation: &str, request: &[u8]) -> Answer<Vec<u8>> {
        json_call(&self.service, operation, request).await
    }
}
