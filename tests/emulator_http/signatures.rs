//! Signatures of the real SDK, where the setting has them verified.

use super::answered::ask;
use super::*;

const ID: &str = "AKIDEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

fn credentials(id: &str, secret: &str) -> Credentials {
    Credentials::new(id, secret, None, None, "test")
}

fn verifying() -> Settings {
    verifying_session(None)
}

fn verifying_session(session_token: Option<&str>) -> Settings {
    let session_token = session_token.map(str::to_owned);
    let key = AccessKey { id: ID.into(), secret: SECRET.into(), session_token };
    Settings { verify_signatures: Some(key), ..quick() }
}

#[tokio::test]
async fn the_right_key_passes_every_kind_of_call() {
    let (server, _, consumer) = ready(verifying()).await;
    let client = client_with(&server, credentials(ID, SECRET));
    let data = Blob::new((0..=255).collect::<Vec<u8>>());
    client.put_record().stream_name("orders").partition_key("clé").data(data.clone()).send().await.unwrap();
    let mut output = from_horizon(&client, &consumer).await.unwrap();
    assert_eq!(payloads(&event(&mut output).await.unwrap()), [data.as_ref()]);
}

#[tokio::test]
async fn other_keys_and_none_are_refused_with_the_services_errors() {
    let (server, _, consumer) = ready(verifying()).await;
    for (id, secret, expected) in [
        (ID, "another secret", "InvalidSignatureException"),
        ("SOMEONE", SECRET, "UnrecognizedClientException"),
    ] {
        let client = client_with(&server, credentials(id, secret));
        let refused = client.list_shards().stream_name("orders").send().await.unwrap_err();
        assert_eq!(refused.raw_response().unwrap().status().as_u16(), 400);
        assert_eq!(refused.code(), Some(expected));
        assert_eq!(code(from_horizon(&client, &consumer).await), expected);
    }
    let target = "X-Amz-Target: Kinesis_20131202.ListShards\r\n";
    let unsigned = ask(&server, target, b"{}").await;
    assert_eq!(
        (unsigned.status, unsigned.header("x-amzn-errortype")),
        (400, Some("MissingAuthenticationTokenException"))
    );
    assert_eq!(server.statistics().calls_of(Operation::ListShards), 0);
}

#[tokio::test]
async fn a_signature_is_judged_by_the_services_clock() {
    let start_time = Some(std::time::UNIX_EPOCH + Duration::from_secs(784_111_777));
    let server = LocalKinesis::start(Settings { start_time, ..verifying() }).await.unwrap();
    let client = client_with(&server, credentials(ID, SECRET));
    let refused = client.list_shards().stream_name("orders").send().await.unwrap_err();
    assert_eq!(refused.code(), Some("InvalidSignatureException"));
    let message = refused.message().unwrap();
    assert!(message.starts_with("Signature not yet current: "), "{message}");
    assert!(message.contains("(19941106T0849"), "{message}");
}

#[tokio::test]
async fn a_session_passes_with_its_own_token_only() {
    let (server, _, consumer) = ready(verifying_session(Some("a token"))).await;
    let session = |token: Option<&str>| {
        client_with(&server, Credentials::new(ID, SECRET, token.map(str::to_owned), None, "test"))
    };
    let client = session(Some("a token"));
    assert_eq!(client.list_shards().stream_name("orders").send().await.unwrap().shards().len(), 1);
    from_horizon(&client, &consumer).await.unwrap();
    for token in [Some("another token"), None] {
        let refused = session(token).list_shards().stream_name("orders").send().await;
        assert_eq!(code(refused), "UnrecognizedClientException");
    }
}

#[tokio::test]
async fn a_signature_in_the_query_string_is_refused() {
    let (server, ..) = ready(verifying()).await;
    let request = "POST /?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=00 HTTP/1.1\r\nConnection: close\r\n\
                   X-Amz-Target: Kinesis_20131202.ListShards\r\nContent-Length: 2\r\n\r\n{}";
    let refused = super::answered::raw(&server, request.as_bytes()).await;
    assert_eq!(
        (refused.status, refused.header("x-amzn-errortype")),
        (400, Some("IncompleteSignatureException"))
    );
}

#[test]
fn the_secret_is_kept_out_of_what_is_printed() {
    let printed = format!("{:?}", verifying_session(Some("a token")));
    assert!(printed.contains(ID) && !printed.contains(SECRET), "{printed}");
    assert!(!printed.contains("a token"), "{printed}");
}
