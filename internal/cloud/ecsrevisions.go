package cloud

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
)

// revisionsACall is the limit of DescribeServiceRevisions.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServiceRevisions.html
const revisionsACall = 20

// ServiceRevisions returns the ARN of the task definition of each service revision. What
// ECS does not know, or does not know yet, is left out.
func (e *ECS) ServiceRevisions(ctx context.Context, arns []string) (map[string]string, error) {
	answers, err := inBatches(ctx, arns, revisionsACall, func(ctx context.Context, arns []string) (map[string]string, error) {
		out, err := e.client.DescribeServiceRevisions(ctx, &awsecs.DescribeServiceRevisionsInput{ServiceRevisionArns: arns})
		if err != nil {
			return nil, err
		}
		found := map[string]string{}
		for _, r := range out.ServiceRevisions {
			found[aws.ToString(r.ServiceRevisionArn)] = aws.ToString(r.TaskDefinition)
		}
		return found, nil
	})
	if err != nil {
		return nil, explain(err)
	}
	all := map[string]string{}
	for _, found := range answers {
		for arn, definition := range found {
			all[arn] = definition
		}
	}
	return all, nil
}
