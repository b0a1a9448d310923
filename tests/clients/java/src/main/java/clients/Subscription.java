package clients;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.awssdk.services.kinesis.model.ChildShard;
import software.amazon.awssdk.services.kinesis.model.ShardIteratorType;
import software.amazon.awssdk.services.kinesis.model.SubscribeToShardEvent;
import software.amazon.awssdk.services.kinesis.model.SubscribeToShardResponseHandler;

/** The events of one shard from its first record. */
final class Subscription {
    final String shardId;
    private final LinkedBlockingQueue<SubscribeToShardEvent> events = new LinkedBlockingQueue<>();
    private final CompletableFuture<Void> ended;

    Subscription(KinesisAsyncClient client, String consumer, String shardId) {
        this.shardId = shardId;
        var visitor = SubscribeToShardResponseHandler.Visitor.builder().onSubscribeToShardEvent(events::add).build();
        var handler = SubscribeToShardResponseHandler.builder().subscriber(visitor).build();
        ended = client.subscribeToShard(
                made -> made.consumerARN(consumer)
                        .shardId(shardId)
                        .startingPosition(from -> from.type(ShardIteratorType.TRIM_HORIZON)),
                handler);
    }

    /** Reads exactly these records. */
    void read(List<Records.Seen> expected) throws Exception {
        List<Records.Seen> records = new ArrayList<>();
        while (records.size() < expected.size()) {
            SubscribeToShardEvent event = next();
            Check.that(!event.continuationSequenceNumber().isEmpty(), "an event without continuation");
            records.addAll(Records.Seen.all(event.records()));
        }
        Check.same(records, expected);
    }

    /** Reads to the end of the shard and tells its children; then the stream must end. */
    List<String> children() throws Exception {
        SubscribeToShardEvent event = next();
        while (!event.hasChildShards()) {
            Check.same(event.records(), List.of());
            event = next();
        }
        Check.same(event.records(), List.of());
        Check.same(event.continuationSequenceNumber(), null);
        Check.answer(ended);
        Check.same(events.size(), 0);
        for (ChildShard child : event.childShards()) {
            Check.that(child.parentShards().contains(shardId), "a child without its parent");
        }
        return event.childShards().stream().map(ChildShard::shardId).toList();
    }

    /** The next event; a subscription that failed tells why. */
    private SubscribeToShardEvent next() throws Exception {
        for (int turn = 0; turn < 30; turn++) {
            SubscribeToShardEvent event = events.poll(1, TimeUnit.SECONDS);
            if (event != null) {
                return event;
            }
            if (ended.isDone()) {
                Check.answer(ended);
                break;
            }
        }
        throw new AssertionError(shardId + " sent no further event");
    }
}
