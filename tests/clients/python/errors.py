"""Each class of error that boto3 models for these operations, provoked on a server. The README tells which are not."""

import itertools


def provoke(client, strict, name):
    """`strict` is the server of strict.json; streams are called by this name on both."""
    for server in (client, strict):
        server.create_stream(StreamName=name, ShardCount=2)
    try:
        resources(client, name)
        arguments(client, name)
        rates(client, strict, name)
        expiry(strict, name)
        dry_run(client, name)
    finally:
        for server in (client, strict):
            server.delete_stream(StreamName=name, EnforceConsumerDeletion=True)


def resources(client, name):
    errors = client.exceptions
    raised(errors.ResourceNotFoundException, client.describe_stream_summary, StreamName="not-there")
    raised(errors.ResourceInUseException, client.create_stream, StreamName=name, ShardCount=1)


def arguments(client, name):
    errors = client.exceptions
    raised(errors.InvalidArgumentException, client.get_records, ShardIterator="not-an-iterator")
    client.update_stream_mode(StreamARN=arn(client, name), StreamModeDetails={"StreamMode": "ON_DEMAND"})
    scaling = {"StreamName": name, "TargetShardCount": 4, "ScalingType": "UNIFORM_SCALING"}
    raised(errors.ValidationException, client.update_shard_count, **scaling)


def rates(client, strict, name):
    errors = client.exceptions
    iterator = first_iterator(client, name)
    raised(errors.ProvisionedThroughputExceededException, client.get_records, times=50, ShardIterator=iterator)
    record = {"StreamName": name, "PartitionKey": "k", "Data": bytes(600_000)}
    raised(strict.exceptions.ProvisionedThroughputExceededException, strict.put_record, times=5, **record)
    stream = arn(strict, name)
    for number in range(5):
        strict.register_stream_consumer(StreamARN=stream, ConsumerName="creating-%d" % number)
    sixth = {"StreamARN": stream, "ConsumerName": "sixth"}
    raised(strict.exceptions.LimitExceededException, strict.register_stream_consumer, **sixth)


def expiry(strict, name):
    errors = strict.exceptions
    iterator = first_iterator(strict, name)
    raised(errors.ExpiredIteratorException, strict.get_records, times=50, ShardIterator=iterator)
    token = strict.list_shards(StreamName=name, MaxResults=1)["NextToken"]
    raised(errors.ExpiredNextTokenException, strict.list_shards, times=50, NextToken=token)


def dry_run(client, name):
    dry = {"StreamName": name, "PartitionKey": "k", "Data": b"", "DryRun": True}
    raised(client.exceptions.DryRunOperationException, client.put_record, **dry)


def arn(client, name):
    return client.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]


def first_iterator(client, name):
    shard_id = client.list_shards(StreamName=name)["Shards"][0]["ShardId"]
    position = {"StreamName": name, "ShardId": shard_id, "ShardIteratorType": "TRIM_HORIZON"}
    return client.get_shard_iterator(**position)["ShardIterator"]


def raised(expected, call, times=1, **request):
    """One of so many calls is refused with exactly this class; those before it succeed."""
    for _ in itertools.repeat(None, times):
        try:
            call(**request)
        except expected as error:
            assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 400, error.response
            assert error.response["ResponseMetadata"]["RequestId"], error.response
            assert error.response["Error"]["Message"], error.response
            print("boto3: %s" % expected.__name__, flush=True)
            return
    raise AssertionError("%s was not raised by %s" % (expected.__name__, call.__name__))
