//! What no decoder that keeps one buffer per event can do without.

use std::hint::black_box;
use std::time::Duration;

use base64_simd::STANDARD;
use bytes::{BufMut, BytesMut};

use super::body::Body;
use super::{Best, Outcome};

pub(crate) fn run(body: &Body) -> Outcome<Duration> {
    let chunks = body.chunks();
    let mut best = Best::start();
    let mut sum = crc32fast::Hasher::new();
    let mut buffer = BytesMut::with_capacity(body.frame.len());
    for chunk in chunks {
        sum.update(&chunk);
        buffer.put_slice(&chunk);
        if buffer.len() == body.frame.len() {
            decode(&mut buffer, body)?;
            black_box(std::mem::take(&mut sum).finalize());
            buffer = BytesMut::with_capacity(body.frame.len());
            best.event();
        }
    }
    Ok(best.shortest)
}

pub(crate) fn copy(body: &Body) -> Duration {
    let chunks = body.chunks();
    let mut best = Best::start();
    let mut buffer = BytesMut::with_capacity(body.frame.len());
    for chunk in chunks {
        buffer.put_slice(&chunk);
        if buffer.len() == body.frame.len() {
            black_box(&buffer[..]);
            buffer = BytesMut::with_capacity(body.frame.len());
            best.event();
        }
    }
    best.shortest
}

pub(crate) fn crc(body: &Body) -> Duration {
    let mut best = Best::start();
    for _ in 0..body.events {
        black_box(crc32fast::hash(black_box(&body.frame)));
        best.event();
    }
    best.shortest
}

/// Out of place: what has been decoded in place cannot be decoded again.
pub(crate) fn base64(body: &Body) -> Outcome<Duration> {
    let longest = body.payloads.iter().map(ExactSizeIterator::len).max().unwrap_or(0);
    let mut decoded = vec![0; longest];
    let mut best = Best::start();
    for _ in 0..body.events {
        for payload in &body.payloads {
            let out = base64_simd::Out::from_slice(&mut decoded);
            black_box(STANDARD.decode(&body.frame[payload.clone()], out).map_err(|_| "no base64")?);
        }
        best.event();
    }
    Ok(best.shortest)
}

fn decode(buffer: &mut BytesMut, body: &Body) -> Outcome<()> {
    for payload in &body.payloads {
        black_box(STANDARD.decode_inplace(&mut buffer[payload.clone()]).map_err(|_| "no base64")?);
    }
    Ok(())
}
