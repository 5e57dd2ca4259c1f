package cloud

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/tagboat/tagboat/internal/cfn"
	"github.com/tagboat/tagboat/internal/ecs"
)

// Stacks is CloudFormation in one place. It is safe for concurrent use.
type Stacks struct {
	client func() *cloudformation.Client // which few commands need
}

// Describe returns a stack by its name or id; the error wraps ecs.ErrNotFound where there is none.
// One that was deleted is found by its id alone.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html
func (s *Stacks) Describe(ctx context.Context, stack string) (cfn.Stack, error) {
	out, err := s.client().DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &stack})
	if err != nil {
		return cfn.Stack{}, translate(err)
	}
	if len(out.Stacks) != 1 {
		return cfn.Stack{}, errors.New("cloudformation.DescribeStacks: AWS's answer does not have the one stack that was asked for")
	}
	return stackOf(out.Stacks[0]), nil
}

// All returns all stacks that were not deleted.
func (s *Stacks) All(ctx context.Context) ([]cfn.Stack, error) {
	pages := cloudformation.NewDescribeStacksPaginator(s.client(), &cloudformation.DescribeStacksInput{})
	var all []cfn.Stack
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, translate(err)
		}
		all = append(all, each(page.Stacks, stackOf)...)
	}
	return slices.DeleteFunc(all, cfn.Stack.Gone), nil
}

func stackOf(s types.Stack) cfn.Stack {
	out := cfn.Stack{
		ID: aws.ToString(s.StackId), Name: aws.ToString(s.StackName),
		Status: string(s.StackStatus), StatusReason: aws.ToString(s.StackStatusReason),
		Parameters: each(s.Parameters, stackParameterOf), Capabilities: each(s.Capabilities, func(c types.Capability) string { return string(c) }),
		Role: aws.ToString(s.RoleARN), Parent: aws.ToString(s.ParentId),
		CreatedAt: aws.ToTime(s.CreationTime).UTC(), UpdatedAt: aws.ToTime(s.LastUpdatedTime).UTC(),
		Tags: map[string]string{},
	}
	for _, t := range s.Tags {
		out.Tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return out
}

func stackParameterOf(p types.Parameter) cfn.Parameter {
	return cfn.Parameter{Key: aws.ToString(p.ParameterKey), Value: aws.ToString(p.ParameterValue), Resolved: aws.ToString(p.ResolvedValue)}
}

// Template returns a stack's template, as it was written or with its transforms processed.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_GetTemplate.html
func (s *Stacks) Template(ctx context.Context, stack string, processed bool) (string, error) {
	stage := types.TemplateStageOriginal
	if processed {
		stage = types.TemplateStageProcessed
	}
	out, err := s.client().GetTemplate(ctx, &cloudformation.GetTemplateInput{StackName: &stack, TemplateStage: stage})
	if err != nil {
		return "", translate(err)
	}
	return aws.ToString(out.TemplateBody), nil
}

// Resources returns all resources of a stack.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListStackResources.html
func (s *Stacks) Resources(ctx context.Context, stack string) ([]cfn.Resource, error) {
	pages := cloudformation.NewListStackResourcesPaginator(s.client(), &cloudformation.ListStackResourcesInput{StackName: &stack})
	var all []cfn.Resource
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, translate(err)
		}
		for _, r := range page.StackResourceSummaries {
			all = append(all, cfn.Resource{
				Logical: aws.ToString(r.LogicalResourceId), Physical: aws.ToString(r.PhysicalResourceId), Type: aws.ToString(r.ResourceType),
				Status: string(r.ResourceStatus), Reason: aws.ToString(r.ResourceStatusReason),
			})
		}
	}
	return all, nil
}

// Resource returns one resource of a stack by its logical id.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackResource.html
func (s *Stacks) Resource(ctx context.Context, stack, logical string) (cfn.Resource, error) {
	out, err := s.client().DescribeStackResource(ctx, &cloudformation.DescribeStackResourceInput{StackName: &stack, LogicalResourceId: &logical})
	if err != nil {
		return cfn.Resource{}, translate(err)
	}
	r := out.StackResourceDetail
	return cfn.Resource{
		Logical: aws.ToString(r.LogicalResourceId), Physical: aws.ToString(r.PhysicalResourceId), Type: aws.ToString(r.ResourceType),
		Status: string(r.ResourceStatus), Reason: aws.ToString(r.ResourceStatusReason),
	}, nil
}

// Events returns the events of a stack, newest first, up to the first one that old says is known.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackEvents.html
func (s *Stacks) Events(ctx context.Context, stack string, old func(cfn.Event) bool) ([]cfn.Event, error) {
	pages := cloudformation.NewDescribeStackEventsPaginator(s.client(), &cloudformation.DescribeStackEventsInput{StackName: &stack})
	var all []cfn.Event
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, translate(err)
		}
		for i := range page.StackEvents {
			e := eventOf(&page.StackEvents[i])
			if old(e) {
				return all, nil
			}
			all = append(all, e)
		}
	}
	return all, nil
}

func eventOf(e *types.StackEvent) cfn.Event {
	return cfn.Event{
		ID: aws.ToString(e.EventId), Logical: aws.ToString(e.LogicalResourceId), Physical: aws.ToString(e.PhysicalResourceId),
		Type: aws.ToString(e.ResourceType), Status: string(e.ResourceStatus), Reason: aws.ToString(e.ResourceStatusReason),
		Token: aws.ToString(e.ClientRequestToken), At: aws.ToTime(e.Timestamp).UTC(),
	}
}

// CreateChangeSet begins to make a change set with the stack's own template, and returns its id. Its
// name makes it safe to ask again.
// The error wraps ecs.ErrNotFound where there is no such stack.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html
func (s *Stacks) CreateChangeSet(ctx context.Context, r cfn.ChangeRequest) (id string, err error) {
	in := &cloudformation.CreateChangeSetInput{
		StackName: &r.Stack, ChangeSetName: &r.Name, ClientToken: &r.Name, Description: optional(r.Description), ChangeSetType: types.ChangeSetTypeUpdate,
		UsePreviousTemplate: aws.Bool(true), Capabilities: each(r.Capabilities, func(c string) types.Capability { return types.Capability(c) }),
	}
	if r.RevertDrift {
		in.DeploymentMode = types.DeploymentModeRevertDrift
	}
	for _, key := range r.Keep {
		p := types.Parameter{ParameterKey: &key}
		if value, given := r.Parameters[key]; given {
			p.ParameterValue = &value
		} else {
			p.UsePreviousValue = aws.Bool(true)
		}
		in.Parameters = append(in.Parameters, p)
	}
	out, err := s.client().CreateChangeSet(ctx, in)
	if err != nil {
		return "", translate(err)
	}
	return aws.ToString(out.Id), nil
}

// ChangeSet returns a change set by its id, with the values of properties; the error wraps
// ecs.ErrNotFound where there is none.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeChangeSet.html
func (s *Stacks) ChangeSet(ctx context.Context, id string) (cfn.ChangeSet, error) {
	var set cfn.ChangeSet
	pages := cloudformation.NewDescribeChangeSetPaginator(s.client(), &cloudformation.DescribeChangeSetInput{
		ChangeSetName: &id, IncludePropertyValues: aws.Bool(true),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return cfn.ChangeSet{}, translate(err)
		}
		set.ID, set.Status = aws.ToString(page.ChangeSetId), string(page.Status)
		set.Reason, set.Parameters = aws.ToString(page.StatusReason), each(page.Parameters, stackParameterOf)
		for _, c := range page.Changes {
			if c.ResourceChange != nil {
				set.Changes = append(set.Changes, resourceChangeOf(c.ResourceChange))
			}
		}
	}
	return set, nil
}

func resourceChangeOf(c *types.ResourceChange) cfn.Change {
	change := cfn.Change{
		Action: string(c.Action), Logical: aws.ToString(c.LogicalResourceId), Physical: aws.ToString(c.PhysicalResourceId),
		Type: aws.ToString(c.ResourceType), Replacement: string(c.Replacement),
	}
	for _, d := range c.Details {
		detail := cfn.Detail{Evaluation: string(d.Evaluation), Source: string(d.ChangeSource), Cause: aws.ToString(d.CausingEntity)}
		if t := d.Target; t != nil {
			detail.Attribute, detail.Property = string(t.Attribute), aws.ToString(t.Name)
			detail.Before, detail.After = aws.ToString(t.BeforeValue), aws.ToString(t.AfterValue)
		}
		change.Details = append(change.Details, detail)
	}
	return change
}

// Execute begins what a change set says. token names the operation in the stack's events. It is
// sent once: the error wraps ecs.ErrAmbiguous where nobody knows whether it took effect.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ExecuteChangeSet.html
func (s *Stacks) Execute(ctx context.Context, changeSet, token string) error {
	_, err := s.client().ExecuteChangeSet(ctx, &cloudformation.ExecuteChangeSetInput{ChangeSetName: &changeSet, ClientRequestToken: &token},
		func(o *cloudformation.Options) { o.Retryer = onceSent(o.Retryer) })
	return afterOnce(err)
}

// CancelUpdate has a stack roll back the update that is under way.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CancelUpdateStack.html
func (s *Stacks) CancelUpdate(ctx context.Context, stack, token string) error {
	_, err := s.client().CancelUpdateStack(ctx, &cloudformation.CancelUpdateStackInput{StackName: &stack, ClientRequestToken: &token},
		func(o *cloudformation.Options) { o.Retryer = onceSent(o.Retryer) })
	return afterOnce(err)
}

// DeleteChangeSet deletes a change set that was not executed; that there is none is no error.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DeleteChangeSet.html
func (s *Stacks) DeleteChangeSet(ctx context.Context, id string) error {
	_, err := s.client().DeleteChangeSet(ctx, &cloudformation.DeleteChangeSetInput{ChangeSetName: &id})
	return translate(err)
}

// noSuchStack reports whether CloudFormation says that a stack does not exist, for which it has no
// code: "Stack with id shop does not exist", "Stack [shop] does not exist".
func noSuchStack(code, message string) bool {
	return code == "ValidationError" && strings.HasPrefix(message, "Stack") && strings.HasSuffix(message, "does not exist")
}

// Owner returns the stack that has a resource with that id in AWS, and its logical id there; "" where
// none has.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackResources.html
func (s *Stacks) Owner(ctx context.Context, physical string) (stack, logical string, err error) {
	out, err := s.client().DescribeStackResources(ctx, &cloudformation.DescribeStackResourcesInput{PhysicalResourceId: &physical})
	if err = translate(err); errors.Is(err, ecs.ErrNotFound) {
		return "", "", nil
	}
	if err != nil {
		return "", "", err
	}
	for _, r := range out.StackResources {
		if aws.ToString(r.PhysicalResourceId) == physical {
			return aws.ToString(r.StackId), aws.ToString(r.LogicalResourceId), nil
		}
	}
	return "", "", nil
}
