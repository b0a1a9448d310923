//! Signatures of the real SDK, where the setting has them verified.

use super::answered::ask;
use super::*;

const ID: &str = "AKIDEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

fn credentials(id: &str, secret: &str) -> Credentials {
    Credentials::new(id, secret, None, None, "test")
}

fn verifying() -> Settings {
    Settings { verify_signatures: Some(AccessKey { id: ID.into(), secret: SECRET.into() }), ..quick() }
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

#[test]
fn the_secret_is_kept_out_of_what_is_printed() {
    let printed = format!("{:?}", verifying());
    assert!(printed.contains(ID) && !printed.contains(SECRET), "{printed}");
}
