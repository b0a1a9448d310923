import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.awssdk.services.kinesis.model.Consumer;
import software.amazon.awssdk.services.kinesis.model.ConsumerDescription;
import software.amazon.awssdk.services.kinesis.model.ConsumerStatus;
import software.amazon.awssdk.services.kinesis.model.GetRecordsResponse;
import software.amazon.awssdk.services.kinesis.model.ListShardsResponse;
import software.amazon.awssdk.services.kinesis.model.PutRecordResponse;
import software.amazon.awssdk.services.kinesis.model.PutRecordsRequestEntry;
import software.amazon.awssdk.services.kinesis.model.PutRecordsResponse;
import software.amazon.awssdk.services.kinesis.model.Shard;
import software.amazon.awssdk.services.kinesis.model.ShardFilter;
import software.amazon.awssdk.services.kinesis.model.ShardFilterType;
import software.amazon.awssdk.services.kinesis.model.ShardIteratorType;
import software.amazon.awssdk.services.kinesis.model.StreamDescription;
import software.amazon.awssdk.services.kinesis.model.StreamDescriptionSummary;
import software.amazon.awssdk.services.kinesis.model.StreamStatus;

/** A stream's life, from its creation to its deletion. */
final class Life {
    private static final int SHARDS = 2;

    private final KinesisAsyncClient client;
    private final String stream;

    Life(KinesisAsyncClient client, String stream) {
        this.client = client;
        this.stream = stream;
    }

    void run() throws Exception {
        create();
        String arn = describe();
        Map<String, List<Seen>> put = putRecords("first");
        listShards();
        poll(put);
        String consumerArn = register(arn);
        follow(consumerArn, put);
        deregister(arn, consumerArn);
        delete();
    }

    private void create() {
        client.createStream(request -> request.streamName(stream).shardCount(SHARDS)).join();
        untilActive();
        Check.same(names().contains(stream), true);
        Check.done("create");
    }

    private List<String> names() {
        List<String> names = new ArrayList<>();
        client.listStreamsPaginator(request -> request.limit(1)).streamNames().subscribe(names::add).join();
        return names;
    }

    private void untilActive() {
        Check.until(StreamStatus.ACTIVE, () -> summary().streamStatus());
    }

    private StreamDescriptionSummary summary() {
        return client.describeStreamSummary(request -> request.streamName(stream)).join().streamDescriptionSummary();
    }

    private String describe() {
        StreamDescriptionSummary described = summary();
        Check.same(described.streamName(), stream);
        Check.same(described.openShardCount(), SHARDS);
        Check.same(described.retentionPeriodHours(), 24);
        String arn = described.streamARN();
        StreamDescription whole = client.describeStream(request -> request.streamARN(arn)).join().streamDescription();
        Check.same(whole.streamStatus(), StreamStatus.ACTIVE);
        Check.same(ids(whole.shards()), List.of("shardId-000000000000", "shardId-000000000001"));
        Check.done("describe");
        return arn;
    }

    /** Puts plain and aggregated records; tells what is in each shard by its id, in the order of the shard. */
    private Map<String, List<Seen>> putRecords(String prefix) {
        Map<String, List<Seen>> put = new HashMap<>();
        byte[] blob = Aggregate.of(List.of(
                Map.entry("user-a", latin("one")), Map.entry("user-b", latin("two")), Map.entry("user-a", latin(""))));
        for (Map.Entry<String, byte[]> each : List.of(Map.entry("single", latin("by PutRecord")), Map.entry("a", blob))) {
            SdkBytes data = SdkBytes.fromByteArray(each.getValue());
            PutRecordResponse answer = client.putRecord(
                    request -> request.streamName(stream).partitionKey(each.getKey()).data(data)).join();
            add(put, answer.shardId(), Seen.of(each.getKey(), each.getValue(), answer.sequenceNumber()));
        }
        List<PutRecordsRequestEntry> entries = IntStream.range(0, 20).mapToObj(n -> entry(prefix, n)).toList();
        PutRecordsResponse answer = client.putRecords(request -> request.streamName(stream).records(entries)).join();
        Check.same(answer.failedRecordCount(), 0);
        Check.same(answer.records().size(), entries.size());
        for (int n = 0; n < entries.size(); n++) {
            PutRecordsRequestEntry entry = entries.get(n);
            String number = answer.records().get(n).sequenceNumber();
            Seen record = Seen.of(entry.partitionKey(), entry.data().asByteArray(), number);
            add(put, answer.records().get(n).shardId(), record);
        }
        Check.done("put " + (entries.size() + 2) + " records, one of them an aggregate, into " + put.size() + " shards");
        return put;
    }

    private static PutRecordsRequestEntry entry(String prefix, int n) {
        SdkBytes data = SdkBytes.fromByteArray(latin("plain " + n + " \0\u00ff"));
        return PutRecordsRequestEntry.builder().partitionKey(prefix + "-" + n).data(data).build();
    }

    private static byte[] latin(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    /** Notes the record that was put last; its number must be the greatest. */
    private static void add(Map<String, List<Seen>> put, String shardId, Seen record) {
        List<Seen> shard = put.computeIfAbsent(shardId, id -> new ArrayList<>());
        if (!shard.isEmpty()) {
            BigInteger before = new BigInteger(shard.get(shard.size() - 1).number());
            Check.same(before.compareTo(new BigInteger(record.number())) < 0, true);
        }
        shard.add(record);
    }

    /** The ids of all shards, by pages of one. */
    private List<String> shards(ShardFilter filter, String after) {
        ListShardsResponse page = client.listShards(request -> request
                .streamName(stream).maxResults(1).shardFilter(filter).exclusiveStartShardId(after)).join();
        List<Shard> found = new ArrayList<>(page.shards());
        while (page.nextToken() != null) {
            String token = page.nextToken();
            page = client.listShards(request -> request.nextToken(token).maxResults(1)).join();
            Check.same(page.shards().size() <= 1, true);
            found.addAll(page.shards());
        }
        return ids(found);
    }

    private static List<String> ids(List<Shard> shards) {
        return shards.stream().map(Shard::shardId).toList();
    }

    private void listShards() {
        List<String> both = shards(null, null);
        Check.same(both.size(), SHARDS);
        for (ShardFilterType kind : ShardFilterType.knownValues()) {
            ShardFilter.Builder filter = ShardFilter.builder().type(kind);
            switch (kind) {
                case AFTER_SHARD_ID -> filter.shardId(both.get(0));
                case AT_TIMESTAMP, FROM_TIMESTAMP -> filter.timestamp(summary().streamCreationTimestamp());
                default -> { }
            }
            boolean after = kind == ShardFilterType.AFTER_SHARD_ID;
            Check.same(shards(filter.build(), null), after ? both.subList(1, 2) : both);
        }
        Check.same(shards(null, both.get(0)), both.subList(1, 2));
        Check.done("list shards with each filter, by pages");
    }

    private void poll(Map<String, List<Seen>> put) {
        for (String shardId : shards(null, null)) {
            List<Seen> expected = put.getOrDefault(shardId, List.of());
            Check.same(polled(shardId, expected.size(), ShardIteratorType.TRIM_HORIZON, null), expected);
            if (!expected.isEmpty()) {
                List<Seen> rest = expected.subList(1, expected.size());
                String first = expected.get(0).number();
                Check.same(polled(shardId, rest.size(), ShardIteratorType.AFTER_SEQUENCE_NUMBER, first), rest);
            }
        }
        Check.done("iterate and get");
    }

    private String iterator(String shardId, ShardIteratorType type, String number) {
        return client.getShardIterator(request -> request
                .streamName(stream).shardId(shardId).shardIteratorType(type).startingSequenceNumber(number))
                .join().shardIterator();
    }

    private List<Seen> polled(String shardId, int count, ShardIteratorType type, String number) {
        List<Seen> records = new ArrayList<>();
        String iterator = iterator(shardId, type, number);
        while (true) {
            GetRecordsResponse page = get(iterator);
            records.addAll(Seen.all(page.records()));
            if (page.millisBehindLatest() == 0 && records.size() >= count) {
                return records;
            }
            iterator = page.nextShardIterator();
            Check.pause();
        }
    }

    private GetRecordsResponse get(String iterator) {
        return client.getRecords(request -> request.shardIterator(iterator).limit(1000)).join();
    }

    private String register(String arn) {
        Consumer consumer = client.registerStreamConsumer(
                request -> request.streamARN(arn).consumerName("reader")).join().consumer();
        Check.same(consumer.consumerStatus(), ConsumerStatus.CREATING);
        String consumerArn = consumer.consumerARN();
        Check.until(ConsumerStatus.ACTIVE, () -> described(consumerArn).consumerStatus());
        Check.same(described(consumerArn).streamARN(), arn);
        Check.same(consumers(arn), List.of(consumerArn));
        Check.done("register, ACTIVE");
        return consumerArn;
    }

    private ConsumerDescription described(String consumerArn) {
        return client.describeStreamConsumer(request -> request.consumerARN(consumerArn)).join().consumerDescription();
    }

    private List<String> consumers(String arn) {
        return client.listStreamConsumers(request -> request.streamARN(arn)).join().consumers().stream()
                .map(Consumer::consumerARN).toList();
    }

    private void follow(String consumerArn, Map<String, List<Seen>> put) throws Exception {
        List<Subscription> parents = new ArrayList<>();
        for (String shardId : shards(null, null)) {
            parents.add(new Subscription(client, consumerArn, shardId));
        }
        for (Subscription parent : parents) {
            parent.read(put.getOrDefault(parent.shardId, List.of()));
        }
        Check.done("subscribe and read all records");
        List<Subscription> halves = followSplit(consumerArn, parents.get(0));
        Check.done("follow a split to its children");
        followMerge(consumerArn, halves);
        endByPolling(parents.get(0).shardId, halves.stream().map(half -> half.shardId).toList());
        Check.done("follow a merge to its child");
    }

    private List<Subscription> followSplit(String consumerArn, Subscription parent) throws Exception {
        String quarter = BigInteger.TWO.pow(126).toString();
        client.splitShard(request -> request
                .streamName(stream).shardToSplit(parent.shardId).newStartingHashKey(quarter)).join();
        untilActive();
        List<String> children = parent.children();
        Check.same(children.size(), 2);
        Map<String, List<Seen>> put = putRecords("split");
        Check.same(put.containsKey(parent.shardId), false);
        List<Subscription> halves = new ArrayList<>();
        for (String child : children) {
            Subscription half = new Subscription(client, consumerArn, child);
            half.read(put.getOrDefault(child, List.of()));
            halves.add(half);
        }
        return halves;
    }

    private void followMerge(String consumerArn, List<Subscription> halves) throws Exception {
        client.mergeShards(request -> request
                .streamName(stream)
                .shardToMerge(halves.get(0).shardId)
                .adjacentShardToMerge(halves.get(1).shardId)).join();
        untilActive();
        List<String> merged = halves.get(0).children();
        Check.same(halves.get(1).children(), merged);
        Check.same(merged.size(), 1);
        Map<String, List<Seen>> put = putRecords("merge");
        new Subscription(client, consumerArn, merged.get(0)).read(put.getOrDefault(merged.get(0), List.of()));
    }

    private void endByPolling(String shardId, List<String> children) {
        GetRecordsResponse page = get(iterator(shardId, ShardIteratorType.TRIM_HORIZON, null));
        while (page.nextShardIterator() != null) {
            Check.pause();
            page = get(page.nextShardIterator());
        }
        Check.same(page.childShards().stream().map(child -> child.shardId()).toList(), children);
    }

    private void deregister(String arn, String consumerArn) {
        client.deregisterStreamConsumer(request -> request.consumerARN(consumerArn)).join();
        Check.until(List.of(), () -> consumers(arn));
        Check.done("deregister");
    }

    private void delete() {
        client.deleteStream(request -> request.streamName(stream)).join();
        Check.until(false, () -> names().contains(stream));
        Check.done("delete");
    }
}
