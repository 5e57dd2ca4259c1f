package ecs_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/ecs"
	"github.com/tagboat/tagboat/internal/sandbox/wiretest"
)

// harm orders some in the account and region of the tests.
func (f *fixture) harm(t *testing.T, h ecs.Harm) []string {
	t.Helper()
	h.Account, h.Region = wiretest.Account, wiretest.Region
	met := expect.Value(f.service.Do(h))(t)
	return met
}

// TestNoCapacity has Fargate without room for two tasks, and for all until it is lifted.
func TestNoCapacity(t *testing.T) {
	f := newFixture(t)
	f.register(t, "web", good)
	f.harm(t, ecs.Harm{Kind: "capacity", Provider: "FARGATE", Count: 2})
	f.create(t, webService("web"))
	s := f.settle(t, "web")
	const want = "(service web) was unable to place a task. Reason: Capacity is unavailable at this time. Please try again later or in a different availability zone."
	if n := strings.Count(events(s), want); n != 2 || s.RunningCount != 2 {
		t.Errorf("said %d times; events:\n%s", n, events(s))
	}
	f.harm(t, ecs.Harm{Kind: "capacity", Service: "web", Reason: "No."})
	f.update(t, &sdk.UpdateServiceInput{DesiredCount: aws.Int32(3)})
	f.clock.Advance(5 * time.Minute)
	if s = f.describe(t, "web"); s.RunningCount != 2 || !strings.Contains(events(s), "Reason: No.") {
		t.Errorf("%d run; events:\n%s", s.RunningCount, events(s))
	}
	run := func() *sdk.RunTaskInput {
		return &sdk.RunTaskInput{TaskDefinition: aws.String("web"), LaunchType: types.LaunchTypeFargate, NetworkConfiguration: network()}
	}
	if out, err := f.client.RunTask(t.Context(), run()); err != nil || len(out.Tasks) != 1 {
		t.Errorf("a task of no service: %+v, %v", out, err)
	}
	f.service.Undo()
	f.clock.Advance(5 * time.Minute)
	if s = f.describe(t, "web"); s.RunningCount != 3 {
		t.Errorf("lifted, %d run", s.RunningCount)
	}
	f.harm(t, ecs.Harm{Kind: "capacity"})
	out, err := f.client.RunTask(t.Context(), run())
	if err != nil || len(out.Failures) != 1 || !strings.HasPrefix(*out.Failures[0].Reason, "Capacity is unavailable at this time.") {
		t.Errorf("running a task without capacity: %+v, %v", out, err)
	}
}

// TestUnreachableRegistry has three pulls time out.
func TestUnreachableRegistry(t *testing.T) {
	f := newFixture(t)
	f.harm(t, ecs.Harm{Kind: "registry", Registry: "127.0.0.1:4510", Count: 3})
	f.create(t, webService(f.register(t, "web", good)))
	f.clock.Advance(3 * time.Minute)
	stopped := f.tasks(t, types.DesiredStatusStopped)
	want := "CannotPullContainerError: The task cannot pull " + good + " from the registry " + good +
		". There is a connection issue between the task and the registry. Check your task network configuration."
	if len(stopped) == 0 || !strings.HasPrefix(*stopped[0].StoppedReason, want) || !strings.HasSuffix(*stopped[0].StoppedReason, "i/o timeout") {
		t.Fatalf("stopped: %+v", stopped)
	}
	expect.EqualIn(t, "tasks that run", 2, f.settle(t, "web").RunningCount)
}

// TestInstanceGone takes an instance away; its tasks start again on the other.
func TestInstanceGone(t *testing.T) {
	f := newFixture(t, withInstances(2))
	f.onEC2(t, 2)
	f.settle(t, "web")
	if met := f.harm(t, ecs.Harm{Kind: "instance", Count: 1}); len(met) != 1 {
		t.Errorf("met %v", met)
	}
	f.clock.Advance(5 * time.Minute)
	expect.EqualIn(t, "tasks that run", 2, f.describe(t, "web").RunningCount)
}

// TestTaskProtection keeps a task through a rollout and a scale-in, until it ends.
func TestTaskProtection(t *testing.T) {
	f := newFixture(t)
	f.register(t, "web", good)
	f.create(t, webService("web"))
	f.settle(t, "web")
	arn := *f.tasks(t, types.DesiredStatusRunning)[0].TaskArn
	out, err := f.client.UpdateTaskProtection(t.Context(), &sdk.UpdateTaskProtectionInput{
		Cluster: aws.String("default"), Tasks: []string{arn}, ProtectionEnabled: true, ExpiresInMinutes: aws.Int32(60),
	})
	if err != nil || len(out.ProtectedTasks) != 1 || !out.ProtectedTasks[0].ProtectionEnabled || !out.ProtectedTasks[0].ExpirationDate.Equal(f.clock.Now().Add(time.Hour)) {
		t.Fatalf("%+v, %v", out, err)
	}
	f.register(t, "web", better)
	f.update(t, &sdk.UpdateServiceInput{TaskDefinition: aws.String("web")})
	f.clock.Advance(30 * time.Minute)
	s := f.describe(t, "web")
	if len(s.Deployments) != 2 || s.Deployments[1].RunningCount != 1 || !strings.Contains(events(s), "was unable to scale in due to (reason 1 tasks under protection)") {
		t.Errorf("%d deployments; events:\n%s", len(s.Deployments), events(s))
	}
	f.clock.Advance(35 * time.Minute)
	if s = f.describe(t, "web"); len(s.Deployments) != 1 {
		t.Errorf("after the protection ended there are %d deployments", len(s.Deployments))
	}
	got, err := f.client.GetTaskProtection(t.Context(), &sdk.GetTaskProtectionInput{Cluster: aws.String("default"), Tasks: []string{arn, "0123456789abcdef0123456789abcdef"}})
	if err != nil || len(got.Failures) != 2 || *got.Failures[0].Reason != "TASK_NOT_VALID" || *got.Failures[1].Reason != "MISSING" {
		t.Errorf("a task that is gone, and one that never was: %+v, %v", got, err)
	}
}

// TestExecuteCommand is refused as ECS refuses it, and then as the sandbox has to.
func TestExecuteCommand(t *testing.T) {
	f := newFixture(t, lenient)
	f.register(t, "web", good)
	in := webService("web")
	f.create(t, in)
	f.settle(t, "web")
	call := func() error {
		_, err := f.client.ExecuteCommand(t.Context(), &sdk.ExecuteCommandInput{
			Task: f.tasks(t, types.DesiredStatusRunning)[0].TaskArn, Command: aws.String("sh"), Interactive: true,
		})
		return err
	}
	wiretest.WantFailure(t, call(), "InvalidParameterException: The execute command failed because execute command was not enabled when the task was run")
	f.update(t, &sdk.UpdateServiceInput{EnableExecuteCommand: aws.Bool(true)})
	wiretest.WantFailure(t, call(), "UnsupportedFeatureException: The sandbox does not have commands in containers, which are simulated.")
}
