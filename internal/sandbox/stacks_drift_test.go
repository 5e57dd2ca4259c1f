package sandbox_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cfn "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/sandboxtest"
)

const driftTemplate = `
Resources:
  Definition:
    Type: AWS::ECS::TaskDefinition
    Properties:
      Family: web
      NetworkMode: awsvpc
      RequiresCompatibilities: [FARGATE]
      Cpu: "256"
      Memory: "512"
      ContainerDefinitions: [{Name: app, Image: HOST/shop/web:v1}]
  Service:
    Type: AWS::ECS::Service
    Properties:
      ServiceName: web
      Cluster: dev
      LaunchType: FARGATE
      DesiredCount: 1
      TaskDefinition: !Ref Definition
      NetworkConfiguration: {AwsvpcConfiguration: {Subnets: [subnet-1]}}
`

// changes makes a change set and returns what it says, line by line.
func (s stacks) changes(stack, name string, mode types.DeploymentMode) (id string, lines []string) {
	s.Helper()
	made := expect.Value(s.CreateChangeSet(s.Context(), &cfn.CreateChangeSetInput{
		StackName: &stack, ChangeSetName: &name, UsePreviousTemplate: aws.Bool(true), DeploymentMode: mode,
	}))(s)
	s.Later(5 * time.Second)
	set := expect.Value(s.DescribeChangeSet(s.Context(), &cfn.DescribeChangeSetInput{ChangeSetName: made.Id, IncludePropertyValues: aws.Bool(true)}))(s)
	lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s", set.Status, set.StackDriftStatus)))
	for _, c := range set.Changes {
		r := c.ResourceChange
		lines = append(lines, fmt.Sprintf("%s %s %s", r.Action, *r.LogicalResourceId, r.ResourceDriftStatus))
		for _, d := range r.Details {
			lines = append(lines, fmt.Sprintf("%s: %s %s → %s %s", *d.Target.Name, d.Target.BeforeValueFrom, lastOf(d.Target.BeforeValue), lastOf(d.Target.AfterValue), d.Target.AttributeChangeType))
		}
	}
	return *made.Id, lines
}

func lastOf(value *string) string {
	text := aws.ToString(value)
	return text[strings.LastIndex(text, "/")+1:]
}

// A plain change set sees nothing of what was deployed past the stack; one that reverts drift brings
// the service back to the template's revision, and its rollback would bring what there was.
func TestDriftIsReverted(t *testing.T) {
	withStacks(t, func(s stacks) {
		s.Push("shop/web:v1")
		s.Push("shop/web:v2")
		expect.OK(s, s.create("web", strings.ReplaceAll(driftTemplate, "HOST", sandboxtest.Host)))
		s.ends("web", types.StackStatusCreateComplete)
		service := s.AWS("ecs.DescribeServices", map[string]any{"cluster": "dev", "services": []string{"web"}, "include": []string{"TAGS"}})["services"].([]any)[0].(map[string]any)
		expect.Equal(t, fmt.Sprint(service["tags"]), fmt.Sprintf("[map[key:aws:cloudformation:logical-id value:Service] map[key:aws:cloudformation:stack-id value:%s] map[key:aws:cloudformation:stack-name value:web]]", *s.stack("web").StackId))

		registered := s.AWS("ecs.RegisterTaskDefinition", map[string]any{
			"family": "web", "networkMode": "awsvpc", "requiresCompatibilities": []string{"FARGATE"}, "cpu": "256", "memory": "512",
			"containerDefinitions": []map[string]any{{"name": "app", "image": sandboxtest.Host + "/shop/web:v2"}},
		})["taskDefinition"].(map[string]any)["taskDefinitionArn"]
		s.AWS("ecs.UpdateService", map[string]any{"cluster": "dev", "service": "web", "taskDefinition": registered, "desiredCount": 2})
		s.Later(5 * time.Minute)

		_, plain := s.changes("web", "plain", "")
		expect.Equal(t, []string{"FAILED"}, plain)
		id, reverting := s.changes("web", "revert", types.DeploymentModeRevertDrift)
		expect.Equal(t, []string{"CREATE_COMPLETE DRIFTED", "Modify Service MODIFIED", "DesiredCount: ACTUAL_STATE 2 → 1 Modify", "TaskDefinition: ACTUAL_STATE web:2 → web:1 Modify"}, reverting)

		expect.OK(s, expect.Err(s.ExecuteChangeSet(s.Context(), &cfn.ExecuteChangeSetInput{ChangeSetName: &id})))
		s.ends("web", types.StackStatusUpdateComplete)
		expect.Equal(t, "web:1 shop/web:v1", s.running("web"))
		_, again := s.changes("web", "again", types.DeploymentModeRevertDrift)
		expect.Equal(t, []string{"FAILED IN_SYNC"}, again)
	})
}
