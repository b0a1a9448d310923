use super::*;
use aws_sdk_kinesis::error::ErrorMetadata;
use aws_sdk_kinesis::operation::list_shards::ListShardsError;
use aws_smithy_types::body::SdkBody;

type CallError = SdkError<ListShardsError, HttpResponse>;

const TABLE: &[(FailureClass, &[&str])] = &[
    (FailureClass::ResourceNotFound, &["ResourceNotFoundException"]),
    (FailureClass::ResourceInUse, &["ResourceInUseException"]),
    (FailureClass::InvalidArgument, &["InvalidArgumentException", "ValidationException"]),
    (FailureClass::ExpiredNextToken, &["ExpiredNextTokenException"]),
    (FailureClass::ExpiredIterator, &["ExpiredIteratorException"]),
    (
        FailureClass::Throttled,
        &[
            "LimitExceededException",
            "ProvisionedThroughputExceededException",
            "ThrottlingException",
            "Throttling",
            "ThrottledException",
            "TooManyRequestsException",
            "KMSThrottlingException",
        ],
    ),
    (FailureClass::AccessDenied, &["AccessDeniedException", "AccessDenied", "KMSAccessDeniedException"]),
    (
        FailureClass::Credentials,
        &[
            "ExpiredTokenException",
            "ExpiredToken",
            "UnrecognizedClientException",
            "InvalidSignatureException",
            "InvalidClientTokenId",
            "MissingAuthenticationToken",
            "SignatureDoesNotMatch",
            "IncompleteSignature",
        ],
    ),
    (
        FailureClass::KmsUnavailable,
        &["KMSDisabledException", "KMSInvalidStateException", "KMSNotFoundException", "KMSOptInRequired"],
    ),
    (
        FailureClass::Unsupported,
        &["UnknownOperationException", "InvalidAction", "UnsupportedOperationException", "NotImplemented"],
    ),
    (FailureClass::Unavailable, &["InternalFailure", "InternalFailureException", "ServiceUnavailable"]),
];

fn response(status: u16) -> HttpResponse {
    HttpResponse::new(status.try_into().unwrap(), SdkBody::empty())
}

fn answered(status: u16, code: Option<&str>) -> Failure {
    let mut meta = ErrorMetadata::builder().message("said so");
    if let Some(code) = code {
        meta = meta.code(code);
    }
    let error = ListShardsError::generic(meta.build());
    call_failure(&CallError::service_error(error, response(status)))
}

fn in_stream(name: &str) -> Failure {
    in_stream_error(name, None).failure
}

#[test]
fn exceptions_are_told_by_name_whatever_the_status_and_wherever_they_stand() {
    for (class, names) in TABLE {
        for name in *names {
            for status in [400, 500] {
                assert_eq!(answered(status, Some(name)).class, *class, "{name} {status}");
            }
            assert_eq!(in_stream(name).class, *class, "{name} in the stream");
        }
    }
}

#[test]
fn the_message_carries_name_and_words() {
    assert_eq!(answered(400, Some("ResourceInUseException")).message, "ResourceInUseException: said so");
    assert_eq!(answered(503, None).message, "HTTP status 503: said so");
    assert_eq!(in_stream("LimitExceededException").message, "LimitExceededException");
    assert_eq!(in_stream_error("Novel", Some("words")).failure.message, "Novel: words");
}

#[test]
fn an_unknown_name_falls_back_to_the_status() {
    for (status, class) in [
        (404, FailureClass::Unsupported),
        (501, FailureClass::Unsupported),
        (500, FailureClass::Unavailable),
        (503, FailureClass::Unavailable),
        (504, FailureClass::TimedOut),
        (429, FailureClass::Throttled),
        (400, FailureClass::Unclassified),
        (418, FailureClass::Unclassified),
    ] {
        assert_eq!(answered(status, Some("NovelException")).class, class, "{status}");
        assert_eq!(answered(status, None).class, class, "{status}");
    }
    assert_eq!(in_stream("NovelException").class, FailureClass::Unclassified);
}

#[test]
fn an_operation_that_a_server_does_not_have_is_unsupported_however_it_says_so() {
    for (status, code) in [
        (400, Some("UnknownOperationException")),
        (404, Some("UnknownOperationException")),
        (400, Some("InvalidAction")),
        (501, Some("InternalFailure")),
        (501, None),
        (404, None),
    ] {
        assert_eq!(answered(status, code).class, FailureClass::Unsupported, "{status} {code:?}");
    }
    assert_eq!(answered(404, Some("ResourceNotFoundException")).class, FailureClass::ResourceNotFound);
    assert_eq!(answered(500, Some("InternalFailure")).class, FailureClass::Unavailable);
}

#[test]
fn an_answer_that_cannot_be_read_is_malformed_unless_it_is_a_server_s_error() {
    let error = |status| call_failure(&CallError::response_error("no JSON", response(status)));
    assert_eq!(error(200).class, FailureClass::Malformed);
    assert_eq!(error(502).class, FailureClass::Unavailable);
    assert_eq!(error(404).class, FailureClass::Unsupported);
}

#[test]
fn transport_failures_are_told_by_their_kind() {
    let dispatch = |error| call_failure(&CallError::dispatch_failure(error)).class;
    assert_eq!(dispatch(ConnectorError::io("reset".into())), FailureClass::Unavailable);
    assert_eq!(dispatch(ConnectorError::timeout("slow".into())), FailureClass::TimedOut);
    assert_eq!(dispatch(ConnectorError::other("odd".into(), None)), FailureClass::Unclassified);
    assert_eq!(call_failure(&CallError::timeout_error("slow")).class, FailureClass::TimedOut);
    assert_eq!(
        call_failure(&CallError::construction_failure("no name")).class,
        FailureClass::InvalidArgument
    );
}

#[test]
fn missing_credentials_are_found_below_the_transport_s_error() {
    let dispatch = |source: CredentialsError| {
        call_failure(&CallError::dispatch_failure(ConnectorError::other(source.into(), None))).class
    };
    assert_eq!(dispatch(CredentialsError::not_loaded("none")), FailureClass::Credentials);
    assert_eq!(
        dispatch(CredentialsError::provider_timed_out(std::time::Duration::from_secs(5))),
        FailureClass::TimedOut
    );
}
