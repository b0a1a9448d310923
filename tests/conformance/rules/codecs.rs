//! JSON 1.1 and CBOR 1.1.

use http_body_util::BodyExt;
use kinesis_fanout::emulator::codec::{Codec, Document};
use serde_json::json;

use super::rules;
use crate::endpoint::{ApiError, Http};
use crate::streams::*;
use crate::verdict::{Stop, Verdict, holds, same};
use crate::world::{Place, World, seconds};

rules! {
    C01 "AWS SDK for Java 2" "A request in application/x-amz-cbor-1.1 is answered in it." cbor_answer Http;
    C02 "AWS SDK for Java 2" "In CBOR a time is tag 1 of milliseconds." cbor_times Http;
    C03 "AWS SDK for Java 2" "In CBOR data is a byte string." cbor_data Http;
    C04 "AWS SDK for Java 2" "An error of a request in CBOR is in CBOR, with `__type`." cbor_error Http;
    C05 "AWS SDK for Java 2" "SubscribeToShard and its events are JSON, whatever else a client speaks." subscribe_in_json Http;
    C06 "AWS JSON 1.1" "In JSON a time is seconds with a fraction." json_times;
}

/// A call in CBOR: the status, the content type, the answer.
async fn cbor(place: &Place, operation: &str, request: Document) -> Verdict<(u16, String, Document)> {
    let Some(address) = &place.address else {
        return Err(Stop::NotObservable("is no server".into()));
    };
    let http = Http::new(address.clone());
    let call = async {
        let body = Codec::Cbor.encode(&request);
        let response = http.send(operation, Codec::Cbor.content_type(), body).await?;
        let kind = response.headers().get("content-type").and_then(|kind| kind.to_str().ok());
        let (status, kind) = (response.status().as_u16(), kind.unwrap_or_default().to_owned());
        let body = response.into_body().collect().await.map_err(ApiError::broken)?.to_bytes();
        Ok::<_, ApiError>((status, kind, body))
    };
    let answer = place.clock.soon(call).await.ok_or_else(|| Stop::Broken("no answer".into()))?;
    let (status, kind, body) = answer.map_err(|error| Stop::Broken(format!("{error:?}")))?;
    let document = Codec::Cbor.decode(&body);
    let document = document.map_err(|error| Stop::Broken(format!("status {status}, no CBOR: {error}")))?;
    Ok((status, kind, document))
}

fn member<'a>(document: &'a Document, name: &str) -> Option<&'a Document> {
    match document {
        Document::Map(members) => members.iter().find(|(member, _)| member == name).map(|(_, value)| value),
        _ => None,
    }
}

fn of_stream(stream: &Stream) -> Document {
    Document::structure([("StreamName", stream.name.as_str().into())])
}

async fn cbor_answer(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    let (status, kind, answer) = cbor(&place, "ListShards", of_stream(&stream)).await?;
    same!((status, kind.as_str()), (200, "application/x-amz-cbor-1.1"), "status and content type");
    holds!(
        matches!(member(&answer, "Shards"), Some(Document::List(shards)) if shards.len() == 1),
        "{answer:?}"
    );
    Ok(())
}

async fn cbor_times(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    let (_, _, answer) = cbor(&place, "DescribeStreamSummary", of_stream(&stream)).await?;
    let created = member(&answer, "StreamDescriptionSummary")
        .and_then(|summary| member(summary, "StreamCreationTimestamp"));
    match created {
        Some(Document::Timestamp(time)) => {
            let apart = (time.as_millis() as f64 / 1_000.0 - seconds(place.now())).abs();
            holds!(apart < 60.0, "the stream was created {apart} s from now");
            Ok(())
        }
        other => Err(Stop::Broken(format!("the time is {other:?}"))),
    }
}

async fn cbor_data(world: World) -> Verdict {
    let place = world.place().await?;
    let (stream, consumer) = place.fan_out().await?;
    let record =
        of_stream(&stream).with("PartitionKey", "k").with("Data", bytes::Bytes::from_static(b"cbor"));
    let (status, _, answer) = cbor(&place, "PutRecord", record).await?;
    same!(status, 200, "the status of {answer:?}");
    let mut events = place.subscribe(&consumer, stream.shard(), trim_horizon()).await?;
    same!(place.payloads(&mut events, 1).await?, ["cbor"], "the records");
    Ok(())
}

async fn cbor_error(world: World) -> Verdict {
    let place = world.place().await?;
    let none = Document::structure([("StreamName", "conformance-none".into())]);
    let (status, kind, error) = cbor(&place, "ListShards", none).await?;
    same!((status, kind.as_str()), (400, "application/x-amz-cbor-1.1"), "status and content type");
    let code = member(&error, "__type");
    holds!(
        matches!(code, Some(Document::Text(code)) if code.ends_with("ResourceNotFoundException")),
        "{error:?}"
    );
    Ok(())
}

async fn subscribe_in_json(world: World) -> Verdict {
    let place = world.place().await?;
    let (stream, consumer) = place.fan_out().await?;
    place.put(&stream, "k", "a").await?;
    // A client of CBOR calls in CBOR first.
    cbor(&place, "ListShards", of_stream(&stream)).await?;
    let mut events = place.subscribe(&consumer, stream.shard(), trim_horizon()).await?;
    same!(place.payloads(&mut events, 1).await?, ["a"], "the records");
    Ok(())
}

async fn json_times(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    let summary = place.call("DescribeStreamSummary", json!({"StreamName": stream.name})).await?;
    let created = summary["StreamDescriptionSummary"]["StreamCreationTimestamp"].as_f64();
    let apart = created.map(|created| (created - seconds(place.now())).abs());
    holds!(apart.is_some_and(|apart| apart < 60.0), "StreamCreationTimestamp is {created:?}");
    Ok(())
}
