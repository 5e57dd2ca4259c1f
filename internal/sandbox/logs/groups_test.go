package logs_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
	"github.com/tagboat/tagboat/internal/sandbox/wiretest"
)

var sdkOnly = cmpopts.IgnoreUnexported(types.LogGroup{}, types.LogStream{}, types.OutputLogEvent{},
	types.FilteredLogEvent{}, types.RejectedLogEventsInfo{})

func TestLogGroups(t *testing.T) {
	c := newCloud(t)
	expect.Value(c.CreateLogGroup(t.Context(), &sdk.CreateLogGroupInput{LogGroupName: aws.String("/ecs/api"), Tags: map[string]string{"a": "1"}}))(t)
	expect.Value(c.PutRetentionPolicy(t.Context(), &sdk.PutRetentionPolicyInput{LogGroupName: aws.String("/ecs/api"), RetentionInDays: aws.Int32(14)}))(t)
	c.service.Append(here, "/ecs/api", "s", start, "0123456789")

	out := expect.Value(c.DescribeLogGroups(t.Context(), &sdk.DescribeLogGroupsInput{}))(t)
	want := []types.LogGroup{{
		Arn:                       aws.String("arn:aws:logs:eu-west-1:111111111111:log-group:/ecs/api:*"),
		LogGroupArn:               aws.String("arn:aws:logs:eu-west-1:111111111111:log-group:/ecs/api"),
		LogGroupName:              aws.String("/ecs/api"),
		LogGroupClass:             types.LogGroupClassStandard,
		CreationTime:              aws.Int64(start.UnixMilli()),
		MetricFilterCount:         aws.Int32(0),
		RetentionInDays:           aws.Int32(14),
		StoredBytes:               aws.Int64(36),
		DeletionProtectionEnabled: aws.Bool(false),
	}}
	expect.Equal(t, want, out.LogGroups, sdkOnly)

	expect.Value(c.DeleteLogGroup(t.Context(), &sdk.DeleteLogGroupInput{LogGroupName: aws.String("/ecs/api")}))(t)
	if c.service.GroupExists(here, "/ecs/api") {
		t.Error("a deleted group exists")
	}
}

func TestLogGroupRules(t *testing.T) {
	c := newCloud(t)
	c.createGroup(t, "there")
	create := func(name string) error {
		return expect.Err(c.CreateLogGroup(t.Context(), &sdk.CreateLogGroupInput{LogGroupName: &name}))
	}
	for name, want := range map[string]string{
		"/ecs/a.b-c_d#1":         "",
		strings.Repeat("x", 512): "",
		strings.Repeat("x", 513): "InvalidParameterException: Invalid LogGroup or LogStream, both must have length less than or equal to 512.",
		"there":                  "ResourceAlreadyExistsException: The specified log group already exists",
		"with space":             "InvalidParameterException: 1 validation error detected: Value 'with space' at 'logGroupName' failed",
		"":                       "InvalidParameterException: 1 validation error detected: Value '' at 'logGroupName' failed",
	} {
		wiretest.WantFailure(t, create(name), want)
	}
	_, err := c.DeleteLogGroup(t.Context(), &sdk.DeleteLogGroupInput{LogGroupName: aws.String("nowhere")})
	wiretest.WantFailure(t, err, "ResourceNotFoundException: The specified log group does not exist.")
	_, err = c.PutRetentionPolicy(t.Context(), &sdk.PutRetentionPolicyInput{LogGroupName: aws.String("there"), RetentionInDays: aws.Int32(2)})
	wiretest.WantFailure(t, err, "InvalidParameterException: 1 validation error detected: Value '2' at 'retentionInDays'")
	if c.service.GroupExists(wire.Scope{Account: "222222222222", Region: here.Region}, "there") {
		t.Error("a group is in another account")
	}
}

func TestFindLogGroups(t *testing.T) {
	c := newCloud(t)
	c.createGroup(t, "/ecs/api", "/ecs/web", "/lambda/api")
	type input = sdk.DescribeLogGroupsInput
	for name, tt := range map[string]struct {
		in      input
		want    string
		wantErr string
	}{
		"all":        {in: input{}, want: "/ecs/api /ecs/web /lambda/api"},
		"prefix":     {in: input{LogGroupNamePrefix: aws.String("/ecs/")}, want: "/ecs/api /ecs/web"},
		"pattern":    {in: input{LogGroupNamePattern: aws.String("api")}, want: "/ecs/api /lambda/api"},
		"case":       {in: input{LogGroupNamePattern: aws.String("API")}},
		"identifier": {in: input{LogGroupIdentifiers: []string{"/ecs/web"}}, want: "/ecs/web"},
		"pages":      {in: input{Limit: aws.Int32(1)}, want: "/ecs/api /ecs/web /lambda/api"},
		"both": {in: input{LogGroupNamePrefix: aws.String("a"), LogGroupNamePattern: aws.String("b")},
			wantErr: "InvalidParameterException: LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters."},
		"limit": {in: input{Limit: aws.Int32(51)}, wantErr: "InvalidParameterException: 1 validation error detected: Value '51' at 'limit'"},
		"token": {in: input{NextToken: aws.String("x")}, wantErr: "InvalidParameterException: The specified nextToken is invalid."},
	} {
		t.Run(name, func(t *testing.T) {
			var names []string
			for pages := sdk.NewDescribeLogGroupsPaginator(c.Client, &tt.in); pages.HasMorePages(); {
				page, err := pages.NextPage(t.Context())
				wiretest.WantFailure(t, err, tt.wantErr)
				if err != nil {
					return
				}
				for _, g := range page.LogGroups {
					names = append(names, *g.LogGroupName)
				}
			}
			if got := strings.Join(names, " "); got != tt.want || tt.wantErr != "" {
				t.Errorf("got %q, want %q%s", got, tt.want, tt.wantErr)
			}
		})
	}
}

func TestLogStreams(t *testing.T) {
	c := newCloud(t)
	c.createGroup(t, "g")
	c.createStream(t, "g", "ecs/app/1", "ecs/app/2", "ecs/envoy/1")
	c.clock.Advance(time.Second)
	c.service.Append(here, "g", "ecs/app/2", start.Add(300*time.Millisecond), "first")
	c.service.Append(here, "g", "ecs/app/2", start.Add(700*time.Millisecond), "last")
	c.service.Append(here, "g", "ecs/app/1", start.Add(500*time.Millisecond), "between")

	out := expect.Value(c.DescribeLogStreams(t.Context(), &sdk.DescribeLogStreamsInput{LogGroupName: aws.String("g"), LogStreamNamePrefix: aws.String("ecs/app/2")}))(t)
	want := []types.LogStream{{
		Arn:                 aws.String("arn:aws:logs:eu-west-1:111111111111:log-group:g:log-stream:ecs/app/2"),
		LogStreamName:       aws.String("ecs/app/2"),
		CreationTime:        aws.Int64(start.UnixMilli()),
		FirstEventTimestamp: aws.Int64(start.UnixMilli() + 300),
		LastEventTimestamp:  aws.Int64(start.UnixMilli() + 700),
		LastIngestionTime:   aws.Int64(start.UnixMilli() + 700),
		StoredBytes:         aws.Int64(0),
		UploadSequenceToken: aws.String(strings.Repeat("0", 55) + "2"),
	}}
	expect.Equal(t, want, out.LogStreams, sdkOnly)

	type input = sdk.DescribeLogStreamsInput
	for name, tt := range map[string]struct {
		in      input
		want    string
		wantErr string
	}{
		"by name":       {in: input{LogGroupName: aws.String("g"), Limit: aws.Int32(2)}, want: "ecs/app/1 ecs/app/2 ecs/envoy/1"},
		"descending":    {in: input{LogGroupName: aws.String("g"), Descending: aws.Bool(true)}, want: "ecs/envoy/1 ecs/app/2 ecs/app/1"},
		"by last event": {in: input{LogGroupName: aws.String("g"), OrderBy: types.OrderByLastEventTime, Descending: aws.Bool(true)}, want: "ecs/app/2 ecs/app/1 ecs/envoy/1"},
		"by ARN":        {in: input{LogGroupIdentifier: aws.String("arn:aws:logs:eu-west-1:111111111111:log-group:g"), LogStreamNamePrefix: aws.String("ecs/e")}, want: "ecs/envoy/1"},
		"both": {in: input{LogGroupName: aws.String("g"), LogGroupIdentifier: aws.String("g")},
			wantErr: "ValidationException: LogGroup name and LogGroup ARN are mutually exclusive parameters."},
		"other account": {in: input{LogGroupIdentifier: aws.String("arn:aws:logs:eu-west-1:222222222222:log-group:g")}, wantErr: "ResourceNotFoundException: "},
		"prefix by time": {in: input{LogGroupName: aws.String("g"), OrderBy: types.OrderByLastEventTime, LogStreamNamePrefix: aws.String("e")},
			wantErr: "InvalidParameterException: "},
	} {
		t.Run(name, func(t *testing.T) {
			var names []string
			for pages := sdk.NewDescribeLogStreamsPaginator(c.Client, &tt.in); pages.HasMorePages(); {
				page, err := pages.NextPage(t.Context())
				wiretest.WantFailure(t, err, tt.wantErr)
				if err != nil {
					return
				}
				for _, s := range page.LogStreams {
					names = append(names, *s.LogStreamName)
				}
			}
			if got := strings.Join(names, " "); got != tt.want || tt.wantErr != "" {
				t.Errorf("got %q, want %q%s", got, tt.want, tt.wantErr)
			}
		})
	}
}

func TestLogStreamRules(t *testing.T) {
	c := newCloud(t)
	c.createGroup(t, "g")
	c.createStream(t, "g", "s")
	for _, tt := range []struct{ group, stream, want string }{
		{"g", "s", "ResourceAlreadyExistsException: The specified log stream already exists"},
		{"h", "s", "ResourceNotFoundException: The specified log group does not exist."},
		{"g", "a:b", "InvalidParameterException: "},
		{"g", "a*", "InvalidParameterException: "},
		{"g", strings.Repeat("x", 513), "InvalidParameterException: Invalid LogGroup or LogStream, both must"},
		{"g", "ecs/app/0123 with space", ""},
	} {
		wiretest.WantFailure(t, expect.Err(c.CreateLogStream(t.Context(), &sdk.CreateLogStreamInput{LogGroupName: &tt.group, LogStreamName: &tt.stream})), tt.want)
	}
	expect.Value(c.DeleteLogStream(t.Context(), &sdk.DeleteLogStreamInput{LogGroupName: aws.String("g"), LogStreamName: aws.String("s")}))(t)
	_, err := c.GetLogEvents(t.Context(), &sdk.GetLogEventsInput{LogGroupName: aws.String("g"), LogStreamName: aws.String("s")})
	wiretest.WantFailure(t, err, "ResourceNotFoundException: The specified log stream does not exist.")
}

func TestTags(t *testing.T) {
	c := newCloud(t)
	expect.Value(c.CreateLogGroup(t.Context(), &sdk.CreateLogGroupInput{LogGroupName: aws.String("g"), Tags: map[string]string{"a": "1", "b": "2"}}))(t)
	arn := aws.String("arn:aws:logs:eu-west-1:111111111111:log-group:g")
	expect.Value(c.TagResource(t.Context(), &sdk.TagResourceInput{ResourceArn: arn, Tags: map[string]string{"b": "3", "c": "4"}}))(t)
	expect.Value(c.UntagResource(t.Context(), &sdk.UntagResourceInput{ResourceArn: arn, TagKeys: []string{"a"}}))(t)
	out := expect.Value(c.ListTagsForResource(t.Context(), &sdk.ListTagsForResourceInput{ResourceArn: arn}))(t)
	expect.Equal(t, map[string]string{"b": "3", "c": "4"}, out.Tags)
	_, err := c.TagResource(t.Context(), &sdk.TagResourceInput{ResourceArn: aws.String(*arn + "x"), Tags: map[string]string{"b": "3"}})
	wiretest.WantFailure(t, err, "ResourceNotFoundException: ")
}
