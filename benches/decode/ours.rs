//! This library.

use std::hint::black_box;
use std::time::Duration;

use kinesis_fanout::wire::{FrameReader, Message};

use super::body::Body;
use super::{Best, Outcome};

pub(crate) fn run(body: &Body) -> Outcome<Duration> {
    let chunks = body.chunks();
    let (mut reader, mut records) = (FrameReader::new(), 0);
    let mut best = Best::start();
    for chunk in chunks {
        reader.push(chunk);
        if let Some(frame) = reader.next_frame()?
            && let Message::Event(event) = black_box(frame.decode()?)
        {
            records += event.records.len();
            drop(event);
            best.event();
        }
    }
    assert_eq!(records, body.records * body.events);
    Ok(best.shortest)
}
