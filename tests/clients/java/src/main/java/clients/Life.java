package clients;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.awssdk.services.kinesis.model.ChildShard;
import software.amazon.awssdk.services.kinesis.model.ConsumerStatus;
import software.amazon.awssdk.services.kinesis.model.GetShardIteratorRequest;
import software.amazon.awssdk.services.kinesis.model.ListShardsRequest;
import software.amazon.awssdk.services.kinesis.model.Shard;
import software.amazon.awssdk.services.kinesis.model.ShardFilter;
import software.amazon.awssdk.services.kinesis.model.ShardFilterType;
import software.amazon.awssdk.services.kinesis.model.ShardIteratorType;
import software.amazon.awssdk.services.kinesis.model.StreamDescriptionSummary;
import software.amazon.awssdk.services.kinesis.model.StreamStatus;

/** A stream's life, from its creation to its deletion. */
final class Life {
    private static final int SHARDS = 2;
    private static final String QUARTER = "85070591730234615865843651857942052864";
    private final KinesisAsyncClient client;

    Life(KinesisAsyncClient client) {
        this.client = client;
    }

    void run() throws Exception {
        create();
        String stream = describe();
        Records put = Records.put(client, "first");
        listShards();
        poll(put);
        String consumer = register(stream);
        follow(consumer, put);
        deregister(stream, consumer);
        delete();
    }

    private void create() throws Exception {
        Check.answer(client.createStream(made -> made.streamName(Main.STREAM).shardCount(SHARDS)));
        untilActive();
        Check.that(names().contains(Main.STREAM), "the new stream is not listed");
        Check.done("create");
    }

    private List<String> names() throws Exception {
        List<String> names = new ArrayList<>();
        Check.answer(client.listStreamsPaginator(made -> made.limit(1)).streamNames().subscribe(names::add));
        return names;
    }

    private void untilActive() throws Exception {
        Check.until(StreamStatus.ACTIVE, () -> summary().streamStatus());
    }

    private StreamDescriptionSummary summary() throws Exception {
        var answer = Check.answer(client.describeStreamSummary(made -> made.streamName(Main.STREAM)));
        return answer.streamDescriptionSummary();
    }

    private String describe() throws Exception {
        StreamDescriptionSummary described = summary();
        Check.same(described.streamName(), Main.STREAM);
        Check.same(described.openShardCount(), SHARDS);
        Check.same(described.retentionPeriodHours(), 24);
        var whole = Check.answer(client.describeStream(made -> made.streamARN(described.streamARN()))).streamDescription();
        Check.same(whole.streamStatus(), StreamStatus.ACTIVE);
        Check.same(ids(whole.shards()), List.of("shardId-000000000000", "shardId-000000000001"));
        Check.done("describe");
        return described.streamARN();
    }

    private static List<String> ids(List<Shard> shards) {
        return shards.stream().map(Shard::shardId).toList();
    }

    /** The ids of all shards, by pages of one. */
    private List<String> shards(Consumer<ListShardsRequest.Builder> options) throws Exception {
        var page = Check.answer(client.listShards(made -> options.accept(made.streamName(Main.STREAM).maxResults(1))));
        List<Shard> found = new ArrayList<>(page.shards());
        while (page.nextToken() != null) {
            String token = page.nextToken();
            page = Check.answer(client.listShards(made -> made.nextToken(token).maxResults(1)));
            Check.that(page.shards().size() <= 1, "a page of one has more");
            found.addAll(page.shards());
        }
        return ids(found);
    }

    private List<String> shards() throws Exception {
        return shards(plain -> {});
    }

    private void listShards() throws Exception {
        List<String> both = shards();
        Check.same(both.size(), SHARDS);
        List<String> second = both.subList(1, SHARDS);
        for (ShardFilterType type : ShardFilterType.knownValues()) {
            var filter = ShardFilter.builder().type(type);
            switch (type) {
                case AFTER_SHARD_ID -> filter.shardId(both.get(0));
                case AT_TIMESTAMP, FROM_TIMESTAMP -> filter.timestamp(summary().streamCreationTimestamp());
                default -> {}
            }
            var expected = type == ShardFilterType.AFTER_SHARD_ID ? second : both;
            Check.same(shards(made -> made.shardFilter(filter.build())), expected);
        }
        Check.same(shards(made -> made.exclusiveStartShardId(both.get(0))), second);
        Check.done("list shards with each filter, by pages");
    }

    private void poll(Records put) throws Exception {
        for (String shardId : shards()) {
            var expected = put.in(shardId);
            var horizon = iterator(shardId, made -> made.shardIteratorType(ShardIteratorType.TRIM_HORIZON));
            Check.same(polled(horizon, expected.size()), expected);
            if (!expected.isEmpty()) {
                var rest = expected.subList(1, expected.size());
                String number = expected.get(0).number();
                var type = ShardIteratorType.AFTER_SEQUENCE_NUMBER;
                var after = iterator(shardId, made -> made.shardIteratorType(type).startingSequenceNumber(number));
                Check.same(polled(after, rest.size()), rest);
            }
        }
        Check.done("iterate and get");
    }

    private String iterator(String shardId, Consumer<GetShardIteratorRequest.Builder> from) throws Exception {
        var answer = client.getShardIterator(made -> from.accept(made.streamName(Main.STREAM).shardId(shardId)));
        return Check.answer(answer).shardIterator();
    }

    private List<Records.Seen> polled(String from, int count) throws Exception {
        List<Records.Seen> records = new ArrayList<>();
        String next = from;
        while (true) {
            String iterator = next;
            var page = Check.answer(client.getRecords(made -> made.shardIterator(iterator).limit(1000)));
            records.addAll(Records.Seen.all(page.records()));
            if (page.millisBehindLatest() == 0 && records.size() >= count) {
                return records;
            }
            next = page.nextShardIterator();
            Thread.sleep(250);
        }
    }

    private String register(String stream) throws Exception {
        var answer = client.registerStreamConsumer(made -> made.streamARN(stream).consumerName("reader"));
        var consumer = Check.answer(answer).consumer();
        Check.same(consumer.consumerStatus(), ConsumerStatus.CREATING);
        Check.until(ConsumerStatus.ACTIVE, () -> {
            var described = client.describeStreamConsumer(made -> made.consumerARN(consumer.consumerARN()));
            var description = Check.answer(described).consumerDescription();
            Check.same(description.streamARN(), stream);
            return description.consumerStatus();
        });
        Check.same(consumers(stream), List.of(consumer.consumerARN()));
        Check.done("register, ACTIVE");
        return consumer.consumerARN();
    }

    private List<String> consumers(String stream) throws Exception {
        var listed = Check.answer(client.listStreamConsumers(made -> made.streamARN(stream)));
        return listed.consumers().stream().map(each -> each.consumerARN()).toList();
    }

    private void follow(String consumer, Records put) throws Exception {
        List<Subscription> parents = subscribe(consumer, shards());
        for (Subscription parent : parents) {
            parent.read(put.in(parent.shardId));
        }
        Check.done("subscribe and read all records");
        Subscription first = parents.get(0);
        List<Subscription> halves = followSplit(consumer, first);
        Check.done("follow a split to its children");
        followMerge(consumer, halves.get(0), halves.get(1));
        endByPolling(first.shardId, halves.stream().map(half -> half.shardId).toList());
        Check.done("follow a merge to its child");
    }

    private List<Subscription> subscribe(String consumer, List<String> shardIds) {
        return shardIds.stream().map(shardId -> new Subscription(client, consumer, shardId)).toList();
    }

    private List<Subscription> followSplit(String consumer, Subscription parent) throws Exception {
        var split = client.splitShard(
                made -> made.streamName(Main.STREAM).shardToSplit(parent.shardId).newStartingHashKey(QUARTER));
        Check.answer(split);
        untilActive();
        List<String> children = parent.children();
        Check.same(children.size(), 2);
        Records put = Records.put(client, "split");
        Check.same(put.in(parent.shardId), List.of());
        List<Subscription> halves = subscribe(consumer, children);
        for (Subscription half : halves) {
            half.read(put.in(half.shardId));
        }
        return halves;
    }

    private void followMerge(String consumer, Subscription left, Subscription right) throws Exception {
        var merge = client.mergeShards(
                made -> made.streamName(Main.STREAM).shardToMerge(left.shardId).adjacentShardToMerge(right.shardId));
        Check.answer(merge);
        untilActive();
        List<String> merged = left.children();
        Check.same(right.children(), merged);
        Check.same(merged.size(), 1);
        Records put = Records.put(client, "merge");
        subscribe(consumer, merged).get(0).read(put.in(merged.get(0)));
    }

    private void endByPolling(String shardId, List<String> children) throws Exception {
        String next = iterator(shardId, made -> made.shardIteratorType(ShardIteratorType.TRIM_HORIZON));
        while (true) {
            String iterator = next;
            var page = Check.answer(client.getRecords(made -> made.shardIterator(iterator)));
            next = page.nextShardIterator();
            if (next == null) {
                Check.same(page.childShards().stream().map(ChildShard::shardId).toList(), children);
                return;
            }
            Thread.sleep(250);
        }
    }

    private void deregister(String stream, String consumer) throws Exception {
        Check.answer(client.deregisterStreamConsumer(made -> made.consumerARN(consumer)));
        Check.until(0, () -> consumers(stream).size());
        Check.done("deregister");
    }

    private void delete() throws Exception {
        Check.answer(client.deleteStream(made -> made.streamName(Main.STREAM)));
        Check.until(false, () -> names().contains(Main.STREAM));
        Check.done("delete");
    }
}
