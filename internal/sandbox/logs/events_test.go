package logs_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/wiretest"
)

func (c cloud) put(t *testing.T, events ...types.InputLogEvent) (*sdk.PutLogEventsOutput, error) {
	t.Helper()
	return c.PutLogEvents(t.Context(), &sdk.PutLogEventsInput{LogGroupName: aws.String("g"), LogStreamName: aws.String("s"), LogEvents: events})
}

// page reads one page of the stream s: its messages and the tokens.
func (c cloud) page(t *testing.T, in sdk.GetLogEventsInput) (messages, forward, backward string) {
	t.Helper()
	in.LogGroupName, in.LogStreamName = aws.String("g"), aws.String("s")
	out := expect.Value(c.GetLogEvents(t.Context(), &in))(t)
	var m []string
	for _, e := range out.Events {
		m = append(m, *e.Message)
	}
	return strings.Join(m, " "), *out.NextForwardToken, *out.NextBackwardToken
}

func newStream(t *testing.T) cloud {
	c := newCloud(t)
	c.createGroup(t, "g")
	c.createStream(t, "g", "s")
	return c
}

func TestPutLogEventsRules(t *testing.T) {
	big := strings.Repeat("x", 1<<19)
	many := make([]types.InputLogEvent, 10_001)
	for i := range many {
		many[i] = line(0, "m")
	}
	for name, tt := range map[string]struct {
		events []types.InputLogEvent
		want   string
	}{
		"in order":        {[]types.InputLogEvent{line(0, "a"), line(0, "b"), line(1, "c")}, ""},
		"out of order":    {[]types.InputLogEvent{line(time.Second, "a"), line(0, "b")}, "InvalidParameterException: Log events in a single PutLogEvents request must be in chronological order."},
		"none":            {[]types.InputLogEvent{}, "InvalidParameterException: "},
		"empty message":   {[]types.InputLogEvent{line(0, "")}, "InvalidParameterException: 1 validation error detected: Value '' at 'logEvents.1.member.message'"},
		"too many":        {many, "InvalidParameterException: "},
		"just fits":       {[]types.InputLogEvent{line(0, big[26:]), line(0, big[26:])}, ""},
		"too large":       {[]types.InputLogEvent{line(0, big[26:]), line(0, big[25:])}, "InvalidParameterException: Upload too large: 1048577 bytes exceeds limit of 1048576"},
		"more than a day": {[]types.InputLogEvent{line(-25*time.Hour, "a"), line(0, "b")}, "InvalidParameterException: The batch of log events in a single PutLogEvents request cannot span more than 24 hours."},
	} {
		t.Run(name, func(t *testing.T) {
			wiretest.WantFailure(t, expect.Err(newStream(t).put(t, tt.events...)), tt.want)
		})
	}
}

func TestPutLogEventsRejects(t *testing.T) {
	c := newStream(t)
	out := expect.Value(c.put(t, line(-15*24*time.Hour, "old"), line(0, "now"), line(2*time.Hour, "soon"), line(2*time.Hour+time.Millisecond, "too soon")))(t)
	want := &types.RejectedLogEventsInfo{TooOldLogEventEndIndex: aws.Int32(1), TooNewLogEventStartIndex: aws.Int32(3)}
	expect.Equal(t, want, out.RejectedLogEventsInfo, sdkOnly)
	if got, _, _ := c.page(t, sdk.GetLogEventsInput{}); got != "now soon" {
		t.Errorf("written: %q", got)
	}

	expect.Value(c.PutRetentionPolicy(t.Context(), &sdk.PutRetentionPolicyInput{LogGroupName: aws.String("g"), RetentionInDays: aws.Int32(1)}))(t)
	out = expect.Value(c.put(t, line(-25*time.Hour, "expired"), line(time.Minute, "fresh")))(t)
	want = &types.RejectedLogEventsInfo{ExpiredLogEventEndIndex: aws.Int32(1)}
	expect.Equal(t, want, out.RejectedLogEventsInfo, sdkOnly)
}

func TestGetLogEventsForward(t *testing.T) {
	c := newStream(t)
	expect.Value(c.put(t, line(0, "a"), line(0, "b"), line(1*time.Second, "c")))(t)
	in := sdk.GetLogEventsInput{Limit: aws.Int32(2), StartFromHead: aws.Bool(true)}
	read := func() string {
		messages, forward, _ := c.page(t, in)
		if in.NextToken != nil && messages == "" && forward != *in.NextToken {
			t.Errorf("at the end the token %s became %s", *in.NextToken, forward)
		}
		in.NextToken = &forward
		return messages
	}
	got := []string{read(), read(), read(), read()}
	c.service.Append(here, "g", "s", start.Add(time.Second), "d")
	got = append(got, read(), read())
	expect.Equal(t, []string{"a b", "c", "", "", "d", ""}, got)
}

func TestGetLogEventsBackward(t *testing.T) {
	c := newStream(t)
	expect.Value(c.put(t, line(0, "a"), line(0, "b"), line(1*time.Second, "c")))(t)
	in := sdk.GetLogEventsInput{Limit: aws.Int32(2)}
	messages, forward, backward := c.page(t, in)
	expect.EqualIn(t, "the newest", "b c", messages)
	in.NextToken = &backward
	messages, _, backward = c.page(t, in)
	expect.EqualIn(t, "before them", "a", messages)
	in.NextToken = &backward
	messages, _, again := c.page(t, in)
	if messages != "" || again != backward {
		t.Errorf("before all are %q, and the token %s became %s", messages, backward, again)
	}
	in.NextToken = &forward
	c.service.Append(here, "g", "s", start.Add(2*time.Second), "d")
	if messages, _, _ = c.page(t, in); messages != "d" {
		t.Errorf("after the newest are %q", messages)
	}
}

func TestGetLogEventsRange(t *testing.T) {
	c := newStream(t)
	c.service.Append(here, "g", "s", start.Add(2*time.Second), "c")
	c.service.Append(here, "g", "s", start, "a")
	c.service.Append(here, "g", "s", start.Add(time.Second), "b")
	at := func(d time.Duration) *int64 { return aws.Int64(start.Add(d).UnixMilli()) }
	for name, tt := range map[string]struct {
		in   sdk.GetLogEventsInput
		want string
	}{
		"all in order":         {sdk.GetLogEventsInput{}, "a b c"},
		"from, inclusive":      {sdk.GetLogEventsInput{StartTime: at(time.Second)}, "b c"},
		"to, exclusive":        {sdk.GetLogEventsInput{EndTime: at(2 * time.Second)}, "a b"},
		"nothing":              {sdk.GetLogEventsInput{StartTime: at(time.Hour)}, ""},
		"from the head, one":   {sdk.GetLogEventsInput{StartFromHead: aws.Bool(true), Limit: aws.Int32(1)}, "a"},
		"from the tail, one":   {sdk.GetLogEventsInput{Limit: aws.Int32(1)}, "c"},
		"the tail of a range":  {sdk.GetLogEventsInput{EndTime: at(2 * time.Second), Limit: aws.Int32(1)}, "b"},
		"the head of a range ": {sdk.GetLogEventsInput{StartTime: at(time.Second), Limit: aws.Int32(1), StartFromHead: aws.Bool(true)}, "b"},
	} {
		t.Run(name, func(t *testing.T) {
			if got, _, _ := c.page(t, tt.in); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	for token, want := range map[string]string{
		"rubbish": "InvalidParameterException: The specified nextToken is invalid.",
		"f/1/s":   "InvalidParameterException: The specified nextToken is invalid.",
	} {
		_, err := c.GetLogEvents(t.Context(), &sdk.GetLogEventsInput{LogGroupName: aws.String("g"), LogStreamName: aws.String("s"), NextToken: &token})
		wiretest.WantFailure(t, err, want)
	}
	_, err := c.GetLogEvents(t.Context(), &sdk.GetLogEventsInput{LogGroupName: aws.String("g"), LogStreamName: aws.String("s"), Limit: aws.Int32(10_001)})
	wiretest.WantFailure(t, err, "InvalidParameterException: 1 validation error detected: Value '10001' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 10000")
}

func TestPagesKeepToTheirSize(t *testing.T) {
	c := newStream(t)
	for i := range 5 {
		c.service.Append(here, "g", "s", start.Add(time.Duration(i)), strings.Repeat("x", 400_000))
	}
	for name, fromHead := range map[string]bool{"head": true, "tail": false} {
		out, err := c.GetLogEvents(t.Context(), &sdk.GetLogEventsInput{LogGroupName: aws.String("g"), LogStreamName: aws.String("s"), StartFromHead: &fromHead})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(out.Events) != 2 {
			t.Errorf("%s: %d events, wanted 2", name, len(out.Events))
		}
	}
}

func TestAppendMakesGroupAndStream(t *testing.T) {
	c := newCloud(t)
	c.service.Append(here, "/made", "ecs/app/1", start, "hello")
	if !c.service.GroupExists(here, "/made") {
		t.Error("no group was made")
	}
	out, err := c.FilterLogEvents(t.Context(), &sdk.FilterLogEventsInput{LogGroupName: aws.String("/made")})
	if err != nil || len(out.Events) != 1 || *out.Events[0].LogStreamName != "ecs/app/1" {
		t.Errorf("got %v, %v", out, err)
	}
}

func TestSaveAndLoad(t *testing.T) {
	c := newStream(t)
	c.service.Append(here, "g", "s", start, "kept")
	state := expect.Value(c.service.Save())(t)
	data := expect.Value(json.Marshal(state))(t)
	to := newCloud(t)
	expect.OK(t, to.service.Load(data))
	to.service.Append(here, "g", "s", start, "new")
	if got, _, _ := to.page(t, sdk.GetLogEventsInput{}); got != "kept new" {
		t.Errorf("after loading: %q", got)
	}
	for _, bad := range []string{`{`, `{}`, `[{"Groups":{"g":null}}]`} {
		if err := to.service.Load(json.RawMessage(bad)); err == nil {
			t.Errorf("loaded %s", bad)
		}
	}
	if got, _, _ := to.page(t, sdk.GetLogEventsInput{}); got != "kept new" {
		t.Errorf("after a load that went wrong: %q", got)
	}
}

func TestConcurrentUse(t *testing.T) {
	c := newStream(t)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 50 {
			c.service.Append(here, "g", "s", start, fmt.Sprint(i))
		}
	}()
	for range 5 {
		c.page(t, sdk.GetLogEventsInput{})
	}
	<-done
	if got, _, _ := c.page(t, sdk.GetLogEventsInput{}); len(strings.Fields(got)) != 50 {
		t.Errorf("read %q", got)
	}
}
