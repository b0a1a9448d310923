import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.awssdk.services.kinesis.model.ExpiredIteratorException;
import software.amazon.awssdk.services.kinesis.model.ExpiredNextTokenException;
import software.amazon.awssdk.services.kinesis.model.InvalidArgumentException;
import software.amazon.awssdk.services.kinesis.model.KinesisException;
import software.amazon.awssdk.services.kinesis.model.LimitExceededException;
import software.amazon.awssdk.services.kinesis.model.ProvisionedThroughputExceededException;
import software.amazon.awssdk.services.kinesis.model.ResourceInUseException;
import software.amazon.awssdk.services.kinesis.model.ResourceNotFoundException;
import software.amazon.awssdk.services.kinesis.model.ScalingType;
import software.amazon.awssdk.services.kinesis.model.ShardIteratorType;
import software.amazon.awssdk.services.kinesis.model.StreamMode;
import software.amazon.awssdk.services.kinesis.model.ValidationException;

/** Each class of error that the SDK models for these operations, provoked on a server. The README tells which are not. */
final class Errors {
    private static final String SHARD = "shardId-000000000000";

    private final KinesisAsyncClient client;
    private final KinesisAsyncClient strict;
    private final String stream;

    /** {@code strict} is the server of strict.json. */
    Errors(KinesisAsyncClient client, KinesisAsyncClient strict, String stream) {
        this.client = client;
        this.strict = strict;
        this.stream = stream;
    }

    void run() {
        for (KinesisAsyncClient server : List.of(client, strict)) {
            server.createStream(request -> request.streamName(stream).shardCount(2)).join();
        }
        resources();
        arguments();
        rates();
        expiry();
        for (KinesisAsyncClient server : List.of(client, strict)) {
            server.deleteStream(request -> request.streamName(stream).enforceConsumerDeletion(true)).join();
        }
    }

    private void resources() {
        raised(ResourceNotFoundException.class, 1,
                () -> client.describeStreamSummary(request -> request.streamName("not-there")));
        raised(ResourceInUseException.class, 1, () -> client.createStream(request -> request.streamName(stream).shardCount(1)));
    }

    private void arguments() {
        raised(InvalidArgumentException.class, 1, () -> get(client, "not-an-iterator"));
        String arn = arn(client);
        client.updateStreamMode(request -> request
                .streamARN(arn).streamModeDetails(mode -> mode.streamMode(StreamMode.ON_DEMAND))).join();
        raised(ValidationException.class, 1, () -> client.updateShardCount(request -> request
                .streamName(stream).targetShardCount(4).scalingType(ScalingType.UNIFORM_SCALING)));
    }

    private void rates() {
        String iterator = firstIterator(client);
        raised(ProvisionedThroughputExceededException.class, 50, () -> get(client, iterator));
        SdkBytes data = SdkBytes.fromByteArray(new byte[600_000]);
        raised(ProvisionedThroughputExceededException.class, 5,
                () -> strict.putRecord(request -> request.streamName(stream).partitionKey("k").data(data)));
        String arn = arn(strict);
        for (int number = 0; number < 5; number++) {
            register(arn, "creating-" + number).join();
        }
        raised(LimitExceededException.class, 1, () -> register(arn, "sixth"));
    }

    private CompletableFuture<?> register(String arn, String name) {
        return strict.registerStreamConsumer(request -> request.streamARN(arn).consumerName(name));
    }

    private void expiry() {
        String iterator = firstIterator(strict);
        raised(ExpiredIteratorException.class, 50, () -> get(strict, iterator));
        String token = strict.listShards(request -> request.streamName(stream).maxResults(1)).join().nextToken();
        raised(ExpiredNextTokenException.class, 50, () -> strict.listShards(request -> request.nextToken(token)));
    }

    private static CompletableFuture<?> get(KinesisAsyncClient server, String iterator) {
        return server.getRecords(request -> request.shardIterator(iterator));
    }

    private String arn(KinesisAsyncClient server) {
        return server.describeStreamSummary(request -> request.streamName(stream)).join()
                .streamDescriptionSummary().streamARN();
    }

    private String firstIterator(KinesisAsyncClient server) {
        return server.getShardIterator(request -> request
                .streamName(stream).shardId(SHARD).shardIteratorType(ShardIteratorType.TRIM_HORIZON))
                .join().shardIterator();
    }

    /** One of so many calls is refused with exactly this class; those before it succeed. */
    private static void raised(Class<? extends KinesisException> expected, int times, Supplier<CompletableFuture<?>> call) {
        for (int tries = 0; tries < times; tries++) {
            try {
                call.get().join();
            } catch (CompletionException error) {
                Check.same(error.getCause().getClass(), expected);
                KinesisException raised = (KinesisException) error.getCause();
                Check.same(raised.statusCode(), 400);
                Check.same(raised.requestId() != null, true);
                Check.same(raised.awsErrorDetails().errorMessage().isEmpty(), false);
                Check.done(expected.getSimpleName());
                return;
            }
        }
        throw new AssertionError(expected.getSimpleName() + " was not raised");
    }
}
