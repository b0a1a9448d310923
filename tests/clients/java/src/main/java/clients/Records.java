package clients;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.awssdk.services.kinesis.model.PutRecordsRequestEntry;
import software.amazon.awssdk.services.kinesis.model.Record;

/** Records that were put, by the shard that got them, in the order of the shard. */
final class Records {
    /** What can be seen of a record. */
    record Seen(String key, SdkBytes data, String number) {
        static List<Seen> all(List<Record> records) {
            return records.stream().map(each -> new Seen(each.partitionKey(), each.data(), each.sequenceNumber())).toList();
        }
    }

    private static final int PLAIN = 20;
    private final Map<String, List<Seen>> shards = new HashMap<>();

    /** Puts plain and aggregated records. */
    static Records put(KinesisAsyncClient client, String prefix) throws Exception {
        var records = new Records();
        records.putSingly(client, "single", SdkBytes.fromUtf8String("by PutRecord"));
        var aggregated = List.of(user("user-a", "one"), user("user-b", "two"), user("user-a", ""));
        records.putSingly(client, "a", SdkBytes.fromByteArray(Aggregate.of(aggregated)));
        records.putTogether(client, prefix);
        int total = records.shards.values().stream().mapToInt(List::size).sum();
        Check.same(total, PLAIN + 2);
        Check.done("put %d records, one of them an aggregate, into %d shards".formatted(total, records.shards.size()));
        return records;
    }

    List<Seen> in(String shardId) {
        return shards.getOrDefault(shardId, List.of());
    }

    private static Aggregate.UserRecord user(String key, String data) {
        return new Aggregate.UserRecord(key, data.getBytes(StandardCharsets.UTF_8));
    }

    private void putSingly(KinesisAsyncClient client, String key, SdkBytes data) throws Exception {
        var put = Check.answer(client.putRecord(made -> made.streamName(Main.STREAM).partitionKey(key).data(data)));
        add(put.shardId(), new Seen(key, data, put.sequenceNumber()));
    }

    private void putTogether(KinesisAsyncClient client, String prefix) throws Exception {
        List<PutRecordsRequestEntry> entries = new ArrayList<>();
        for (int index = 0; index < PLAIN; index++) {
            byte[] data = ("plain " + index + " \0\u00ff").getBytes(StandardCharsets.ISO_8859_1);
            String key = prefix + "-" + index;
            entries.add(PutRecordsRequestEntry.builder().partitionKey(key).data(SdkBytes.fromByteArray(data)).build());
        }
        var put = Check.answer(client.putRecords(made -> made.streamName(Main.STREAM).records(entries)));
        Check.same(put.failedRecordCount(), 0);
        Check.same(put.records().size(), entries.size());
        for (int index = 0; index < entries.size(); index++) {
            var result = put.records().get(index);
            var entry = entries.get(index);
            add(result.shardId(), new Seen(entry.partitionKey(), entry.data(), result.sequenceNumber()));
        }
    }

    /** Notes the record that was put last; its number must be the greatest. */
    private void add(String shardId, Seen record) {
        List<Seen> before = shards.computeIfAbsent(shardId, absent -> new ArrayList<>());
        if (!before.isEmpty()) {
            var last = new BigInteger(before.get(before.size() - 1).number());
            Check.that(last.compareTo(new BigInteger(record.number())) < 0, "the numbers of " + shardId + " are not in order");
        }
        before.add(record);
    }
}
