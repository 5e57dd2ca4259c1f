package cloud

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/tagboat/tagboat/internal/ecs"
)

// Targets are the target groups in one place. It may be used by several goroutines at
// once.
type Targets struct {
	client *elb.Client
}

// Health returns what a target group says of its targets.
func (t *Targets) Health(ctx context.Context, arn string) ([]ecs.TargetHealth, error) {
	out, err := t.client.DescribeTargetHealth(ctx, &elb.DescribeTargetHealthInput{TargetGroupArn: aws.String(arn)})
	if err != nil {
		return nil, explain(err)
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

// Missing returns those of the target groups that do not exist.
func (t *Targets) Missing(ctx context.Context, arns []string) ([]string, error) {
	if len(arns) == 0 {
		return nil, nil
	}
	_, err := t.client.DescribeTargetGroups(ctx, &elb.DescribeTargetGroupsInput{TargetGroupArns: arns})
	switch {
	case err == nil:
		return nil, nil
	case !hasCode(err, "TargetGroupNotFound"):
		return nil, explain(err)
	case len(arns) == 1:
		return arns, nil
	}
	answers, err := inBatches(ctx, arns, 1, t.Missing) // AWS does not say which one it is
	if err != nil {
		return nil, err
	}
	var missing []string
	for _, a := range answers {
		missing = append(missing, a...)
	}
	return missing, nil
}
