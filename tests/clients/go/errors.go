package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go"
)

// provoke provokes each class of error that the SDK models for these operations; the README tells which are not. `strict` is
// the server of strict.json.
func provoke(client, strict *kinesis.Client) {
	for _, server := range []*kinesis.Client{client, strict} {
		must(server.CreateStream(background, &kinesis.CreateStreamInput{StreamName: &stream, ShardCount: aws.Int32(2)}))
	}
	provokeResources(client)
	provokeArguments(client)
	provokeRates(client, strict)
	provokeExpiry(strict)
	provokeDryRun(client)
	for _, server := range []*kinesis.Client{client, strict} {
		must(server.DeleteStream(background, &kinesis.DeleteStreamInput{StreamName: &stream, EnforceConsumerDeletion: aws.Bool(true)}))
	}
}

func provokeResources(client *kinesis.Client) {
	missing := &kinesis.DescribeStreamSummaryInput{StreamName: aws.String("not-there")}
	raised[*types.ResourceNotFoundException](1, func() error {
		_, err := client.DescribeStreamSummary(background, missing)
		return err
	})
	again := &kinesis.CreateStreamInput{StreamName: &stream, ShardCount: aws.Int32(1)}
	raised[*types.ResourceInUseException](1, func() error {
		_, err := client.CreateStream(background, again)
		return err
	})
}

func provokeArguments(client *kinesis.Client) {
	raised[*types.InvalidArgumentException](1, get(client, aws.String("not-an-iterator")))
	mode := &types.StreamModeDetails{StreamMode: types.StreamModeOnDemand}
	must(client.UpdateStreamMode(background, &kinesis.UpdateStreamModeInput{StreamARN: arn(client), StreamModeDetails: mode}))
	scaling := &kinesis.UpdateShardCountInput{StreamName: &stream, TargetShardCount: aws.Int32(4)}
	scaling.ScalingType = types.ScalingTypeUniformScaling
	raised[*types.ValidationException](1, func() error {
		_, err := client.UpdateShardCount(background, scaling)
		return err
	})
}

func provokeRates(client, strict *kinesis.Client) {
	raised[*types.ProvisionedThroughputExceededException](50, get(client, firstIterator(client)))
	record := &kinesis.PutRecordInput{StreamName: &stream, PartitionKey: aws.String("k"), Data: make([]byte, 600_000)}
	raised[*types.ProvisionedThroughputExceededException](5, func() error {
		_, err := strict.PutRecord(background, record)
		return err
	})
	registered := 0
	raised[*types.LimitExceededException](6, func() error {
		registered++
		input := &kinesis.RegisterStreamConsumerInput{StreamARN: arn(strict), ConsumerName: aws.String(fmt.Sprint(registered))}
		_, err := strict.RegisterStreamConsumer(background, input)
		return err
	})
	same(registered, 6)
}

func provokeExpiry(strict *kinesis.Client) {
	raised[*types.ExpiredIteratorException](50, get(strict, firstIterator(strict)))
	first := must(strict.ListShards(background, &kinesis.ListShardsInput{StreamName: &stream, MaxResults: aws.Int32(1)}))
	raised[*types.ExpiredNextTokenException](50, func() error {
		_, err := strict.ListShards(background, &kinesis.ListShardsInput{NextToken: first.NextToken})
		return err
	})
}

func provokeDryRun(client *kinesis.Client) {
	dry := &kinesis.PutRecordInput{StreamName: &stream, PartitionKey: aws.String("k"), Data: []byte("x"), DryRun: aws.Bool(true)}
	raised[*types.DryRunOperationException](1, func() error {
		_, err := client.PutRecord(background, dry)
		return err
	})
}

func get(client *kinesis.Client, iterator *string) func() error {
	return func() error {
		_, err := client.GetRecords(background, &kinesis.GetRecordsInput{ShardIterator: iterator})
		return err
	}
}

func arn(client *kinesis.Client) *string {
	input := &kinesis.DescribeStreamSummaryInput{StreamName: &stream}
	return must(client.DescribeStreamSummary(background, input)).StreamDescriptionSummary.StreamARN
}

func firstIterator(client *kinesis.Client) *string {
	return life{client}.iterator("shardId-000000000000", types.ShardIteratorTypeTrimHorizon, nil)
}

// raised ends the program unless one of so many calls is refused with exactly this class, and those before it succeed.
func raised[T smithy.APIError](times int, call func() error) {
	name := strings.TrimPrefix(fmt.Sprintf("%T", *new(T)), "*types.")
	for range times {
		err := call()
		if err == nil {
			continue
		}
		var expected T
		var response *http.ResponseError
		if !errors.As(err, &expected) || !errors.As(err, &response) {
			fail("%v is no %s", err, name)
		}
		same(response.HTTPStatusCode(), 400)
		same(response.ServiceRequestID() != "" && expected.ErrorMessage() != "", true)
		done("%s", name)
		return
	}
	fail("%s was not raised", name)
}
