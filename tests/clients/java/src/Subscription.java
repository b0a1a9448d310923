import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.awssdk.services.kinesis.model.ChildShard;
import software.amazon.awssdk.services.kinesis.model.ShardIteratorType;
import software.amazon.awssdk.services.kinesis.model.SubscribeToShardEvent;
import software.amazon.awssdk.services.kinesis.model.SubscribeToShardRequest;
import software.amazon.awssdk.services.kinesis.model.SubscribeToShardResponseHandler;

/** The events of one shard from its first record. */
final class Subscription {
    final String shardId;
    /** Nothing is the end of the stream. */
    private final BlockingQueue<Optional<SubscribeToShardEvent>> events = new LinkedBlockingQueue<>();
    private final CompletableFuture<Void> call;

    Subscription(KinesisAsyncClient client, String consumerArn, String shardId) {
        this.shardId = shardId;
        SubscribeToShardRequest request = SubscribeToShardRequest.builder()
                .consumerARN(consumerArn)
                .shardId(shardId)
                .startingPosition(position -> position.type(ShardIteratorType.TRIM_HORIZON))
                .build();
        SubscribeToShardResponseHandler handler = SubscribeToShardResponseHandler.builder()
                .subscriber(event -> events.add(Optional.of((SubscribeToShardEvent) event)))
                .build();
        call = client.subscribeToShard(request, handler);
        call.whenComplete((nothing, error) -> events.add(Optional.empty()));
    }

    /** Reads exactly these records. */
    void read(List<Seen> expected) throws Exception {
        List<Seen> records = new ArrayList<>();
        while (records.size() < expected.size()) {
            SubscribeToShardEvent event = next().orElseThrow(() -> new AssertionError("the stream ended early"));
            Check.same(event.continuationSequenceNumber() != null, true);
            records.addAll(Seen.all(event.records()));
        }
        Check.same(records, expected);
    }

    /** Reads to the end of the shard and tells its children; then the stream must end. */
    List<String> children() throws Exception {
        for (Optional<SubscribeToShardEvent> next = next(); next.isPresent(); next = next()) {
            SubscribeToShardEvent event = next.get();
            Check.same(event.records(), List.of());
            if (event.hasChildShards()) {
                Check.same(event.continuationSequenceNumber(), null);
                Check.same(next(), Optional.empty());
                event.childShards().forEach(child -> Check.same(child.parentShards().contains(shardId), true));
                return event.childShards().stream().map(ChildShard::shardId).toList();
            }
        }
        throw new AssertionError(shardId + " ended without children");
    }

    private Optional<SubscribeToShardEvent> next() throws Exception {
        Optional<SubscribeToShardEvent> event = events.poll(30, TimeUnit.SECONDS);
        if (event == null) {
            throw new AssertionError("no event of " + shardId + " in 30 s");
        }
        if (event.isEmpty()) {
            call.get();
        }
        return event;
    }
}
