package main

import (
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// subscription holds the events of one shard from its first record.
type subscription struct {
	shardId string
	events  *kinesis.SubscribeToShardEventStream
}

func (l life) subscribe(consumer, shardId string) subscription {
	position := &types.StartingPosition{Type: types.ShardIteratorTypeTrimHorizon}
	input := &kinesis.SubscribeToShardInput{ConsumerARN: &consumer, ShardId: &shardId, StartingPosition: position}
	return subscription{shardId, must(l.client.SubscribeToShard(background, input)).GetStream()}
}

// next is nil at the end of the stream.
func (s subscription) next() *types.SubscribeToShardEvent {
	event, open := <-s.events.Events()
	if !open {
		same(s.events.Err(), nil)
		return nil
	}
	return &event.(*types.SubscribeToShardEventStreamMemberSubscribeToShardEvent).Value
}

// read reads exactly these records.
func (s subscription) read(expected []seen) {
	var records []seen
	for len(records) < len(expected) {
		event := s.next()
		same(event != nil && *event.ContinuationSequenceNumber != "", true)
		records = append(records, look(event.Records)...)
	}
	same(records, expected)
}

// children reads to the end of the shard and tells its children; then the stream must end.
func (s subscription) children() []string {
	for event := s.next(); event != nil; event = s.next() {
		same(len(event.Records), 0)
		if len(event.ChildShards) == 0 {
			continue
		}
		same(aws.ToString(event.ContinuationSequenceNumber), "")
		same(s.next(), nil)
		var ids []string
		for _, child := range event.ChildShards {
			same(slices.Contains(child.ParentShards, s.shardId), true)
			ids = append(ids, *child.ShardId)
		}
		return ids
	}
	fail("%s ended without children", s.shardId)
	return nil
}

func (l life) follow(consumer string, records put) {
	var parents []subscription
	for _, shardId := range l.shards(nil, nil) {
		parents = append(parents, l.subscribe(consumer, shardId))
	}
	for _, parent := range parents {
		parent.read(records[parent.shardId])
	}
	done("subscribe and read all records")
	halves := l.followSplit(consumer, parents[0])
	done("follow a split to its children")
	l.followMerge(consumer, halves)
	l.endByPolling(parents[0].shardId, []string{halves[0].shardId, halves[1].shardId})
	done("follow a merge to its child")
}

func (l life) followSplit(consumer string, parent subscription) []subscription {
	quarter := "85070591730234615865843651857942052864"
	input := &kinesis.SplitShardInput{StreamName: &stream, ShardToSplit: &parent.shardId, NewStartingHashKey: &quarter}
	must(l.client.SplitShard(background, input))
	l.untilActive()
	children := parent.children()
	same(len(children), 2)
	records := l.putRecords("split")
	same(len(records[parent.shardId]), 0)
	var halves []subscription
	for _, child := range children {
		half := l.subscribe(consumer, child)
		half.read(records[child])
		halves = append(halves, half)
	}
	return halves
}

func (l life) followMerge(consumer string, halves []subscription) {
	input := &kinesis.MergeShardsInput{StreamName: &stream}
	input.ShardToMerge, input.AdjacentShardToMerge = &halves[0].shardId, &halves[1].shardId
	must(l.client.MergeShards(background, input))
	l.untilActive()
	merged := halves[0].children()
	same(halves[1].children(), merged)
	same(len(merged), 1)
	records := l.putRecords("merge")
	l.subscribe(consumer, merged[0]).read(records[merged[0]])
}

func (l life) endByPolling(shardId string, children []string) {
	iterator := l.iterator(shardId, types.ShardIteratorTypeTrimHorizon, nil)
	for {
		page := must(l.client.GetRecords(background, &kinesis.GetRecordsInput{ShardIterator: iterator}))
		if iterator = page.NextShardIterator; iterator == nil {
			same([]string{*page.ChildShards[0].ShardId, *page.ChildShards[1].ShardId}, children)
			return
		}
		time.Sleep(250 * time.Millisecond)
	}
}
