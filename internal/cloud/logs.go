package cloud

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/journal"
)

// Logs is CloudWatch Logs in one place. It is safe for concurrent use.
type Logs struct {
	client *cloudwatchlogs.Client
}

// GroupExists reports whether there is a log group with that name.
func (l *Logs) GroupExists(ctx context.Context, name string) (bool, error) {
	pages := cloudwatchlogs.NewDescribeLogGroupsPaginator(l.client, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: aws.String(name)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return false, translate(err)
		}
		for _, g := range page.LogGroups {
			if aws.ToString(g.LogGroupName) == name {
				return true, nil
			}
		}
	}
	return false, nil
}

// pagesTailed bounds how far Tail goes back: pages of GetLogEvents may be empty.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html
const pagesTailed = 5

// Tail returns the last n lines of a stream, oldest first. The error wraps
// ecs.ErrNotFound where there is no such stream, as for a container that printed nothing.
func (l *Logs) Tail(ctx context.Context, group, stream string, n int) ([]ecs.LogLine, error) {
	in := &cloudwatchlogs.GetLogEventsInput{
		LogGroupName: aws.String(group), LogStreamName: aws.String(stream), Limit: aws.Int32(int32(n)), StartFromHead: aws.Bool(false),
	}
	var lines []ecs.LogLine
	for range pagesTailed {
		out, err := l.client.GetLogEvents(ctx, in)
		if err != nil {
			return nil, translate(err)
		}
		var page []ecs.LogLine
		for _, e := range out.Events {
			page = append(page, ecs.LogLine{At: time.UnixMilli(aws.ToInt64(e.Timestamp)).UTC(), Message: aws.ToString(e.Message)})
		}
		lines = slices.Concat(page, lines)
		if len(lines) >= n || aws.ToString(out.NextBackwardToken) == aws.ToString(in.NextToken) {
			break
		}
		in.NextToken = out.NextBackwardToken
	}
	return lines[max(0, len(lines)-n):], nil
}

// LogPosition is a place in a stream: where a token goes on, or a time where there is none.
type LogPosition struct {
	Group, Stream string
	From          time.Time
	Token         string
}

// After returns the lines of a stream behind a position, oldest first, as many as one answer
// has, and the token for those behind them. At the end of the stream that is the token of the
// position itself. The error wraps ecs.ErrNotFound where there is no such stream.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html
func (l *Logs) After(ctx context.Context, at LogPosition) (lines []ecs.LogLine, token string, err error) {
	in := &cloudwatchlogs.GetLogEventsInput{
		LogGroupName: aws.String(at.Group), LogStreamName: aws.String(at.Stream), StartFromHead: aws.Bool(true), StartTime: aws.Int64(at.From.UnixMilli()),
	}
	if at.Token != "" {
		in.NextToken = aws.String(at.Token)
	}
	out, err := l.client.GetLogEvents(ctx, in)
	if err != nil {
		return nil, "", translate(err)
	}
	for _, e := range out.Events {
		lines = append(lines, ecs.LogLine{At: time.UnixMilli(aws.ToInt64(e.Timestamp)).UTC(), Message: aws.ToString(e.Message)})
	}
	return lines, aws.ToString(out.NextForwardToken), nil
}

var _ journal.Log = (*Logs)(nil)

// What one call of PutLogEvents takes: so many lines, and so many bytes, of which each line
// costs more than its own.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
const (
	linesAtOnce = 10_000
	bytesAtOnce = 1 << 20
	lineCosts   = 26
)

// Append implements journal.Log, in as many calls as it takes. AWS no longer wants a token
// for the next write, so that any number of writers may append to a stream.
func (l *Logs) Append(ctx context.Context, group, stream string, lines []ecs.LogLine) error {
	for len(lines) > 0 {
		n := fitting(lines)
		if err := l.put(ctx, group, stream, lines[:n]); err != nil {
			return err
		}
		lines = lines[n:]
	}
	return nil
}

// fitting returns how many lines go into one call; one at least, whatever AWS makes of it.
func fitting(lines []ecs.LogLine) int {
	n, bytes := 0, 0
	for n < len(lines) && n < linesAtOnce {
		bytes += len(lines[n].Message) + lineCosts
		if bytes > bytesAtOnce {
			break
		}
		n++
	}
	return max(n, 1)
}

func (l *Logs) put(ctx context.Context, group, stream string, lines []ecs.LogLine) error {
	in := &cloudwatchlogs.PutLogEventsInput{LogGroupName: aws.String(group), LogStreamName: aws.String(stream)}
	for _, line := range lines {
		in.LogEvents = append(in.LogEvents, types.InputLogEvent{Message: aws.String(line.Message), Timestamp: aws.Int64(line.At.UnixMilli())})
	}
	out, err := l.client.PutLogEvents(ctx, in)
	if err != nil {
		return translate(err)
	}
	if out.RejectedLogEventsInfo != nil {
		return fmt.Errorf("CloudWatch Logs dropped lines whose time it does not take: %d lines from %s", len(lines), lines[0].At.UTC().Format(time.RFC3339))
	}
	return nil
}

// Create implements journal.Log.
func (l *Logs) Create(ctx context.Context, group, stream string, retentionDays int) error {
	_, err := l.client.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String(group)})
	switch {
	case hasCode(err, "ResourceAlreadyExistsException"):
	case err != nil:
		return translate(err)
	case retentionDays > 0:
		in := &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: aws.String(group), RetentionInDays: aws.Int32(int32(retentionDays))}
		if _, err := l.client.PutRetentionPolicy(ctx, in); err != nil {
			return translate(err)
		}
	}
	_, err = l.client.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: aws.String(group), LogStreamName: aws.String(stream)})
	if err != nil && !hasCode(err, "ResourceAlreadyExistsException") {
		return translate(err)
	}
	return nil
}

// firstBackward is the earliest time that FilterLogEvents goes back to from the newest line.
var firstBackward = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

// Backward implements journal.Log. FilterLogEvents takes the end of its range as well, to
// the millisecond.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
func (l *Logs) Backward(ctx context.Context, group, stream string, from, to time.Time) iter.Seq2[ecs.LogLine, error] {
	if from.Before(firstBackward) {
		from = firstBackward // no line of ours is older
	}
	return func(yield func(ecs.LogLine, error) bool) {
		pages := cloudwatchlogs.NewFilterLogEventsPaginator(l.client, &cloudwatchlogs.FilterLogEventsInput{
			LogGroupName: aws.String(group), LogStreamNames: []string{stream}, StartFromHead: aws.Bool(false),
			StartTime: aws.Int64(from.UnixMilli()), EndTime: aws.Int64(to.UnixMilli() - 1),
		})
		for last := to; pages.HasMorePages(); {
			page, err := pages.NextPage(ctx)
			if hasCode(err, "ResourceNotFoundException") {
				return
			}
			if err != nil {
				yield(ecs.LogLine{}, translate(err))
				return
			}
			for _, e := range page.Events {
				line := ecs.LogLine{At: time.UnixMilli(aws.ToInt64(e.Timestamp)).UTC(), Message: aws.ToString(e.Message)}
				if line.At.After(last) {
					yield(ecs.LogLine{}, fmt.Errorf("CloudWatch Logs was asked for the newest lines of %s first, and answers the oldest", group))
					return
				}
				if last = line.At; !yield(line, nil) {
					return
				}
			}
		}
	}
}
