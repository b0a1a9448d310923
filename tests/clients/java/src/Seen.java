import java.nio.charset.StandardCharsets;
import java.util.List;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.kinesis.model.Record;

/** What can be seen of a record; the data as Latin-1, so that it can be compared and read. */
record Seen(String key, String data, String number) {
    static Seen of(String key, byte[] data, String number) {
        return new Seen(key, new String(data, StandardCharsets.ISO_8859_1), number);
    }

    static List<Seen> all(List<Record> records) {
        return records.stream().map(each -> of(each.partitionKey(), bytes(each.data()), each.sequenceNumber())).toList();
    }

    private static byte[] bytes(SdkBytes data) {
        return data.asByteArray();
    }
}
