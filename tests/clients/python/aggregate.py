"""A KPL aggregate, made by hand: magic, an AggregatedRecord in protobuf, the MD5 of the latter. It knows no Kinesis."""

import hashlib

MAGIC = b"\xf3\x89\x9a\xc2"


def aggregate(user_records):
    """The aggregate of (partition key, data) pairs; each pair has its own entry in the table of keys."""
    keys = b"".join(field(1, key.encode()) for key, _ in user_records)
    records = b"".join(
        field(3, b"\x08" + varint(index) + field(3, data)) for index, (_, data) in enumerate(user_records)
    )
    body = keys + records
    return MAGIC + body + hashlib.md5(body).digest()


def field(number, payload):
    """A field of protobuf that holds bytes."""
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def varint(value):
    """A number as protobuf writes it."""
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    written.append(value)
    return bytes(written)
