package main

import (
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

const shardCount = 2

// life is a stream's life, from its creation to its deletion.
type life struct{ client *kinesis.Client }

// seen is what can be seen of a record.
type seen struct{ key, data, number string }

// put tells what is in each shard by its id, in the order of the shard.
type put map[string][]seen

func (l life) run() {
	l.create()
	arn := l.describe()
	records := l.putRecords("first")
	l.listShards()
	l.poll(records)
	consumer := l.register(arn)
	l.follow(consumer, records)
	l.deregister(arn, consumer)
	l.remove()
}

func (l life) create() {
	must(l.client.CreateStream(background, &kinesis.CreateStreamInput{StreamName: &stream, ShardCount: aws.Int32(shardCount)}))
	l.untilActive()
	same(slices.Contains(l.names(), stream), true)
	done("create")
}

func (l life) names() []string {
	var names []string
	pages := kinesis.NewListStreamsPaginator(l.client, &kinesis.ListStreamsInput{Limit: aws.Int32(1)})
	for pages.HasMorePages() {
		names = append(names, must(pages.NextPage(background)).StreamNames...)
	}
	return names
}

func (l life) untilActive() {
	until(types.StreamStatusActive, func() types.StreamStatus { return l.summary().StreamStatus })
}

func (l life) summary() *types.StreamDescriptionSummary {
	input := &kinesis.DescribeStreamSummaryInput{StreamName: &stream}
	return must(l.client.DescribeStreamSummary(background, input)).StreamDescriptionSummary
}

func (l life) describe() string {
	described := l.summary()
	same(*described.StreamName, stream)
	same(*described.OpenShardCount, shardCount)
	same(*described.RetentionPeriodHours, 24)
	input := &kinesis.DescribeStreamInput{StreamARN: described.StreamARN}
	whole := must(l.client.DescribeStream(background, input)).StreamDescription
	same(whole.StreamStatus, types.StreamStatusActive)
	same(shardIds(whole.Shards), []string{"shardId-000000000000", "shardId-000000000001"})
	done("describe")
	return *described.StreamARN
}

// putRecords puts plain and aggregated records.
func (l life) putRecords(prefix string) put {
	records := put{}
	blob := aggregate([]userRecord{{"user-a", []byte("one")}, {"user-b", []byte("two")}, {"user-a", nil}})
	for _, each := range []userRecord{{"single", []byte("by PutRecord")}, {"a", blob}} {
		input := &kinesis.PutRecordInput{StreamName: &stream, PartitionKey: &each.key, Data: each.data}
		answer := must(l.client.PutRecord(background, input))
		records.add(*answer.ShardId, seen{each.key, string(each.data), *answer.SequenceNumber})
	}
	var entries []types.PutRecordsRequestEntry
	for n := range 20 {
		key, data := fmt.Sprintf("%s-%d", prefix, n), fmt.Sprintf("plain %d \x00\xff", n)
		entries = append(entries, types.PutRecordsRequestEntry{PartitionKey: &key, Data: []byte(data)})
	}
	answer := must(l.client.PutRecords(background, &kinesis.PutRecordsInput{StreamName: &stream, Records: entries}))
	same(*answer.FailedRecordCount, 0)
	same(len(answer.Records), len(entries))
	for n, result := range answer.Records {
		records.add(*result.ShardId, seen{*entries[n].PartitionKey, string(entries[n].Data), *result.SequenceNumber})
	}
	done("put %d records, one of them an aggregate, into %d shards", len(entries)+2, len(records))
	return records
}

// add notes the record that was put last; its number must be the greatest.
func (p put) add(shardId string, record seen) {
	if before := p[shardId]; len(before) > 0 && number(before[len(before)-1].number).Cmp(number(record.number)) >= 0 {
		fail("the numbers of %s are not in order", shardId)
	}
	p[shardId] = append(p[shardId], record)
}

func number(text string) *big.Int {
	value, ok := new(big.Int).SetString(text, 10)
	same(ok, true)
	return value
}

// shards tells the ids of all shards, by pages of one.
func (l life) shards(filter *types.ShardFilter, after *string) []string {
	input := &kinesis.ListShardsInput{StreamName: &stream, MaxResults: aws.Int32(1)}
	input.ShardFilter, input.ExclusiveStartShardId = filter, after
	page := must(l.client.ListShards(background, input))
	found := page.Shards
	for page.NextToken != nil {
		next := &kinesis.ListShardsInput{NextToken: page.NextToken, MaxResults: aws.Int32(1)}
		page = must(l.client.ListShards(background, next))
		same(len(page.Shards) <= 1, true)
		found = append(found, page.Shards...)
	}
	return shardIds(found)
}

func shardIds(shards []types.Shard) []string {
	var ids []string
	for _, shard := range shards {
		ids = append(ids, *shard.ShardId)
	}
	return ids
}

func (l life) listShards() {
	both := l.shards(nil, nil)
	same(len(both), shardCount)
	for _, kind := range types.ShardFilterType("").Values() {
		filter, expected := &types.ShardFilter{Type: kind}, both
		switch kind {
		case types.ShardFilterTypeAfterShardId:
			filter.ShardId, expected = &both[0], both[1:]
		case types.ShardFilterTypeAtTimestamp, types.ShardFilterTypeFromTimestamp:
			filter.Timestamp = l.summary().StreamCreationTimestamp
		}
		same(l.shards(filter, nil), expected)
	}
	same(l.shards(nil, &both[0]), both[1:])
	done("list shards with each filter, by pages")
}

func (l life) poll(records put) {
	for _, shardId := range l.shards(nil, nil) {
		expected := records[shardId]
		same(l.polled(shardId, len(expected), types.ShardIteratorTypeTrimHorizon, nil), expected)
		if len(expected) > 0 {
			after := types.ShardIteratorTypeAfterSequenceNumber
			same(l.polled(shardId, len(expected)-1, after, &expected[0].number), append([]seen(nil), expected[1:]...))
		}
	}
	done("iterate and get")
}

func (l life) iterator(shardId string, kind types.ShardIteratorType, number *string) *string {
	input := &kinesis.GetShardIteratorInput{StreamName: &stream, ShardId: &shardId}
	input.ShardIteratorType, input.StartingSequenceNumber = kind, number
	return must(l.client.GetShardIterator(background, input)).ShardIterator
}

func (l life) polled(shardId string, count int, kind types.ShardIteratorType, number *string) []seen {
	var records []seen
	iterator := l.iterator(shardId, kind, number)
	for {
		page := must(l.client.GetRecords(background, &kinesis.GetRecordsInput{ShardIterator: iterator, Limit: aws.Int32(1000)}))
		records = append(records, look(page.Records)...)
		iterator = page.NextShardIterator
		if *page.MillisBehindLatest == 0 && len(records) >= count {
			return records
		}
		time.Sleep(250 * time.Millisecond)
	}
}

func look(records []types.Record) []seen {
	var found []seen
	for _, record := range records {
		found = append(found, seen{*record.PartitionKey, string(record.Data), *record.SequenceNumber})
	}
	return found
}

func (l life) register(arn string) string {
	input := &kinesis.RegisterStreamConsumerInput{StreamARN: &arn, ConsumerName: aws.String("reader")}
	consumer := must(l.client.RegisterStreamConsumer(background, input)).Consumer
	same(consumer.ConsumerStatus, types.ConsumerStatusCreating)
	until(types.ConsumerStatusActive, func() types.ConsumerStatus {
		input := &kinesis.DescribeStreamConsumerInput{ConsumerARN: consumer.ConsumerARN}
		described := must(l.client.DescribeStreamConsumer(background, input)).ConsumerDescription
		same(*described.StreamARN, arn)
		return described.ConsumerStatus
	})
	same(l.consumers(arn), []string{*consumer.ConsumerARN})
	done("register, ACTIVE")
	return *consumer.ConsumerARN
}

func (l life) consumers(arn string) []string {
	input := &kinesis.ListStreamConsumersInput{StreamARN: &arn}
	var arns []string
	for _, consumer := range must(l.client.ListStreamConsumers(background, input)).Consumers {
		arns = append(arns, *consumer.ConsumerARN)
	}
	return arns
}

func (l life) deregister(arn, consumer string) {
	input := &kinesis.DeregisterStreamConsumerInput{ConsumerARN: &consumer}
	must(l.client.DeregisterStreamConsumer(background, input))
	until(0, func() int { return len(l.consumers(arn)) })
	done("deregister")
}

func (l life) remove() {
	must(l.client.DeleteStream(background, &kinesis.DeleteStreamInput{StreamName: &stream}))
	until(false, func() bool { return slices.Contains(l.names(), stream) })
	done("delete")
}
