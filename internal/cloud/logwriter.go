package cloud

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/journal"
)

var _ journal.Log = (*Logs)(nil)

// Append implements journal.Log. AWS no longer wants a token for the next write, so that
// any number of writers may append to a stream.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
func (l *Logs) Append(ctx context.Context, group, stream string, lines []ecs.LogLine) error {
	in := &cloudwatchlogs.PutLogEventsInput{LogGroupName: aws.String(group), LogStreamName: aws.String(stream)}
	for _, line := range lines {
		in.LogEvents = append(in.LogEvents, types.InputLogEvent{Message: aws.String(line.Message), Timestamp: aws.Int64(line.At.UnixMilli())})
	}
	out, err := l.client.PutLogEvents(ctx, in)
	if err != nil {
		return explain(err)
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
		return explain(err)
	case retentionDays > 0:
		in := &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: aws.String(group), RetentionInDays: aws.Int32(int32(retentionDays))}
		if _, err := l.client.PutRetentionPolicy(ctx, in); err != nil {
			return explain(err)
		}
	}
	_, err = l.client.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: aws.String(group), LogStreamName: aws.String(stream)})
	if err != nil && !hasCode(err, "ResourceAlreadyExistsException") {
		return explain(err)
	}
	return nil
}

// Between implements journal.Log, a stream after another: FilterLogEvents refuses all of
// them where one is not there. It takes the end of its range as well, to the millisecond.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
func (l *Logs) Between(ctx context.Context, group string, streams []string, from, to time.Time) ([]ecs.LogLine, error) {
	var lines []ecs.LogLine
	for _, stream := range streams {
		pages := cloudwatchlogs.NewFilterLogEventsPaginator(l.client, &cloudwatchlogs.FilterLogEventsInput{
			LogGroupName: aws.String(group), LogStreamNames: []string{stream},
			StartTime: aws.Int64(max(0, from.UnixMilli())), EndTime: aws.Int64(to.UnixMilli() - 1),
		})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if hasCode(err, "ResourceNotFoundException") {
				break
			}
			if err != nil {
				return nil, explain(err)
			}
			for _, e := range page.Events {
				lines = append(lines, ecs.LogLine{At: time.UnixMilli(aws.ToInt64(e.Timestamp)).UTC(), Message: aws.ToString(e.Message)})
			}
		}
	}
	return lines, nil
}
