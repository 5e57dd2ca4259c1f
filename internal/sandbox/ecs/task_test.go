package ecs_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/tagboat/tagboat/internal/expect"
)

// TestRunTask follows a task of no service from its start to its stop.
func TestRunTask(t *testing.T) {
	f := newFixture(t)
	f.register(t, "job", good)
	out, err := f.client.RunTask(t.Context(), &sdk.RunTaskInput{
		TaskDefinition: aws.String("job"), Count: aws.Int32(2), LaunchType: types.LaunchTypeFargate, NetworkConfiguration: network(),
		StartedBy: aws.String("me"), Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}},
	})
	if err != nil || len(out.Tasks) != 2 {
		t.Fatalf("running two: %+v, %v", out, err)
	}
	f.clock.Advance(2 * time.Minute)
	arn := out.Tasks[0].TaskArn
	described := func() types.Task {
		t.Helper()
		got, err := f.client.DescribeTasks(t.Context(), &sdk.DescribeTasksInput{Tasks: []string{*arn}, Include: []types.TaskField{types.TaskFieldTags}})
		if err != nil || len(got.Tasks) != 1 {
			t.Fatalf("describing: %+v, %v", got, err)
		}
		return got.Tasks[0]
	}
	task := described()
	if *task.LastStatus != "RUNNING" || *task.Group != "family:job" || *task.StartedBy != "me" || *task.Cpu != "256" || *task.Memory != "512" ||
		len(task.Tags) != 1 || *task.Containers[0].ImageDigest != goodDigest || task.Attachments[0].Details[0].Value == nil || task.Version == 0 {
		t.Errorf("the task is %+v", task)
	}
	expect.Value(f.client.StopTask(t.Context(), &sdk.StopTaskInput{Task: arn, Reason: aws.String("enough")}))(t)
	f.clock.Advance(3 * time.Minute)
	if task = described(); *task.LastStatus != "STOPPED" || task.StopCode != types.TaskStopCodeUserInitiated || *task.StoppedReason != "enough" {
		t.Errorf("stopped: %s, %s, %s", *task.LastStatus, task.StopCode, *task.StoppedReason)
	}
	f.clock.Advance(2 * time.Hour)
	got, err := f.client.DescribeTasks(t.Context(), &sdk.DescribeTasksInput{Tasks: []string{*arn}})
	if err != nil || len(got.Failures) != 1 || *got.Failures[0].Reason != "MISSING" {
		t.Errorf("two hours later: %+v, %v", got, err)
	}
}

// TestRunTaskToken sends a call again, and another one with its token.
func TestRunTaskToken(t *testing.T) {
	f := newFixture(t)
	f.register(t, "job", good)
	in := &sdk.RunTaskInput{
		TaskDefinition: aws.String("job"), LaunchType: types.LaunchTypeFargate, NetworkConfiguration: network(), ClientToken: aws.String("once"),
	}
	var arns []string
	for range 2 {
		out, err := f.client.RunTask(t.Context(), in)
		if err != nil || len(out.Tasks) != 1 {
			t.Fatalf("%+v, %v", out, err)
		}
		arns = append(arns, *out.Tasks[0].TaskArn)
	}
	if arns[0] != arns[1] {
		t.Errorf("the same call with the same token started %v", arns)
	}
	in.Count = aws.Int32(2)
	var conflict *types.ConflictException
	if _, err := f.client.RunTask(t.Context(), in); !errors.As(err, &conflict) || !slices.Equal(conflict.ResourceIds, arns[:1]) {
		t.Errorf("another call with the token: %v", err)
	}
	f.clock.Advance(25 * time.Hour)
	if out, err := f.client.RunTask(t.Context(), in); err != nil || len(out.Tasks) != 2 {
		t.Errorf("a day later: %+v, %v", out, err)
	}
}

// TestTaskErrors expects AWS's words for each mistake.
func TestTaskErrors(t *testing.T) {
	f := newFixture(t)
	f.register(t, "job", good)
	f.register(t, "old", good)
	expect.Value(f.client.DeregisterTaskDefinition(t.Context(), &sdk.DeregisterTaskDefinitionInput{TaskDefinition: aws.String("old:1")}))(t)
	const invalid = "InvalidParameterException"
	tests := []struct{ name, operation, body, code, message string }{
		{"count", "RunTask", `{"taskDefinition":"job","count":11}`, invalid, "Count must be between 1 and 10."},
		{"definition", "RunTask", `{"taskDefinition":"none"}`, "ClientException", "TaskDefinition not found."},
		{"inactive", "RunTask", `{"taskDefinition":"old:1"}`, invalid, "TaskDefinition is inactive"},
		{"network", "RunTask", `{"taskDefinition":"job","launchType":"FARGATE"}`, invalid, "Network Configuration must be provided when networkMode 'awsvpc' is specified."},
		{"stop nothing", "StopTask", `{"task":"0123456789abcdef0123456789abcdef"}`, invalid, "The referenced task was not found."},
		{"stop what is no id", "StopTask", `{"task":"0123"}`, invalid, "taskId length should be one of [32,36]"},
		{"describe what is no id", "DescribeTasks", `{"tasks":["` + prefix + `task/default/0123"]}`, invalid, "taskId length should be one of [32,36]"},
		{"describe nothing", "DescribeTasks", `{"tasks":[]}`, invalid, "Tasks cannot be empty."},
		{"cluster", "ListTasks", `{"cluster":"none"}`, "ClusterNotFoundException", "Cluster not found."},
		{"service", "ListTasks", `{"serviceName":"none"}`, "ServiceNotFoundException", "Service not found."},
		{"status", "ListTasks", `{"desiredStatus":"LOST"}`, invalid, "desired status should be one of [RUNNING,PENDING,STOPPED]"},
		{"two filters", "ListTasks", `{"startedBy":"me","family":"job"}`, invalid, "When you specify startedBy as the filter, it must be the only filter that you use."},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if code, message := f.post(t, test.operation, test.body); code != test.code || message != test.message {
				t.Errorf("answered %s: %s\nwant %s: %s", code, message, test.code, test.message)
			}
		})
	}
}

// TestPropagatedTags reads the tags of a service's task.
func TestPropagatedTags(t *testing.T) {
	f := newFixture(t)
	in := webService(f.register(t, "web", good))
	in.PropagateTags, in.EnableECSManagedTags = types.PropagateTagsService, true
	f.create(t, in)
	f.settle(t, "web")
	out := expect.Value(f.client.DescribeTasks(t.Context(), &sdk.DescribeTasksInput{
		Tasks: []string{*f.tasks(t, types.DesiredStatusRunning)[0].TaskArn}, Include: []types.TaskField{types.TaskFieldTags},
	}))(t)
	got := map[string]string{}
	for _, tag := range out.Tasks[0].Tags {
		got[*tag.Key] = *tag.Value
	}
	want := map[string]string{"team": "radio", "aws:ecs:clusterName": "default", "aws:ecs:serviceName": "web"}
	expect.Equal(t, want, got)
}

// TestListTasks filters the tasks of a service and of none.
func TestListTasks(t *testing.T) {
	f := newFixture(t)
	f.register(t, "job", good)
	service := f.create(t, webService(f.register(t, "web", good)))
	f.settle(t, "web")
	expect.Value(f.client.RunTask(t.Context(), &sdk.RunTaskInput{
		TaskDefinition: aws.String("job"), LaunchType: types.LaunchTypeFargate, NetworkConfiguration: network(), StartedBy: aws.String("me"),
	}))(t)
	want := map[string]int{"all": 3, "service": 2, "family": 1, "startedBy": 1, "deployment": 2, "pending": 0, "stopped": 0, "EC2": 0}
	got := map[string]int{}
	for name, in := range map[string]*sdk.ListTasksInput{
		"all": {}, "service": {ServiceName: aws.String("web")}, "family": {Family: aws.String("job")}, "startedBy": {StartedBy: aws.String("me")},
		"deployment": {StartedBy: service.Deployments[0].Id}, "pending": {DesiredStatus: types.DesiredStatusPending},
		"stopped": {DesiredStatus: types.DesiredStatusStopped}, "EC2": {LaunchType: types.LaunchTypeEc2},
	} {
		in.MaxResults = aws.Int32(1)
		for p := sdk.NewListTasksPaginator(f.client, in); p.HasMorePages(); {
			out, err := p.NextPage(t.Context())
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			got[name] += len(out.TaskArns)
		}
		got[name] += 0
	}
	expect.Equal(t, want, got)
}
