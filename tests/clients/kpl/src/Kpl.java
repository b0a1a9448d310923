import com.google.common.util.concurrent.ListenableFuture;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.awssdk.services.kinesis.model.GetRecordsResponse;
import software.amazon.awssdk.services.kinesis.model.Shard;
import software.amazon.awssdk.services.kinesis.model.ShardIteratorType;
import software.amazon.awssdk.services.kinesis.model.StreamStatus;
import software.amazon.kinesis.common.KinesisClientUtil;
import software.amazon.kinesis.producer.KinesisProducer;
import software.amazon.kinesis.producer.KinesisProducerConfiguration;
import software.amazon.kinesis.producer.UserRecordResult;
import software.amazon.kinesis.retrieval.AggregatorUtil;
import software.amazon.kinesis.retrieval.KinesisClientRecord;

/**
 * The KPL and its native daemon on a Kinesis, unchanged: it puts user records, aggregated; what GetRecords then gives, taken
 * apart by the KCL, is what was put, each once and in the shard that the KPL was told. Arguments: the endpoint (http) for the
 * reading, the port of the TLS door for the daemon, the authority it trusts.
 */
public final class Kpl {
    private static final int RECORDS = 10_000;
    private static final StaticCredentialsProvider CREDENTIALS =
            StaticCredentialsProvider.create(AwsBasicCredentials.create("local", "local"));

    public static void main(String[] arguments) throws Exception {
        String stream = "kpl-" + ProcessHandle.current().pid();
        KinesisAsyncClient kinesis = KinesisClientUtil.adjustKinesisClientBuilder(KinesisAsyncClient.builder())
                .endpointOverride(URI.create(arguments[0])).region(Region.US_EAST_1).credentialsProvider(CREDENTIALS).build();
        kinesis.createStream(request -> request.streamName(stream).shardCount(2)).join();
        while (kinesis.describeStreamSummary(request -> request.streamName(stream)).join()
                .streamDescriptionSummary().streamStatus() != StreamStatus.ACTIVE) {
            Thread.sleep(100);
        }
        Map<String, String> put = put(stream, Long.parseLong(arguments[1]), arguments[2]);
        int stored = 0;
        Map<String, String> found = new HashMap<>();
        for (Shard shard : kinesis.listShards(request -> request.streamName(stream)).join().shards()) {
            stored += read(kinesis, stream, shard.shardId(), found);
        }
        check(found.equals(put), found.size() + " of " + put.size() + " user records came, or in other shards");
        check(stored < RECORDS / 10, "nothing was aggregated: " + stored + " records");
        System.out.println("KPL: " + put.size() + " user records in " + stored + " records, 0 lost, 0 doubled, 0 altered");
        kinesis.deleteStream(request -> request.streamName(stream)).join();
        System.exit(0);
    }

    /** Tells by key and text in which shard the daemon says each user record is. */
    private static Map<String, String> put(String stream, long port, String authority) throws Exception {
        KinesisProducer producer = new KinesisProducer(new KinesisProducerConfiguration()
                .setKinesisEndpoint("127.0.0.1").setKinesisPort(port)
                .setStsEndpoint("127.0.0.1").setStsPort(port)
                .setCaCertFile(authority)
                .setRegion("us-east-1").setCredentialsProvider(CREDENTIALS)
                .setMetricsLevel("none"));
        List<ListenableFuture<UserRecordResult>> results = new ArrayList<>();
        for (int number = 0; number < RECORDS; number++) {
            ByteBuffer data = ByteBuffer.wrap(text(number).getBytes(StandardCharsets.UTF_8));
            results.add(producer.addUserRecord(stream, key(number), data));
        }
        producer.flushSync();
        Map<String, String> put = new HashMap<>();
        for (int number = 0; number < RECORDS; number++) {
            UserRecordResult result = results.get(number).get(60, TimeUnit.SECONDS);
            check(result.isSuccessful(), "a record was not put: " + result.getAttempts());
            put.put(key(number) + " " + text(number), result.getShardId());
        }
        producer.destroy();
        return put;
    }

    private static String key(int number) {
        return "key-" + number % 97;
    }

    private static String text(int number) {
        return "user record " + number;
    }

    /** Reads a shard to its tip and tells how many records it has. */
    private static int read(KinesisAsyncClient kinesis, String stream, String shardId, Map<String, String> found)
            throws InterruptedException {
        String iterator = kinesis.getShardIterator(request -> request
                .streamName(stream).shardId(shardId).shardIteratorType(ShardIteratorType.TRIM_HORIZON)).join().shardIterator();
        int stored = 0;
        while (true) {
            String at = iterator;
            GetRecordsResponse page = kinesis.getRecords(request -> request.shardIterator(at)).join();
            stored += page.records().size();
            List<KinesisClientRecord> records = page.records().stream().map(KinesisClientRecord::fromRecord).toList();
            for (KinesisClientRecord record : new AggregatorUtil().deaggregate(records)) {
                String text = StandardCharsets.UTF_8.decode(record.data()).toString();
                String before = found.put(record.partitionKey() + " " + text, shardId);
                check(before == null, text + " came twice");
            }
            if (page.records().isEmpty() && page.millisBehindLatest() == 0) {
                return stored;
            }
            iterator = page.nextShardIterator();
            Thread.sleep(250);
        }
    }

    private static void check(boolean holds, String message) {
        if (!holds) {
            System.out.println("KPL: " + message);
            System.exit(1);
        }
    }

    private Kpl() {}
}
