package main

import (
	"crypto/md5"
	"encoding/binary"
)

type userRecord struct {
	key  string
	data []byte
}

// aggregate makes a KPL aggregate by hand: magic, an AggregatedRecord in protobuf, the MD5 of the latter. Each user record
// has its own entry in the table of keys.
func aggregate(userRecords []userRecord) []byte {
	var keys, records []byte
	for index, each := range userRecords {
		keys = field(keys, 1, []byte(each.key))
		record := binary.AppendUvarint([]byte{1 << 3}, uint64(index))
		records = field(records, 3, field(record, 3, each.data))
	}
	body := append(keys, records...)
	sum := md5.Sum(body)
	return append(append([]byte{0xf3, 0x89, 0x9a, 0xc2}, body...), sum[:]...)
}

// field appends a field of protobuf that holds bytes.
func field(to []byte, number uint64, payload []byte) []byte {
	to = binary.AppendUvarint(to, number<<3|2)
	to = binary.AppendUvarint(to, uint64(len(payload)))
	return append(to, payload...)
}
