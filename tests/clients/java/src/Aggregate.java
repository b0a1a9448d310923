import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import java.util.Map;

/** A KPL aggregate, made by hand: magic, an AggregatedRecord in protobuf, the MD5 of the latter. It knows no Kinesis. */
final class Aggregate {
    /** Of pairs of partition key and data; each pair has its own entry in the table of keys. */
    static byte[] of(List<Map.Entry<String, byte[]>> userRecords) {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        for (Map.Entry<String, byte[]> each : userRecords) {
            field(body, 1, each.getKey().getBytes(StandardCharsets.UTF_8));
        }
        for (int index = 0; index < userRecords.size(); index++) {
            ByteArrayOutputStream record = new ByteArrayOutputStream();
            number(record, 1 << 3);
            number(record, index);
            field(record, 3, userRecords.get(index).getValue());
            field(body, 3, record.toByteArray());
        }
        ByteArrayOutputStream blob = new ByteArrayOutputStream();
        blob.writeBytes(new byte[] {(byte) 0xf3, (byte) 0x89, (byte) 0x9a, (byte) 0xc2});
        blob.writeBytes(body.toByteArray());
        blob.writeBytes(md5(body.toByteArray()));
        return blob.toByteArray();
    }

    /** A field of protobuf that holds bytes. */
    private static void field(ByteArrayOutputStream to, int number, byte[] payload) {
        number(to, number << 3 | 2);
        number(to, payload.length);
        to.writeBytes(payload);
    }

    private static void number(ByteArrayOutputStream to, int value) {
        int rest = value;
        while (rest > 0x7f) {
            to.write(rest & 0x7f | 0x80);
            rest >>>= 7;
        }
        to.write(rest);
    }

    private static byte[] md5(byte[] body) {
        try {
            return MessageDigest.getInstance("MD5").digest(body);
        } catch (NoSuchAlgorithmException error) {
            throw new IllegalStateException(error);
        }
    }

    private Aggregate() {}
}
