package cloud

import (
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/tagboat/tagboat/internal/ecs"
)

// Logs is CloudWatch Logs in one place. It may be used by several goroutines at once.
type Logs struct {
	client *cloudwatchlogs.Client
}

// GroupExists tells whether there is a log group with that name.
func (l *Logs) GroupExists(ctx context.Context, name string) (bool, error) {
	pages := cloudwatchlogs.NewDescribeLogGroupsPaginator(l.client, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: aws.String(name)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return false, explain(err)
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
			return nil, explain(err)
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
