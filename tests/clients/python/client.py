"""boto3 against a Kinesis: a stream's life, then each class of error. The README beside this folder tells the variables.

It prints a line for each step and raises at the first difference.
"""

import itertools
import os
import sys
import time

import boto3
from botocore.config import Config

import errors
from aggregate import aggregate

STREAM = "boto3-%d" % os.getpid()
SHARDS = 2


def main():
    client = connect(os.environ["KINESIS_ENDPOINT"])
    life(client)
    errors.provoke(client, connect(os.environ["KINESIS_STRICT_ENDPOINT"]), STREAM)
    print("boto3 %s: all as documented" % boto3.__version__)


def connect(endpoint):
    """A client that does not try again, so that each answer is seen."""
    return boto3.client(
        "kinesis",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
        verify=os.environ.get("KINESIS_CA_FILE"),
        config=Config(retries={"total_max_attempts": 1}),
    )


def life(client):
    create(client)
    arn = describe(client)
    put = put_records(client, "first")
    list_shards(client)
    poll(client, shards(client), put)
    consumer_arn = register(client, arn)
    follow(client, consumer_arn, put)
    deregister(client, arn, consumer_arn)
    delete(client)


def create(client):
    client.create_stream(StreamName=STREAM, ShardCount=SHARDS)
    until("ACTIVE", lambda: summary(client)["StreamStatus"])
    assert STREAM in names(client), "the new stream is not listed"
    done("create")


def names(client):
    pages = client.get_paginator("list_streams").paginate(PaginationConfig={"PageSize": 1})
    return [name for page in pages for name in page["StreamNames"]]


def summary(client):
    return client.describe_stream_summary(StreamName=STREAM)["StreamDescriptionSummary"]


def describe(client):
    described = summary(client)
    same(described["StreamName"], STREAM)
    same(described["OpenShardCount"], SHARDS)
    same(described["RetentionPeriodHours"], 24)
    whole = client.describe_stream(StreamARN=described["StreamARN"])["StreamDescription"]
    same(whole["StreamStatus"], "ACTIVE")
    same([shard["ShardId"] for shard in whole["Shards"]], ["shardId-00000000000%d" % n for n in range(SHARDS)])
    done("describe")
    return described["StreamARN"]


def put_records(client, prefix):
    """Puts plain and aggregated records; tells what is in each shard by its id, in the order of the shard."""
    put = {}
    plain = [("%s-%d" % (prefix, n), b"plain %d \x00\xff" % n) for n in range(20)]
    blob = aggregate([("user-a", b"one"), ("user-b", b"two"), ("user-a", b"")])
    for key, data in [("single", b"by PutRecord"), ("a", blob)]:
        answer = client.put_record(StreamName=STREAM, PartitionKey=key, Data=data)
        put.setdefault(answer["ShardId"], []).append((key, data, answer["SequenceNumber"]))
    entries = [{"PartitionKey": key, "Data": data} for key, data in plain]
    answer = client.put_records(StreamName=STREAM, Records=entries)
    same(answer["FailedRecordCount"], 0)
    for (key, data), entry in zip(plain, answer["Records"], strict=True):
        put.setdefault(entry["ShardId"], []).append((key, data, entry["SequenceNumber"]))
    for shard_id, records in put.items():
        numbers = [int(number) for _, _, number in records]
        assert numbers == sorted(set(numbers)), "the numbers of %s are not in order" % shard_id
    done("put %d records, one of them an aggregate, into %d shards" % (len(plain) + 2, len(put)))
    return put


def shards(client, **options):
    """The ids of all shards, by pages of one."""
    page = client.list_shards(StreamName=STREAM, MaxResults=1, **options)
    found = page["Shards"]
    while "NextToken" in page:
        page = client.list_shards(NextToken=page["NextToken"], MaxResults=1)
        assert len(page["Shards"]) <= 1, "a page of one has more"
        found += page["Shards"]
    return [shard["ShardId"] for shard in found]


def list_shards(client):
    created = summary(client)["StreamCreationTimestamp"]
    both = shards(client)
    same(len(both), SHARDS)
    for kind in ["AT_TRIM_HORIZON", "FROM_TRIM_HORIZON", "AT_LATEST"]:
        same(shards(client, ShardFilter={"Type": kind}), both)
    for kind in ["AT_TIMESTAMP", "FROM_TIMESTAMP"]:
        same(shards(client, ShardFilter={"Type": kind, "Timestamp": created}), both)
    same(shards(client, ShardFilter={"Type": "AFTER_SHARD_ID", "ShardId": both[0]}), both[1:])
    same(shards(client, ExclusiveStartShardId=both[0]), both[1:])
    done("list shards with each filter, by pages")


def poll(client, shard_ids, put):
    for shard_id in shard_ids:
        expected = put.get(shard_id, [])
        same(polled(client, shard_id, len(expected), ShardIteratorType="TRIM_HORIZON"), expected)
        if expected:
            after = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": expected[0][2]}
            same(polled(client, shard_id, len(expected) - 1, **after), expected[1:])
    done("iterate and get")


def polled(client, shard_id, count, **position):
    iterator = client.get_shard_iterator(StreamName=STREAM, ShardId=shard_id, **position)["ShardIterator"]
    records = []
    while True:
        page = client.get_records(ShardIterator=iterator, Limit=1000)
        records += page["Records"]
        iterator = page["NextShardIterator"]
        if page["MillisBehindLatest"] == 0 and len(records) >= count:
            return seen(records)
        time.sleep(0.25)


def seen(records):
    return [(record["PartitionKey"], record["Data"], record["SequenceNumber"]) for record in records]


def register(client, arn):
    consumer = client.register_stream_consumer(StreamARN=arn, ConsumerName="reader")["Consumer"]
    same(consumer["ConsumerStatus"], "CREATING")
    consumer_arn = consumer["ConsumerARN"]
    described = lambda: client.describe_stream_consumer(ConsumerARN=consumer_arn)["ConsumerDescription"]
    until("ACTIVE", lambda: described()["ConsumerStatus"])
    same(described()["StreamARN"], arn)
    same([each["ConsumerARN"] for each in client.list_stream_consumers(StreamARN=arn)["Consumers"]], [consumer_arn])
    done("register, ACTIVE")
    return consumer_arn


class Subscription:
    """The events of one shard from its first record."""

    def __init__(self, client, consumer_arn, shard_id):
        answer = client.subscribe_to_shard(
            ConsumerARN=consumer_arn, ShardId=shard_id, StartingPosition={"Type": "TRIM_HORIZON"}
        )
        self.shard_id = shard_id
        self.events = iter(answer["EventStream"])

    def read(self, expected):
        """Reads exactly these records."""
        records = []
        while len(records) < len(expected):
            event = next(self.events)["SubscribeToShardEvent"]
            assert event["ContinuationSequenceNumber"], "an event without continuation"
            records += event["Records"]
        same(seen(records), expected)

    def children(self):
        """Reads to the end of the shard and tells its children; then the stream must end."""
        for each in self.events:
            event = each["SubscribeToShardEvent"]
            same(event["Records"], [])
            if "ChildShards" in event:
                assert event.get("ContinuationSequenceNumber") is None, "a continuation at the shard's end"
                same(list(itertools.islice(self.events, 1)), [])
                for child in event["ChildShards"]:
                    assert self.shard_id in child["ParentShards"], "a child without its parent"
                return [child["ShardId"] for child in event["ChildShards"]]
        raise AssertionError("%s ended without children" % self.shard_id)


def follow(client, consumer_arn, put):
    parents = {shard_id: Subscription(client, consumer_arn, shard_id) for shard_id in shards(client)}
    for shard_id, subscription in parents.items():
        subscription.read(put.get(shard_id, []))
    done("subscribe and read all records")

    first = list(parents)[0]
    client.split_shard(StreamName=STREAM, ShardToSplit=first, NewStartingHashKey=str(2**126))
    until("ACTIVE", lambda: summary(client)["StreamStatus"])
    children = parents[first].children()
    same(len(children), 2)
    put = put_records(client, "split")
    assert first not in put, "a record went into a closed shard"
    subscriptions = [Subscription(client, consumer_arn, child) for child in children]
    for subscription in subscriptions:
        subscription.read(put.get(subscription.shard_id, []))
    done("follow a split to its children")

    client.merge_shards(StreamName=STREAM, ShardToMerge=children[0], AdjacentShardToMerge=children[1])
    until("ACTIVE", lambda: summary(client)["StreamStatus"])
    merged = [subscription.children() for subscription in subscriptions]
    same(merged[0], merged[1])
    same(len(merged[0]), 1)
    put = put_records(client, "merge")
    Subscription(client, consumer_arn, merged[0][0]).read(put.get(merged[0][0], []))
    end_by_polling(client, first, children)
    done("follow a merge to its child")


def end_by_polling(client, shard_id, children):
    iterator = client.get_shard_iterator(StreamName=STREAM, ShardId=shard_id, ShardIteratorType="TRIM_HORIZON")
    page = client.get_records(ShardIterator=iterator["ShardIterator"])
    while "NextShardIterator" in page:
        time.sleep(0.25)
        page = client.get_records(ShardIterator=page["NextShardIterator"])
    same([child["ShardId"] for child in page["ChildShards"]], children)


def deregister(client, arn, consumer_arn):
    client.deregister_stream_consumer(ConsumerARN=consumer_arn)
    until(0, lambda: len(client.list_stream_consumers(StreamARN=arn)["Consumers"]))
    done("deregister")


def delete(client):
    client.delete_stream(StreamName=STREAM)
    until(False, lambda: STREAM in names(client))
    done("delete")


def until(wanted, look):
    """Looks until it sees what is wanted, for ten seconds."""
    for _ in range(40):
        found = look()
        if found == wanted:
            return
        time.sleep(0.25)
    raise AssertionError("still %r, not %r" % (found, wanted))


def same(found, expected):
    assert found == expected, "%r is not %r" % (found, expected)


def done(step):
    print("boto3: %s" % step, flush=True)


if __name__ == "__main__":
    sys.exit(main())
