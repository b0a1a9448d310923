//! The HTTP around the calls: headers, errors, protocols, connections.

use std::time::{Duration, UNIX_EPOCH};

use kinesis_fanout::emulator::{Fault, Operation, Settings};
use serde_json::json;

use super::rules;
use crate::endpoint::{Address, ApiError, Connection, Endpoint, HTTP2, Http, Item, JSON, Protocol};
use crate::streams::*;
use crate::verdict::{Stop, Verdict, holds, same};
use crate::world::{Place, World};

rules! {
    T01 "Common headers" "Every answer has a Date header, the service's time." date Http;
    T02 "Common headers" "Every answer has an x-amzn-RequestId, each another one." request_id Http;
    T03 "AWS JSON 1.1" "An error has `__type` and `message`, and status 400." errors Http;
    T04 "Common errors" "InternalFailureException has status 500." internal_failure;
    T05 "Common errors" "An operation that does not exist is UnknownOperationException." unknown_operation Http;
    T06 "AWS JSON 1.1" "A body that is no JSON is SerializationException." malformed_json Http;
    T07 "SubscribeToShard" "A subscription's answer is application/vnd.amazon.eventstream." event_stream Http;
    T08 "Smithy, event streams" "Its first frame is initial-response." initial_response Http;
    T09 "Smithy, event streams" "A frame with an event has :message-type event, :event-type SubscribeToShardEvent and :content-type application/json or its 1.1." frame_headers Http;
    T10 "HTTP/2, prior knowledge" "Over http:// HTTP/2 is spoken with prior knowledge, beside HTTP/1.1 on the same port." prior_knowledge Http;
    T11 "AWS SDK for Java 2" "Under TLS a client that offers no ALPN speaks HTTP/2: its first bytes decide." no_alpn Tls;
    T12 "undocumented" "How many streams a connection of HTTP/2 may have open is a setting: 5 as well as 128." max_concurrent_streams Http2;
    T13 "RFC 9113" "Subscriptions and calls share a connection of HTTP/2." shared_connection Http2;
}

/// The headers of the last answer.
fn header(place: &Place, name: &str) -> Verdict<String> {
    let headers = place.endpoint.headers().unwrap_or_default();
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.map(str::to_owned).ok_or_else(|| Stop::Broken(format!("no {name} in {headers:?}")))
}

/// The server, asked by another client of the same or another protocol.
fn http(place: &Place, protocol: Option<Protocol>) -> Verdict<Http> {
    match &place.address {
        Some(address) => Ok(Http::new(match protocol {
            Some(protocol) => address.speaking(protocol),
            None => address.clone(),
        })),
        None => Err(Stop::NotObservable("is no server".into())),
    }
}

async fn soon<T>(place: &Place, call: impl Future<Output = Result<T, ApiError>>) -> Verdict<T> {
    match place.clock.soon(call).await {
        Some(answer) => answer.map_err(|error| Stop::Broken(format!("{error:?}"))),
        None => Err(Stop::Broken("no answer".into())),
    }
}

async fn date(world: World) -> Verdict {
    let place = world.place().await?;
    let (stream, consumer) = place.fan_out().await?;
    for call in ["an answer", "an error", "a subscription"] {
        match call {
            "an answer" => drop(place.call("ListShards", json!({"StreamName": stream.name})).await?),
            "an error" => drop(place.ask("ListShards", json!({"StreamName": "none"})).await?),
            _ => drop(place.subscribe(&consumer, stream.shard(), trim_horizon()).await?),
        }
        let date = header(&place, "date")?;
        let told =
            httpdate::parse_http_date(&date).map_err(|_| Stop::Broken(format!("{date} is no date")))?;
        let (told, now) = (told.duration_since(UNIX_EPOCH), place.now().duration_since(UNIX_EPOCH));
        let apart = told.unwrap_or_default().abs_diff(now.unwrap_or_default());
        holds!(apart < Duration::from_secs(3), "{call} is of {date}");
        place.pass(Duration::from_secs(2)).await?;
    }
    Ok(())
}

async fn request_id(world: World) -> Verdict {
    let place = world.place().await?;
    let stream = place.stream(1).await?;
    let mut ids = Vec::new();
    for name in [stream.name.as_str(), "none"] {
        drop(place.ask("ListShards", json!({"StreamName": name})).await?);
        ids.push(header(&place, "x-amzn-requestid")?);
    }
    holds!(ids[0] != ids[1] && !ids[0].is_empty(), "{ids:?}");
    Ok(())
}

async fn errors(world: World) -> Verdict {
    let place = world.place().await?;
    for (operation, request, code) in [
        ("ListShards", json!({"StreamName": "conformance-none"}), "ResourceNotFoundException"),
        ("DescribeStreamSummary", json!({"StreamName": "conformance-none"}), "ResourceNotFoundException"),
        (
            "ListShards",
            json!({"NextToken": "x", "StreamName": "conformance-none"}),
            "InvalidArgumentException",
        ),
    ] {
        let error = place.refused(operation, request, &[code]).await?;
        holds!(!error.message.is_empty(), "{code} has no message");
    }
    Ok(())
}

async fn internal_failure(world: World) -> Verdict {
    let place = world.set("failures on order", Settings::default()).await?;
    let stream = place.stream(1).await?;
    let local = place.emulator("what fails on order")?;
    let fault = Fault::refuse(Operation::ListShards, "InternalFailureException", "on order", 500);
    local.faults().inject(fault.times(1));
    match place.ask("ListShards", json!({"StreamARN": stream.arn})).await? {
        Err(error) => {
            same!((error.status, error.code.as_str()), (500, "InternalFailureException"), "the error")
        }
        Ok(_) => return Err(Stop::Broken("it succeeds".into())),
    }
    place.call("ListShards", json!({"StreamARN": stream.arn})).await.map(drop)
}

async fn unknown_operation(world: World) -> Verdict {
    let place = world.place().await?;
    place.refused("GetNothing", json!({}), &["UnknownOperationException"]).await.map(drop)
}

async fn malformed_json(world: World) -> Verdict {
    let place = world.place().await?;
    let http = http(&place, None)?;
    for body in ["{", "{\"StreamName\":", "[1,2", "\"x"] {
        let response = soon(&place, http.send("ListShards", JSON, body.into())).await?;
        let status = response.status().as_u16();
        let error = place.clock.soon(crate::endpoint::read(response)).await;
        match error {
            Some(Err(error)) => {
                same!((status, error.code.as_str()), (400, "SerializationException"), "of {body}")
            }
            other => return Err(Stop::Broken(format!("{body}: {other:?}"))),
        }
    }
    Ok(())
}

async fn event_stream(world: World) -> Verdict {
    let place = world.place().await?;
    let (stream, consumer) = place.fan_out().await?;
    let _events = place.subscribe(&consumer, stream.shard(), trim_horizon()).await?;
    same!(header(&place, "content-type")?, "application/vnd.amazon.eventstream", "the content type");
    Ok(())
}

async fn initial_response(world: World) -> Verdict {
    let place = world.place().await?;
    let (stream, consumer) = place.fan_out().await?;
    let mut events = place.subscribe(&consumer, stream.shard(), trim_horizon()).await?;
    match place.clock.within(A_WHILE, events.next()).await? {
        Some(Item::InitialResponse(_)) => Ok(()),
        other => Err(Stop::Broken(format!("the first frame is {other:?}"))),
    }
}

async fn frame_headers(world: World) -> Verdict {
    let place = world.place().await?;
    let (stream, consumer) = place.fan_out().await?;
    place.put(&stream, "k", "a").await?;
    let mut events = place.subscribe(&consumer, stream.shard(), trim_horizon()).await?;
    match place.next(&mut events, A_WHILE).await? {
        Some(Item::Event(_, headers)) => {
            let kind = headers.get(":content-type").map(String::as_str);
            let json = matches!(kind, Some("application/json" | "application/x-amz-json-1.1"));
            holds!(json, "the headers are {headers:?}");
            same!(
                headers.get(":event-type").map(String::as_str),
                Some("SubscribeToShardEvent"),
                ":event-type"
            );
            Ok(())
        }
        other => Err(Stop::Broken(format!("{other:?} comes, not an event"))),
    }
}

/// A call, and a subscription that brings a record.
async fn converse(place: &Place, http: &Http) -> Verdict {
    let (stream, consumer) = place.fan_out().await?;
    place.put(&stream, "k", "a").await?;
    let listed = soon(place, http.call("ListShards", json!({"StreamName": stream.name}))).await?;
    same!(array(&listed["Shards"]).len(), 1, "shards");
    let request =
        json!({"ConsumerARN": consumer, "ShardId": stream.shard(), "StartingPosition": trim_horizon()});
    let mut events = soon(place, http.subscribe(request)).await?;
    same!(place.payloads(&mut events, 1).await?, ["a"], "the records");
    Ok(())
}

async fn prior_knowledge(world: World) -> Verdict {
    let place = world.place().await?;
    if place.address.as_ref().is_some_and(Address::is_tls) {
        // Of the same service in clear.
        let server = place.emulator("where else it serves")?.serve().await;
        let server = server.map_err(|error| Stop::Broken(error.to_string()))?;
        let authority = server.address().to_string();
        converse(&place, &Http::new(Address::new(&authority, Protocol::Http2))).await?;
        return again(&place, &Http::new(Address::new(authority, Protocol::Http1))).await;
    }
    converse(&place, &http(&place, Some(Protocol::Http2))?).await?;
    again(&place, &http(&place, Some(Protocol::Http1))?).await
}

async fn again(place: &Place, http: &Http) -> Verdict {
    soon(place, http.call("ListStreams", json!({}))).await.map(drop)
}

async fn no_alpn(world: World) -> Verdict {
    let place = world.place().await?;
    let Some(address @ Address { protocol: Protocol::Tls { trusted, .. }, .. }) = &place.address else {
        return Err(Stop::NotObservable("is not served under TLS here".into()));
    };
    for offered in [vec![], vec![HTTP2.to_owned()]] {
        let protocol = Protocol::Tls { trusted: trusted.clone(), offered };
        converse(&place, &Http::new(address.speaking(protocol))).await?;
    }
    Ok(())
}

/// Opens so many subscriptions on one connection, and tells how many are answered.
async fn open_on_one(place: &Place, http: &Http, count: usize) -> Verdict<usize> {
    let stream = place.stream(count).await?;
    let consumer = place.consumer(&stream, "billing").await?;
    let mut connection = soon(place, Connection::open(http)).await?;
    // The server's SETTINGS come behind the connection: one call is certain to see them.
    let limits = json!({}).to_string().into_bytes();
    drop(soon(place, http.send_on(&mut connection, "ListStreams", JSON, limits)).await?);
    let mut open = Vec::new();
    for shard in &stream.shards {
        let request = json!({"ConsumerARN": consumer, "ShardId": shard, "StartingPosition": trim_horizon()});
        let body = request.to_string().into_bytes();
        let call = http.send_on(&mut connection, "SubscribeToShard", JSON, body);
        match place.clock.within(Duration::from_secs(3), call).await? {
            Some(response) => open.push(response.map_err(|error| Stop::Broken(format!("{error:?}")))?),
            None => break,
        }
    }
    Ok(open.len())
}

async fn max_concurrent_streams(world: World) -> Verdict {
    for most in [5, 128] {
        let settings = Settings { max_concurrent_streams: most, ..Settings::default() };
        let place = world.set("the streams of a connection", settings).await?;
        let http = http(&place, None)?;
        let most = most as usize;
        same!(open_on_one(&place, &http, most + 2).await?, most, "subscriptions on a connection");
    }
    Ok(())
}

async fn shared_connection(world: World) -> Verdict {
    let place = world.place().await?;
    let Some(address) = &place.address else { return Err(Stop::NotObservable("is no server".into())) };
    if !address.may_speak_http2() {
        return Err(Stop::NotObservable("is not asked for HTTP/2 here".into()));
    }
    let http = http(&place, (!address.is_tls()).then_some(Protocol::Http2))?;
    same!(open_on_one(&place, &http, 20).await?, 20, "subscriptions on a connection");
    Ok(())
}
