package clients;

import java.io.ByteArrayOutputStream;
import java.security.MessageDigest;
import java.util.List;

/** A KPL aggregate, made by hand: magic, an AggregatedRecord in protobuf, the MD5 of the latter. It knows no Kinesis. */
final class Aggregate {
    record UserRecord(String key, byte[] data) {}

    private static final byte[] MAGIC = {(byte) 0xf3, (byte) 0x89, (byte) 0x9a, (byte) 0xc2};

    private Aggregate() {}

    /** Each user record has its own entry in the table of keys. */
    static byte[] of(List<UserRecord> userRecords) throws Exception {
        var body = new ByteArrayOutputStream();
        for (UserRecord each : userRecords) {
            field(body, 1, each.key().getBytes("UTF-8"));
        }
        for (int index = 0; index < userRecords.size(); index++) {
            var record = new ByteArrayOutputStream();
            record.write(1 << 3);
            number(record, index);
            field(record, 3, userRecords.get(index).data());
            field(body, 3, record.toByteArray());
        }
        var whole = new ByteArrayOutputStream();
        whole.write(MAGIC);
        whole.write(body.toByteArray());
        whole.write(MessageDigest.getInstance("MD5").digest(body.toByteArray()));
        return whole.toByteArray();
    }

    /** A field of protobuf that holds bytes. */
    private static void field(ByteArrayOutputStream to, int number, byte[] payload) throws Exception {
        number(to, number << 3 | 2);
        number(to, payload.length);
        to.write(payload);
    }

    private static void number(ByteArrayOutputStream to, int value) {
        int rest = value;
        while (rest > 0x7f) {
            to.write(rest & 0x7f | 0x80);
            rest >>>= 7;
        }
        to.write(rest);
    }
}
