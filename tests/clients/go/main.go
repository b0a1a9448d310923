// The AWS SDK for Go 2 against a Kinesis: a stream's life, then each class of error. The README of the folder above tells the
// variables. It prints a line for each step and panics at the first difference.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
)

var stream = fmt.Sprintf("go-%d", os.Getpid())

var background = context.Background()

func main() {
	client := connect(required("KINESIS_ENDPOINT"))
	life{client}.run()
	provoke(client, connect(required("KINESIS_STRICT_ENDPOINT")))
	done("all as documented")
}

// connect makes a client that does not try again, so that each answer is seen.
func connect(endpoint string) *kinesis.Client {
	return kinesis.New(kinesis.Options{
		BaseEndpoint: aws.String(endpoint),
		Region:       "us-east-1",
		Credentials:  credentials.NewStaticCredentialsProvider("local", "local", ""),
		Retryer:      aws.NopRetryer{},
		HTTPClient:   &http.Client{Transport: transport()},
	})
}

// transport trusts the given authorities and speaks HTTP/2 wherever ALPN allows it.
func transport() *http.Transport {
	made := http.DefaultTransport.(*http.Transport).Clone()
	made.ForceAttemptHTTP2 = true
	if path := os.Getenv("KINESIS_CA_FILE"); path != "" {
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(must(os.ReadFile(path))) {
			fail("%s holds no certificate", path)
		}
		made.TLSClientConfig = &tls.Config{RootCAs: pool}
	}
	return made
}
