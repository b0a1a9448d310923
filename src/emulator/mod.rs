//! A local Kinesis, for tests and for trying things out: a model of the service, and doors into it.
//!
//! The model knows no door and no clock. The doors know no behaviour: the port serves consumers in this process, also in
//! virtual time; HTTP on loopback serves everything that speaks to Kinesis in JSON or CBOR.
//!
//! ```text
//!   consumer ── KinesisPort ──┐
//!                             ├── faults ── model ── settings
//!   any AWS client ── HTTP ───┘
//! ```
//!
//! What AWS documents is kept to the letter; what it does not document is a setting, see [`Settings`]. How to test with it:
//! [`testing`].

#[doc(hidden)]
pub mod codec;
pub mod model;
#[doc = include_str!("testing.md")]
pub mod testing {}

mod clock;
mod connections;
mod encoded;
mod faults;
mod http;
mod local;
mod port;
mod service;
mod settings;
mod subscription;

pub use faults::{Fault, Faults, StreamFault};
pub use http::{Server, Tls, TlsError};
pub use local::LocalKinesis;
pub use model::{
    ConsumerSummary, CreateStreamRequest, ListShardsRequest, ListedShards, NewRecord, Operation, PutAnswer,
    RecordDistributionStrategy, ServiceError, ShardSelection, Start, Statistics, StreamMode, SubscribeCall,
    Tags,
};
pub use settings::{
    AccessKey, Continuation, RefusalForm, SequenceNumberForm, Settings, SettingsError, ShardEnd,
    SlotAfterHangUp,
};
