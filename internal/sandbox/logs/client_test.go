package logs_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/clock"
	"github.com/tagboat/tagboat/internal/sandbox/logs"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
	"github.com/tagboat/tagboat/internal/sandbox/wiretest"
)

var (
	start = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	here  = wire.Scope{Account: wiretest.Account, Region: wiretest.Region}
)

// cloud is a fresh CloudWatch Logs with a client of AWS's own SDK.
type cloud struct {
	*sdk.Client
	service *logs.Service
	clock   *clock.Manual
}

func newCloud(t *testing.T) cloud {
	t.Helper()
	c := clock.NewManual(start)
	service := logs.New(c)
	url := wiretest.Serve(t, service.Service())
	return cloud{service: service, clock: c, Client: sdk.New(sdk.Options{
		BaseEndpoint: &url,
		Region:       wiretest.Region,
		Credentials:  credentials.NewStaticCredentialsProvider(wiretest.Account, "secret", ""),
		Retryer:      wiretest.Once{},
	})}
}

func (c cloud) createGroup(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		expect.Value(c.CreateLogGroup(t.Context(), &sdk.CreateLogGroupInput{LogGroupName: &name}))(t)
	}
}

func (c cloud) createStream(t *testing.T, group string, names ...string) {
	t.Helper()
	for _, name := range names {
		expect.Value(c.CreateLogStream(t.Context(), &sdk.CreateLogStreamInput{LogGroupName: &group, LogStreamName: &name}))(t)
	}
}

// line is an event so long after the start.
func line(after time.Duration, message string) types.InputLogEvent {
	return types.InputLogEvent{Timestamp: aws.Int64(start.Add(after).UnixMilli()), Message: &message}
}
