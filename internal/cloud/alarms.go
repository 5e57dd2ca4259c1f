package cloud

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/tagboat/tagboat/internal/ecs"
)

// alarmsACall is the limit of names in a call of DescribeAlarms.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
const alarmsACall = 100

// Alarms are CloudWatch's alarms in one place. It may be used by several goroutines at
// once.
type Alarms struct {
	client *cloudwatch.Client
}

// Describe returns the metric and composite alarms with those names. An alarm that is
// not there is left out.
func (a *Alarms) Describe(ctx context.Context, names []string) ([]ecs.Alarm, error) {
	answers, err := inBatches(ctx, names, alarmsACall, a.describe)
	if err != nil {
		return nil, explain(err)
	}
	var all []ecs.Alarm
	for _, found := range answers {
		all = append(all, found...)
	}
	return all, nil
}

func (a *Alarms) describe(ctx context.Context, names []string) ([]ecs.Alarm, error) {
	out, err := a.client.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{
		AlarmNames: names,
		AlarmTypes: []types.AlarmType{types.AlarmTypeMetricAlarm, types.AlarmTypeCompositeAlarm}, // left out, composite ones are
		MaxRecords: aws.Int32(alarmsACall),
	})
	if err != nil {
		return nil, err
	}
	var all []ecs.Alarm
	for _, m := range out.MetricAlarms {
		all = append(all, ecs.Alarm{
			Name: aws.ToString(m.AlarmName), State: string(m.StateValue),
			Reason: aws.ToString(m.StateReason), Since: aws.ToTime(m.StateUpdatedTimestamp),
		})
	}
	for _, c := range out.CompositeAlarms {
		all = append(all, ecs.Alarm{
			Name: aws.ToString(c.AlarmName), State: string(c.StateValue),
			Reason: aws.ToString(c.StateReason), Since: aws.ToTime(c.StateUpdatedTimestamp),
		})
	}
	return all, nil
}
