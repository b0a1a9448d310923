package clients;

import java.util.concurrent.CompletableFuture;
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

/** Each class of error that the SDK models for these operations; the README tells which are not provoked. */
final class Errors {
    private final KinesisAsyncClient client;
    private final KinesisAsyncClient strict;

    /** {@code strict} is a client of the server of strict.json. */
    Errors(KinesisAsyncClient client, KinesisAsyncClient strict) {
        this.client = client;
        this.strict = strict;
    }

    void provoke() throws Exception {
        for (KinesisAsyncClient server : new KinesisAsyncClient[] {client, strict}) {
            Check.answer(server.createStream(made -> made.streamName(Main.STREAM).shardCount(2)));
        }
        resources();
        arguments();
        rates();
        expiry();
        for (KinesisAsyncClient server : new KinesisAsyncClient[] {client, strict}) {
            Check.answer(server.deleteStream(made -> made.streamName(Main.STREAM).enforceConsumerDeletion(true)));
        }
    }

    private void resources() throws Exception {
        raised(ResourceNotFoundException.class, 1, () -> client.describeStreamSummary(made -> made.streamName("not-there")));
        raised(ResourceInUseException.class, 1, () -> client.createStream(made -> made.streamName(Main.STREAM).shardCount(1)));
    }

    private void arguments() throws Exception {
        raised(InvalidArgumentException.class, 1, () -> client.getRecords(made -> made.shardIterator("not-an-iterator")));
        String stream = arn(client);
        Check.answer(client.updateStreamMode(
                made -> made.streamARN(stream).streamModeDetails(mode -> mode.streamMode(StreamMode.ON_DEMAND))));
        raised(ValidationException.class, 1, () -> client.updateShardCount(
                made -> made.streamName(Main.STREAM).targetShardCount(4).scalingType(ScalingType.UNIFORM_SCALING)));
    }

    private void rates() throws Exception {
        String iterator = iterator(client);
        raised(ProvisionedThroughputExceededException.class, 50, () -> client.getRecords(made -> made.shardIterator(iterator)));
        SdkBytes data = SdkBytes.fromByteArray(new byte[600_000]);
        raised(ProvisionedThroughputExceededException.class, 5, () -> strict.putRecord(
                made -> made.streamName(Main.STREAM).partitionKey("k").data(data)));
        String stream = arn(strict);
        for (int number = 0; number < 5; number++) {
            String name = "creating-" + number;
            Check.answer(strict.registerStreamConsumer(made -> made.streamARN(stream).consumerName(name)));
        }
        raised(LimitExceededException.class, 1, () -> strict.registerStreamConsumer(
                made -> made.streamARN(stream).consumerName("sixth")));
    }

    private void expiry() throws Exception {
        String iterator = iterator(strict);
        raised(ExpiredIteratorException.class, 50, () -> strict.getRecords(made -> made.shardIterator(iterator)));
        String token = Check.answer(strict.listShards(made -> made.streamName(Main.STREAM).maxResults(1))).nextToken();
        raised(ExpiredNextTokenException.class, 50, () -> strict.listShards(made -> made.nextToken(token)));
    }

    private static String arn(KinesisAsyncClient server) throws Exception {
        var answer = Check.answer(server.describeStreamSummary(made -> made.streamName(Main.STREAM)));
        return answer.streamDescriptionSummary().streamARN();
    }

    private static String iterator(KinesisAsyncClient server) throws Exception {
        return Check.answer(server.getShardIterator(made -> made.streamName(Main.STREAM)
                        .shardId("shardId-000000000000")
                        .shardIteratorType(ShardIteratorType.TRIM_HORIZON)))
                .shardIterator();
    }

    /** One of so many calls is refused with exactly this class; those before it succeed. */
    private static void raised(
            Class<? extends KinesisException> expected, int times, Supplier<CompletableFuture<?>> call) throws Exception {
        for (int turn = 0; turn < times; turn++) {
            try {
                Check.answer(call.get());
            } catch (KinesisException error) {
                Check.same(error.getClass(), expected);
                Check.same(error.statusCode(), 400);
                Check.that(error.requestId() != null && !error.awsErrorDetails().errorMessage().isEmpty(), error.toString());
                Check.done(expected.getSimpleName());
                return;
            }
        }
        throw new AssertionError(expected.getSimpleName() + " was not raised");
    }
}
