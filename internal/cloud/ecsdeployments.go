package cloud

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/tagboat/tagboat/internal/ecs"
)

// deploymentsACall is the limit of DescribeServiceDeployments, deploymentsAPage that of
// ListServiceDeployments.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServiceDeployments.html
const (
	deploymentsACall = 20
	deploymentsAPage = 100
)

// ListServiceDeployments returns the ARNs of a service's deployments that began since a
// time (the zero time: all that ECS remembers, ninety days), newest first.
func (e *ECS) ListServiceDeployments(ctx context.Context, cluster, service string, since time.Time) ([]string, error) {
	var created types.CreatedAt
	if !since.IsZero() {
		created.After = aws.Time(since)
	}
	var arns []string
	for page, err := range deploymentsCreated(ctx, e.client, cluster, service, created) {
		if err != nil {
			return nil, err
		}
		for _, d := range page {
			arns = append(arns, d.ARN)
		}
	}
	return arns, nil
}

// ServiceDeployments returns a service's deployments page by page, newest first, with
// what a list of them says; those created before a time, unless that is zero. It asks for a
// page when it is wanted.
func (e *ECS) ServiceDeployments(ctx context.Context, cluster, service string, before time.Time) iter.Seq2[[]ecs.ServiceDeployment, error] {
	var created types.CreatedAt
	if !before.IsZero() {
		created.Before = aws.Time(before)
	}
	return deploymentsCreated(ctx, e.client, cluster, service, created)
}

func deploymentsCreated(ctx context.Context, client *awsecs.Client, cluster, service string, created types.CreatedAt) iter.Seq2[[]ecs.ServiceDeployment, error] {
	in := &awsecs.ListServiceDeploymentsInput{
		Cluster: aws.String(cluster), Service: aws.String(service), MaxResults: aws.Int32(deploymentsAPage),
	}
	if created.After != nil || created.Before != nil {
		in.CreatedAt = &created
	}
	return func(yield func([]ecs.ServiceDeployment, error) bool) {
		for {
			page, err := client.ListServiceDeployments(ctx, in)
			if err != nil {
				yield(nil, translate(err))
				return
			}
			if !yield(each(page.ServiceDeployments, briefOf), nil) || aws.ToString(page.NextToken) == "" {
				return
			}
			in.NextToken = page.NextToken
		}
	}
}

func briefOf(d types.ServiceDeploymentBrief) ecs.ServiceDeployment {
	return ecs.ServiceDeployment{
		ARN: aws.ToString(d.ServiceDeploymentArn), ServiceARN: aws.ToString(d.ServiceArn), ClusterARN: aws.ToString(d.ClusterArn),
		Status: string(d.Status), StatusReason: aws.ToString(d.StatusReason), Target: ecs.RevisionState{ARN: aws.ToString(d.TargetServiceRevisionArn)},
		CreatedAt: aws.ToTime(d.CreatedAt), StartedAt: aws.ToTime(d.StartedAt), FinishedAt: aws.ToTime(d.FinishedAt),
	}
}

// DescribeServiceDeployments returns the service deployments with those ARNs. What ECS
// does not know, or does not know yet, is left out.
func (e *ECS) DescribeServiceDeployments(ctx context.Context, arns []string) ([]ecs.ServiceDeployment, error) {
	return inBatches(ctx, arns, deploymentsACall, func(ctx context.Context, arns []string) ([]ecs.ServiceDeployment, error) {
		out, err := e.client.DescribeServiceDeployments(ctx, &awsecs.DescribeServiceDeploymentsInput{ServiceDeploymentArns: arns})
		if err != nil {
			return nil, err
		}
		return each(out.ServiceDeployments, serviceDeploymentOf), nil
	})
}

// ContinueServiceDeployment answers a PAUSE hook that waits: the deployment goes on to
// its next stage or, with rollback, back to the revision before. A call
// whose answer got lost is not made again: its error wraps ecs.ErrAmbiguous, and
// DescribeServiceDeployments says what came of it.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/continue-service-deployment.html
func (e *ECS) ContinueServiceDeployment(ctx context.Context, arn, hookID string, rollback bool) error {
	action := types.DeploymentLifecycleHookActionContinue
	if rollback {
		action = types.DeploymentLifecycleHookActionRollback
	}
	_, err := e.client.ContinueServiceDeployment(ctx, &awsecs.ContinueServiceDeploymentInput{
		ServiceDeploymentArn: aws.String(arn), HookId: aws.String(hookID), Action: action,
	}, sentOnce)
	return afterOnce(err)
}

func serviceDeploymentOf(d types.ServiceDeployment) ecs.ServiceDeployment {
	deployment := ecs.ServiceDeployment{
		ARN:            aws.ToString(d.ServiceDeploymentArn),
		ServiceARN:     aws.ToString(d.ServiceArn),
		ClusterARN:     aws.ToString(d.ClusterArn),
		Status:         string(d.Status),
		StatusReason:   aws.ToString(d.StatusReason),
		LifecycleStage: string(d.LifecycleStage),
		CreatedAt:      aws.ToTime(d.CreatedAt),
		StartedAt:      aws.ToTime(d.StartedAt),
		FinishedAt:     aws.ToTime(d.FinishedAt),
		StoppedAt:      aws.ToTime(d.StoppedAt),
		Sources:        each(d.SourceServiceRevisions, revisionStateOf),
		Hooks:          each(d.LifecycleHookDetails, lifecycleHookOf),
	}
	if d.DeploymentConfiguration != nil {
		deployment.Strategy = string(d.DeploymentConfiguration.Strategy)
	}
	if d.TargetServiceRevision != nil {
		deployment.Target = revisionStateOf(*d.TargetServiceRevision)
	}
	if d.Alarms != nil {
		deployment.Alarms, deployment.AlarmsRinging = d.Alarms.AlarmNames, d.Alarms.TriggeredAlarmNames
	}
	if d.Rollback != nil {
		deployment.RollbackReason = aws.ToString(d.Rollback.Reason)
	}
	return deployment
}

func revisionStateOf(s types.ServiceRevisionSummary) ecs.RevisionState {
	return ecs.RevisionState{
		ARN:               aws.ToString(s.Arn),
		Requested:         int(s.RequestedTaskCount),
		Running:           int(s.RunningTaskCount),
		Pending:           int(s.PendingTaskCount),
		ProductionTraffic: aws.ToFloat64(s.RequestedProductionTrafficWeight),
		TestTraffic:       aws.ToFloat64(s.RequestedTestTrafficWeight),
	}
}

func lifecycleHookOf(h types.DeploymentLifecycleHookDetail) ecs.LifecycleHook {
	return ecs.LifecycleHook{
		ID:            aws.ToString(h.HookId),
		Type:          string(h.TargetType),
		Target:        aws.ToString(h.TargetArn),
		Status:        string(h.Status),
		TimeoutAction: string(h.TimeoutAction),
		ExpiresAt:     aws.ToTime(h.ExpiresAt),
	}
}

// revisionsACall is the limit of DescribeServiceRevisions.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServiceRevisions.html
const revisionsACall = 20

// DescribeServiceRevisions returns the service revisions with those ARNs. What ECS does
// not know, or does not know yet, is left out.
func (e *ECS) DescribeServiceRevisions(ctx context.Context, arns []string) ([]ecs.ServiceRevision, error) {
	return inBatches(ctx, arns, revisionsACall, func(ctx context.Context, arns []string) ([]ecs.ServiceRevision, error) {
		return describeServiceRevisions(ctx, e.client, arns)
	})
}

func describeServiceRevisions(ctx context.Context, client *awsecs.Client, arns []string) ([]ecs.ServiceRevision, error) {
	out, err := client.DescribeServiceRevisions(ctx, &awsecs.DescribeServiceRevisionsInput{ServiceRevisionArns: arns}, keepBody)
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
	revisions := make([]ecs.ServiceRevision, len(out.ServiceRevisions))
	for i, r := range out.ServiceRevisions {
		revisions[i] = serviceRevisionOf(r, records.ServiceRevisions[i])
	}
	return revisions, nil
}

func serviceRevisionOf(r types.ServiceRevision, record json.RawMessage) ecs.ServiceRevision {
	return ecs.ServiceRevision{
		ARN: aws.ToString(r.ServiceRevisionArn), TaskDefinition: aws.ToString(r.TaskDefinition), Record: record,
		Images: each(r.ContainerImages, func(i types.ContainerImage) ecs.RevisionImage {
			return ecs.RevisionImage{Container: aws.ToString(i.ContainerName), Image: aws.ToString(i.Image), Digest: aws.ToString(i.ImageDigest)}
		}),
	}
}
