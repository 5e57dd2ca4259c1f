package cloud

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/tagboat/tagboat/internal/ecs"
)

// revisionsACall is the limit of DescribeServiceRevisions.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServiceRevisions.html
const revisionsACall = 20

// DescribeServiceRevisions returns the service revisions with those ARNs. What ECS does
// not know, or does not know yet, is left out.
func (e *ECS) DescribeServiceRevisions(ctx context.Context, arns []string) ([]ecs.ServiceRevision, error) {
	answers, err := inBatches(ctx, arns, revisionsACall, e.describeServiceRevisions)
	if err != nil {
		return nil, explain(err)
	}
	var all []ecs.ServiceRevision
	for _, found := range answers {
		all = append(all, found...)
	}
	return all, nil
}

func (e *ECS) describeServiceRevisions(ctx context.Context, arns []string) ([]ecs.ServiceRevision, error) {
	out, err := e.client.DescribeServiceRevisions(ctx, &awsecs.DescribeServiceRevisionsInput{ServiceRevisionArns: arns}, keepBody)
	if err != nil {
		return nil, err
	}
	var records struct {
		ServiceRevisions []json.RawMessage `json:"serviceRevisions"`
	}
	if err := bodyOf(out.ResultMetadata, &records); err != nil {
		return nil, err
	}
	if len(records.ServiceRevisions) != len(out.ServiceRevisions) {
		return nil, errors.New("ecs.DescribeServiceRevisions: AWS's answer has records that could not be read")
	}
	found := make([]ecs.ServiceRevision, len(out.ServiceRevisions))
	for i, r := range out.ServiceRevisions {
		found[i] = serviceRevisionOf(r, records.ServiceRevisions[i])
	}
	return found, nil
}

func serviceRevisionOf(r types.ServiceRevision, record json.RawMessage) ecs.ServiceRevision {
	revision := ecs.ServiceRevision{
		ARN: aws.ToString(r.ServiceRevisionArn), TaskDefinition: aws.ToString(r.TaskDefinition), Record: record,
	}
	for _, i := range r.ContainerImages {
		revision.Images = append(revision.Images, ecs.RevisionImage{
			Container: aws.ToString(i.ContainerName), Image: aws.ToString(i.Image), Digest: aws.ToString(i.ImageDigest),
		})
	}
	return revision
}
