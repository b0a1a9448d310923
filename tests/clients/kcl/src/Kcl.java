import java.math.BigInteger;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.client.builder.AwsClientBuilder;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.cloudwatch.CloudWatchAsyncClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbAsyncClient;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.awssdk.services.kinesis.model.PutRecordsRequestEntry;
import software.amazon.awssdk.services.kinesis.model.StreamStatus;
import software.amazon.kinesis.common.ConfigsBuilder;
import software.amazon.kinesis.common.InitialPositionInStream;
import software.amazon.kinesis.common.InitialPositionInStreamExtended;
import software.amazon.kinesis.common.KinesisClientUtil;
import software.amazon.kinesis.coordinator.Scheduler;
import software.amazon.kinesis.lifecycle.events.InitializationInput;
import software.amazon.kinesis.lifecycle.events.LeaseLostInput;
import software.amazon.kinesis.lifecycle.events.ProcessRecordsInput;
import software.amazon.kinesis.lifecycle.events.ShardEndedInput;
import software.amazon.kinesis.lifecycle.events.ShutdownRequestedInput;
import software.amazon.kinesis.metrics.NullMetricsFactory;
import software.amazon.kinesis.processor.ShardRecordProcessor;
import software.amazon.kinesis.processor.SingleStreamTracker;
import software.amazon.kinesis.retrieval.RetrievalConfig;
import software.amazon.kinesis.retrieval.RetrievalSpecificConfig;
import software.amazon.kinesis.retrieval.fanout.FanOutConfig;
import software.amazon.kinesis.retrieval.polling.PollingConfig;

/**
 * The Java KCL on a Kinesis, unchanged: it reads all records through a split and a merge, each once. Arguments: {@code fanout}
 * or {@code polling}; the endpoints of Kinesis and DynamoDB.
 */
public final class Kcl {
    private static final int RECORDS = 500;
    private static final Duration PATIENCE = Duration.ofMinutes(6);

    private final Map<String, AtomicInteger> seen = new ConcurrentHashMap<>();
    private final Set<String> ended = ConcurrentHashMap.newKeySet();
    private final List<String> put = new ArrayList<>();
    private final KinesisAsyncClient kinesis;
    private final String stream;

    private Kcl(KinesisAsyncClient kinesis, String stream) {
        this.kinesis = kinesis;
        this.stream = stream;
    }

    public static void main(String[] arguments) throws Exception {
        String mode = arguments[0];
        String stream = "kcl-" + mode + "-" + ProcessHandle.current().pid();
        KinesisAsyncClient kinesis = at(KinesisClientUtil.adjustKinesisClientBuilder(KinesisAsyncClient.builder()), arguments[1]).build();
        DynamoDbAsyncClient dynamo = at(DynamoDbAsyncClient.builder(), arguments[2]).build();
        CloudWatchAsyncClient metrics = at(CloudWatchAsyncClient.builder(), arguments[2]).build();
        new Kcl(kinesis, stream).run(mode, dynamo, metrics);
        System.exit(0);
    }

    private static <B extends AwsClientBuilder<B, ?>> B at(B builder, String endpoint) {
        AwsBasicCredentials credentials = AwsBasicCredentials.create("local", "local");
        return builder.endpointOverride(URI.create(endpoint)).region(Region.US_EAST_1)
                .credentialsProvider(StaticCredentialsProvider.create(credentials));
    }

    private void run(String mode, DynamoDbAsyncClient dynamo, CloudWatchAsyncClient metrics) throws Exception {
        kinesis.createStream(request -> request.streamName(stream).shardCount(2)).join();
        untilActive();
        putRecords("before");
        Scheduler scheduler = scheduler(mode, dynamo, metrics);
        new Thread(scheduler).start();
        untilAll("read what was there");

        kinesis.splitShard(request -> request.streamName(stream).shardToSplit(id(0))
                .newStartingHashKey(BigInteger.TWO.pow(126).toString())).join();
        untilActive();
        putRecords("split");
        untilAll("read on through a split");

        kinesis.mergeShards(request -> request.streamName(stream).shardToMerge(id(2)).adjacentShardToMerge(id(3))).join();
        untilActive();
        putRecords("merge");
        untilAll("read on through a merge");

        check(ended.equals(Set.of(id(0), id(2), id(3))), "ended: " + ended);
        scheduler.startGracefulShutdown().get(60, TimeUnit.SECONDS);
        judge();
        System.out.println("KCL " + mode + ": " + put.size() + " records, 0 lost, 0 doubled, 3 shards ended");
    }

    private Scheduler scheduler(String mode, DynamoDbAsyncClient dynamo, CloudWatchAsyncClient metrics) {
        SingleStreamTracker tracker = new SingleStreamTracker(stream,
                InitialPositionInStreamExtended.newInitialPosition(InitialPositionInStream.TRIM_HORIZON));
        ConfigsBuilder configs = new ConfigsBuilder(tracker, stream, kinesis, dynamo, metrics, "worker", Processor::new);
        RetrievalSpecificConfig retrieval = mode.equals("polling")
                ? new PollingConfig(stream, kinesis)
                : new FanOutConfig(kinesis).streamName(stream).applicationName(stream);
        RetrievalConfig reading = configs.retrievalConfig().retrievalSpecificConfig(retrieval);
        return new Scheduler(configs.checkpointConfig(), configs.coordinatorConfig(), configs.leaseManagementConfig(),
                configs.lifecycleConfig(), configs.metricsConfig().metricsFactory(new NullMetricsFactory()),
                configs.processorConfig(), reading);
    }

    private static String id(int number) {
        return "shardId-00000000000" + number;
    }

    private void untilActive() throws InterruptedException {
        while (kinesis.describeStreamSummary(request -> request.streamName(stream)).join()
                .streamDescriptionSummary().streamStatus() != StreamStatus.ACTIVE) {
            Thread.sleep(100);
        }
    }

    private void putRecords(String prefix) {
        List<PutRecordsRequestEntry> entries = new ArrayList<>();
        for (int number = 0; number < RECORDS; number++) {
            String text = prefix + "-" + number;
            put.add(text);
            entries.add(PutRecordsRequestEntry.builder().partitionKey(text).data(SdkBytes.fromUtf8String(text)).build());
        }
        check(kinesis.putRecords(request -> request.streamName(stream).records(entries)).join().failedRecordCount() == 0, "put");
    }

    private void untilAll(String step) throws InterruptedException {
        long start = System.nanoTime();
        while (!seen.keySet().containsAll(put)) {
            check(System.nanoTime() - start < PATIENCE.toNanos(), seen.size() + " of " + put.size() + " records came");
            Thread.sleep(100);
        }
        System.out.println("KCL: " + step + ", after " + (System.nanoTime() - start) / 1_000_000_000 + " s");
    }

    private void judge() {
        check(seen.keySet().equals(Set.copyOf(put)), "other records came than were put");
        seen.forEach((text, times) -> check(times.get() == 1, text + " came " + times + " times"));
    }

    private static void check(boolean holds, String message) {
        if (!holds) {
            System.out.println("KCL: " + message);
            System.exit(1);
        }
    }

    /** Notes what comes, and checkpoints each batch. */
    private final class Processor implements ShardRecordProcessor {
        private String shardId;

        @Override
        public void initialize(InitializationInput input) {
            shardId = input.shardId();
        }

        @Override
        public void processRecords(ProcessRecordsInput input) {
            input.records().forEach(record -> {
                byte[] bytes = new byte[record.data().remaining()];
                record.data().get(bytes);
                seen.computeIfAbsent(new String(bytes), text -> new AtomicInteger()).incrementAndGet();
            });
            try {
                input.checkpointer().checkpoint();
            } catch (Exception error) {
                throw new IllegalStateException(error);
            }
        }

        @Override
        public void leaseLost(LeaseLostInput input) {}

        @Override
        public void shardEnded(ShardEndedInput input) {
            try {
                input.checkpointer().checkpoint();
            } catch (Exception error) {
                throw new IllegalStateException(error);
            }
            ended.add(shardId);
        }

        @Override
        public void shutdownRequested(ShutdownRequestedInput input) {}
    }
}
