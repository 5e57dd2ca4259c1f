package cloud_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat/internal/cloud"
	"github.com/tagboat/tagboat/internal/ecs"
)

const serviceRecord = `{
	"serviceArn": "arn:aws:ecs:eu-west-1:111111111111:service/dev/api", "serviceName": "api",
	"clusterArn": "arn:aws:ecs:eu-west-1:111111111111:cluster/dev", "status": "ACTIVE",
	"taskDefinition": "arn:td:7", "desiredCount": 2, "runningCount": 1, "pendingCount": 1,
	"schedulingStrategy": "REPLICA", "healthCheckGracePeriodSeconds": 30, "createdAt": 1763629200.5,
	"deploymentController": {"type": "ECS"},
	"deploymentConfiguration": {"minimumHealthyPercent": 50, "maximumPercent": 150, "deploymentCircuitBreaker": {"enable": true, "rollback": true}},
	"loadBalancers": [{"targetGroupArn": "arn:tg", "containerName": "app", "containerPort": 8080}],
	"deployments": [{"id": "ecs-svc/1", "status": "PRIMARY", "taskDefinition": "arn:td:7", "desiredCount": 2, "pendingCount": 1, "runningCount": 1,
		"failedTasks": 3, "rolloutState": "IN_PROGRESS", "rolloutStateReason": "in progress", "createdAt": 1763629200, "updatedAt": 1763629201}],
	"events": [{"id": "e1", "createdAt": 1763629202, "message": "(service api) has started 1 tasks"}],
	"tags": [{"key": "team", "value": "shop"}],
	"aMemberOfTheFuture": {"nobody": "knows"}
}`

func wantService() ecs.Service {
	at := func(s int64) time.Time { return time.Unix(s, 0).UTC() }
	return ecs.Service{
		ARN: "arn:aws:ecs:eu-west-1:111111111111:service/dev/api", Name: "api",
		ClusterARN: "arn:aws:ecs:eu-west-1:111111111111:cluster/dev", Status: "ACTIVE",
		TaskDefinition: "arn:td:7", Desired: 2, Running: 1, Pending: 1, Controller: "ECS", SchedulingStrategy: "REPLICA",
		MinHealthyPercent: 50, MaxPercent: 150, BreakerEnabled: true, BreakerRollback: true, HealthCheckGrace: 30 * time.Second,
		LoadBalancers: []ecs.LoadBalancer{{TargetGroup: "arn:tg", ContainerName: "app", ContainerPort: 8080}},
		Deployments: []ecs.Deployment{{
			ID: "ecs-svc/1", Status: "PRIMARY", TaskDefinition: "arn:td:7", RolloutState: "IN_PROGRESS", RolloutReason: "in progress",
			Desired: 2, Running: 1, Pending: 1, FailedTasks: 3, CreatedAt: at(1763629200), UpdatedAt: at(1763629201),
		}},
		Events:    []ecs.Event{{ID: "e1", At: at(1763629202), Message: "(service api) has started 1 tasks"}},
		CreatedAt: at(1763629200).Add(500 * time.Millisecond),
		Tags:      map[string]string{"team": "shop"},
		Record:    json.RawMessage(serviceRecord),
	}
}

func TestServiceIsReadWhole(t *testing.T) {
	aws(t, map[string][]answer{"ecs.DescribeServices": {{body: `{"services":[` + serviceRecord + `],
		"failures":[{"arn":"arn:aws:ecs:eu-west-1:111111111111:service/dev/gone","reason":"MISSING"}]}`}}})
	found, missing, err := open(t).At(cloud.Place{}).ECS().DescribeServices(t.Context(), "dev", []string{"api", "gone"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]ecs.Service{wantService()}, found); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"gone"}, missing); diff != "" {
		t.Error(diff)
	}
}

func TestTenServicesACall(t *testing.T) {
	f := aws(t, map[string][]answer{"ecs.DescribeServices": {{body: `{"services":[]}`}}})
	var names []string
	for i := range 23 {
		names = append(names, fmt.Sprint("s", i))
	}
	if _, _, err := open(t).At(cloud.Place{}).ECS().DescribeServices(t.Context(), "dev", names); err != nil {
		t.Fatal(err)
	}
	asked := 0
	for _, q := range f.requests("ecs.DescribeServices") {
		list, _ := q.member(t, "services").([]any)
		if len(list) > 10 {
			t.Errorf("%d services in a call", len(list))
		}
		asked += len(list)
	}
	if calls := len(f.operations()); calls != 3 || asked != 23 {
		t.Errorf("%d calls for %d services", calls, asked)
	}
}

func TestServicesTooOldForTags(t *testing.T) {
	f := aws(t, map[string][]answer{"ecs.DescribeServices": {
		{code: "InvalidParameterException", body: "Long arn format must be used for tagging operations"},
		{body: `{"services":[` + serviceRecord + `]}`},
	}})
	found, _, err := open(t).At(cloud.Place{}).ECS().DescribeServices(t.Context(), "dev", []string{"api"})
	if err != nil || len(found) != 1 {
		t.Fatalf("%v, %v", found, err)
	}
	if q := f.requests("ecs.DescribeServices"); q[0].member(t, "include") == nil || q[1].member(t, "include") != nil {
		t.Errorf("%+v", q)
	}
}

func TestUpdateServiceSendsWhatWasWritten(t *testing.T) {
	f := aws(t, map[string][]answer{"ecs.UpdateService": {{body: `{"service":` + serviceRecord + `}`}}})
	input := `{"cluster":"dev","service":"api","desiredCount":0,"loadBalancers":[]}`
	got, err := open(t).At(cloud.Place{}).ECS().UpdateService(t.Context(), json.RawMessage(input))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(wantService(), got); diff != "" {
		t.Error(diff)
	}
	if sent := f.requests("ecs.UpdateService")[0].body; sent != input {
		t.Errorf("it sent %s", sent)
	}
}

func TestD12UnknownMembersNeverGoOut(t *testing.T) {
	f := aws(t, nil)
	e := open(t).At(cloud.Place{}).ECS()
	if _, err := e.RegisterTaskDefinition(t.Context(), json.RawMessage(`{"family":"a","containerDefinitions":[{"name":"app","imagee":"x"}]}`)); err == nil ||
		!strings.Contains(err.Error(), "containerDefinitions[0].imagee") {
		t.Errorf("the error is %v", err)
	}
	for _, change := range []func() error{
		func() error {
			_, err := e.CreateService(t.Context(), json.RawMessage(`{"servicename":"a"}`))
			return err
		},
		func() error {
			_, err := e.UpdateService(t.Context(), json.RawMessage(`{"service":"a","x":1}`))
			return err
		},
	} {
		if err := change(); err == nil {
			t.Error("it was taken")
		}
	}
	if len(f.operations()) != 0 {
		t.Errorf("it made %v", f.operations())
	}
}

func TestTaskDefinitionIsReadOnce(t *testing.T) {
	const arn = "arn:aws:ecs:eu-west-1:111111111111:task-definition/api:7"
	f := aws(t, map[string][]answer{"ecs.DescribeTaskDefinition": {{body: `{"taskDefinition":{"taskDefinitionArn":"` + arn +
		`","family":"api","revision":7,"status":"ACTIVE","fromTheFuture":1},"tags":[{"key":"a","value":"b"}]}`}}})
	e := open(t).At(cloud.Place{}).ECS()
	want := ecs.TaskDefinition{
		ARN: arn, Family: "api", Revision: 7, Status: "ACTIVE",
		Record: json.RawMessage(`{"family":"api","fromTheFuture":1,"revision":7,"status":"ACTIVE","tags":[{"key":"a","value":"b"}],"taskDefinitionArn":"` + arn + `"}`),
	}
	for _, id := range []string{"api", arn, arn} {
		got, err := e.DescribeTaskDefinition(t.Context(), id)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%v %s", err, diff)
		}
	}
	if n := len(f.operations()); n != 1 {
		t.Errorf("%d calls", n)
	}
}

func TestD5TasksOfAllPages(t *testing.T) {
	f := aws(t, map[string][]answer{
		"ecs.ListTasks": {{body: `{"taskArns":["a"],"nextToken":"n"}`}, {body: `{"taskArns":["b"]}`}},
		"ecs.DescribeTasks": {{body: `{"tasks":[{"taskArn":"a","lastStatus":"STOPPED","stopCode":"EssentialContainerExited","startedBy":"ecs-svc/1",
			"healthStatus":"UNKNOWN","stoppedAt":1763629200,"containers":[{"name":"app","image":"r@sha256:1","imageDigest":"sha256:1","exitCode":0,"reason":"why"},{"name":"x"}]}]}`}},
	})
	e := open(t).At(cloud.Place{}).ECS()
	arns, err := e.ListTasks(t.Context(), "dev", ecs.TaskFilter{StartedBy: "ecs-svc/1", DesiredStatus: "STOPPED"})
	if diff := cmp.Diff([]string{"a", "b"}, arns); diff != "" || err != nil {
		t.Fatalf("%v %s", err, diff)
	}
	if q := f.requests("ecs.ListTasks")[0]; q.member(t, "startedBy") != "ecs-svc/1" || q.member(t, "serviceName") != nil {
		t.Errorf("it asked %s", q.body)
	}
	tasks, err := e.DescribeTasks(t.Context(), "dev", arns)
	zero := 0
	want := []ecs.Task{{
		ARN: "a", LastStatus: "STOPPED", StopCode: "EssentialContainerExited", StartedBy: "ecs-svc/1", Health: "UNKNOWN", StoppedAt: time.Unix(1763629200, 0).UTC(),
		Containers: []ecs.Container{{Name: "app", Image: "r@sha256:1", Digest: "sha256:1", ExitCode: &zero, Reason: "why"}, {Name: "x"}},
	}}
	if diff := cmp.Diff(want, tasks); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
}
