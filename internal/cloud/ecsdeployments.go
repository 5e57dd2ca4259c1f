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
	in := &awsecs.ListServiceDeploymentsInput{
		Cluster: aws.String(cluster), Service: aws.String(service), MaxResults: aws.Int32(deploymentsAPage),
	}
	if !since.IsZero() {
		in.CreatedAt = &types.CreatedAt{After: aws.Time(since)}
	}
	var arns []string
	for {
		page, err := e.client.ListServiceDeployments(ctx, in)
		if err != nil {
			return nil, explain(err)
		}
		for _, d := range page.ServiceDeployments {
			arns = append(arns, aws.ToString(d.ServiceDeploymentArn))
		}
		if aws.ToString(page.NextToken) == "" {
			return arns, nil
		}
		in.NextToken = page.NextToken
	}
}

// ServiceDeployments returns a service's deployments page by page, newest first, as far as
// a list of them tells; those created before a time, unless that is zero. A page is asked
// for when it is wanted.
func (e *ECS) ServiceDeployments(ctx context.Context, cluster, service string, before time.Time) iter.Seq2[[]ecs.ServiceDeployment, error] {
	in := &awsecs.ListServiceDeploymentsInput{
		Cluster: aws.String(cluster), Service: aws.String(service), MaxResults: aws.Int32(deploymentsAPage),
	}
	if !before.IsZero() {
		in.CreatedAt = &types.CreatedAt{Before: aws.Time(before)}
	}
	return func(yield func([]ecs.ServiceDeployment, error) bool) {
		for {
			page, err := e.client.ListServiceDeployments(ctx, in)
			if err != nil {
				yield(nil, explain(err))
				return
			}
			if !yield(briefsOf(page.ServiceDeployments), nil) || aws.ToString(page.NextToken) == "" {
				return
			}
			in.NextToken = page.NextToken
		}
	}
}

func briefsOf(briefs []types.ServiceDeploymentBrief) []ecs.ServiceDeployment {
	deployments := make([]ecs.ServiceDeployment, len(briefs))
	for i, d := range briefs {
		deployments[i] = ecs.ServiceDeployment{
			ARN: aws.ToString(d.ServiceDeploymentArn), ServiceARN: aws.ToString(d.ServiceArn), ClusterARN: aws.ToString(d.ClusterArn),
			Status: string(d.Status), StatusReason: aws.ToString(d.StatusReason), Target: ecs.RevisionState{ARN: aws.ToString(d.TargetServiceRevisionArn)},
			CreatedAt: aws.ToTime(d.CreatedAt), StartedAt: aws.ToTime(d.StartedAt), FinishedAt: aws.ToTime(d.FinishedAt),
		}
	}
	return deployments
}

// DescribeServiceDeployments returns the service deployments with those ARNs. What ECS
// does not know, or does not know yet, is left out.
func (e *ECS) DescribeServiceDeployments(ctx context.Context, arns []string) ([]ecs.ServiceDeployment, error) {
	answers, err := inBatches(ctx, arns, deploymentsACall, func(ctx context.Context, arns []string) ([]types.ServiceDeployment, error) {
		out, err := e.client.DescribeServiceDeployments(ctx, &awsecs.DescribeServiceDeploymentsInput{ServiceDeploymentArns: arns})
		if err != nil {
			return nil, err
		}
		return out.ServiceDeployments, nil
	})
	if err != nil {
		return nil, explain(err)
	}
	var deployments []ecs.ServiceDeployment
	for _, a := range answers {
		for _, d := range a {
			deployments = append(deployments, serviceDeploymentOf(d))
		}
	}
	return deployments, nil
}

// StopServiceDeployment rolls a service deployment that goes on back to the revision
// that the service ran before. A call whose answer got lost is not made again: its error
// wraps ecs.ErrAmbiguous, and DescribeServiceDeployments tells what it came to.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopServiceDeployment.html
func (e *ECS) StopServiceDeployment(ctx context.Context, arn string) error {
	_, err := e.client.StopServiceDeployment(ctx, &awsecs.StopServiceDeploymentInput{
		ServiceDeploymentArn: aws.String(arn), StopType: types.StopServiceDeploymentStopTypeRollback,
	}, sentOnce)
	return afterOnce(err)
}

// ContinueServiceDeployment answers a PAUSE hook that waits: the deployment goes on to
// its next stage or, with rollback, back to the revision before. Like StopServiceDeployment
// it is sent once.
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
	}
	if d.DeploymentConfiguration != nil {
		deployment.Strategy = string(d.DeploymentConfiguration.Strategy)
	}
	if d.TargetServiceRevision != nil {
		deployment.Target = revisionStateOf(*d.TargetServiceRevision)
	}
	for _, s := range d.SourceServiceRevisions {
		deployment.Sources = append(deployment.Sources, revisionStateOf(s))
	}
	for _, h := range d.LifecycleHookDetails {
		deployment.Hooks = append(deployment.Hooks, lifecycleHookOf(h))
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
