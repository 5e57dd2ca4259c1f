package cloud

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/tagboat/tagboat/internal/ecs"
)

// Targets are the target groups in one place. It is safe for concurrent use.
type Targets struct {
	client *elb.Client
}

// Health returns what a target group says of its targets.
func (t *Targets) Health(ctx context.Context, arn string) ([]ecs.TargetHealth, error) {
	out, err := t.client.DescribeTargetHealth(ctx, &elb.DescribeTargetHealthInput{TargetGroupArn: aws.String(arn)})
	if err != nil {
		return nil, translate(err)
	}
	var all []ecs.TargetHealth
	for _, d := range out.TargetHealthDescriptions {
		h := ecs.TargetHealth{TargetGroup: arn}
		if d.Target != nil {
			h.Target, h.Port = aws.ToString(d.Target.Id), int(aws.ToInt32(d.Target.Port))
		}
		if d.TargetHealth != nil {
			h.State, h.Reason = string(d.TargetHealth.State), string(d.TargetHealth.Reason)
			h.Description = aws.ToString(d.TargetHealth.Description)
		}
		all = append(all, h)
	}
	return all, nil
}

// Groups returns those of the target groups that exist.
func (t *Targets) Groups(ctx context.Context, arns []string) ([]ecs.TargetGroup, error) {
	if len(arns) == 0 {
		return nil, nil
	}
	out, err := t.client.DescribeTargetGroups(ctx, &elb.DescribeTargetGroupsInput{TargetGroupArns: arns})
	switch {
	case err == nil:
	case !hasCode(err, "TargetGroupNotFound"):
		return nil, translate(err)
	case len(arns) == 1:
		return nil, nil
	default:
		return inBatches(ctx, arns, 1, t.Groups) // AWS does not say which one it is
	}
	var groups []ecs.TargetGroup
	for _, g := range out.TargetGroups {
		groups = append(groups, ecs.TargetGroup{ARN: aws.ToString(g.TargetGroupArn), Type: string(g.TargetType), LoadBalancers: g.LoadBalancerArns})
	}
	return groups, nil
}

// alarmsACall is the limit of names in a call of DescribeAlarms.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
const alarmsACall = 100

// Alarms are CloudWatch's alarms in one place. It is safe for concurrent use.
type Alarms struct {
	client *cloudwatch.Client
}

// alarmTypes are those that deployments watch. Where none are named, composite alarms are left out.
func alarmTypes() []types.AlarmType {
	return []types.AlarmType{types.AlarmTypeMetricAlarm, types.AlarmTypeCompositeAlarm}
}

// Describe returns the metric and composite alarms with those names. An alarm that is
// not there is left out.
func (a *Alarms) Describe(ctx context.Context, names []string) ([]ecs.Alarm, error) {
	return inBatches(ctx, names, alarmsACall, a.describe)
}

func (a *Alarms) describe(ctx context.Context, names []string) ([]ecs.Alarm, error) {
	out, err := a.client.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{
		AlarmNames: names,
		AlarmTypes: alarmTypes(),
		MaxRecords: aws.Int32(alarmsACall),
	})
	if err != nil {
		return nil, err
	}
	var all []ecs.Alarm
	for _, m := range out.MetricAlarms {
		all = append(all, ecs.Alarm{
			Name: aws.ToString(m.AlarmName), State: string(m.StateValue),
			Reason: aws.ToString(m.StateReason), Since: aws.ToTime(m.StateUpdatedTimestamp), Came: aws.ToTime(m.StateTransitionedTimestamp),
		})
	}
	for _, c := range out.CompositeAlarms {
		all = append(all, ecs.Alarm{
			Name: aws.ToString(c.AlarmName), State: string(c.StateValue),
			Reason: aws.ToString(c.StateReason), Since: aws.ToTime(c.StateUpdatedTimestamp), Came: aws.ToTime(c.StateTransitionedTimestamp),
		})
	}
	return all, nil
}

// Changes returns how the state of an alarm changed since a time, the newest first. CloudWatch
// remembers thirty days. A hundred changes are a call.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarmHistory.html
func (a *Alarms) Changes(ctx context.Context, name string, since time.Time) ([]ecs.AlarmChange, error) {
	var all []ecs.AlarmChange
	in := &cloudwatch.DescribeAlarmHistoryInput{
		AlarmName: aws.String(name), AlarmTypes: alarmTypes(), StartDate: aws.Time(since),
		HistoryItemType: types.HistoryItemTypeStateUpdate, ScanBy: types.ScanByTimestampDescending, MaxRecords: aws.Int32(alarmsACall),
	}
	for {
		out, err := a.client.DescribeAlarmHistory(ctx, in)
		if err != nil {
			return nil, translate(err)
		}
		for _, item := range out.AlarmHistoryItems {
			all = append(all, changeOf(item))
		}
		if in.NextToken = out.NextToken; aws.ToString(in.NextToken) == "" {
			return all, nil
		}
	}
}

// changeOf reads an item. Its data, which CloudWatch cuts at 4,095 characters, may not be JSON
// any more: then the summary says the state, "Alarm updated from OK to ALARM".
func changeOf(item types.AlarmHistoryItem) ecs.AlarmChange {
	var data struct {
		NewState struct {
			StateValue  string `json:"stateValue"`
			StateReason string `json:"stateReason"`
		} `json:"newState"`
	}
	summary := aws.ToString(item.HistorySummary)
	if json.Unmarshal([]byte(aws.ToString(item.HistoryData)), &data) != nil || data.NewState.StateValue == "" {
		data.NewState.StateValue, data.NewState.StateReason = summary[strings.LastIndex(summary, " ")+1:], summary
	}
	return ecs.AlarmChange{At: aws.ToTime(item.Timestamp), State: data.NewState.StateValue, Reason: data.NewState.StateReason}
}
