package cloud_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat/internal/cloud"
	"github.com/tagboat/tagboat/internal/ecs"
)

// TestRealAnswersAreReadWhole reads the real answers that were seen in public: nothing of
// them is lost that is compared, shown or judged by. The tests where they are describe the
// files.
func TestRealAnswersAreReadWhole(t *testing.T) {
	for pattern, read := range map[string]func(*testing.T, *cloud.Session, []byte){
		"answers/seen-*/answer.json":      readDefinition,
		"services/seen-*/answer*.json":    readService,
		"services/seen-*/part-*.json":     readService,
		"services/seen-*/deployment.json": readDeployment,
		"services/seen-*/revision.json":   readRevision,
	} {
		files, err := filepath.Glob(filepath.Join("../taskdef/testdata", pattern))
		if err != nil || len(files) == 0 {
			t.Fatal(pattern, err)
		}
		for _, file := range files {
			t.Run(filepath.Base(filepath.Dir(file))+"/"+filepath.Base(file), func(t *testing.T) {
				raw, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				aws(t, map[string][]answer{
					"ecs.DescribeTaskDefinition":     {{body: `{"taskDefinition":` + string(raw) + `}`}},
					"ecs.DescribeServices":           {{body: `{"services":[` + string(raw) + `],"failures":[]}`}},
					"ecs.DescribeServiceDeployments": {{body: `{"serviceDeployments":[` + string(raw) + `]}`}},
					"ecs.DescribeServiceRevisions":   {{body: `{"serviceRevisions":[` + string(raw) + `]}`}},
				})
				read(t, open(t).At(cloud.Place{}), raw)
			})
		}
	}
}

func readDefinition(t *testing.T, s *cloud.Session, raw []byte) {
	var want struct {
		TaskDefinitionArn, Family, Status string
		Revision                          int
	}
	parse(t, raw, &want)
	d, err := s.ECS().DescribeTaskDefinition(t.Context(), want.TaskDefinitionArn)
	if err != nil {
		t.Fatal(err)
	}
	if d.ARN != want.TaskDefinitionArn || d.Family != want.Family || d.Status != want.Status || d.Revision != want.Revision {
		t.Errorf("it is %+v, want %+v", d, want)
	}
	sameJSON(t, raw, d.Record)
}

func readService(t *testing.T, s *cloud.Session, raw []byte) {
	var want struct {
		ServiceArn, ServiceName, ClusterArn, Status, TaskDefinition, SchedulingStrategy string
		DesiredCount, RunningCount, PendingCount                                        int
		LoadBalancers                                                                   []struct {
			TargetGroupArn, ContainerName string
			ContainerPort                 int
		}
		Deployments []struct {
			ID, Status, TaskDefinition, RolloutState, RolloutStateReason string
			DesiredCount, RunningCount, PendingCount, FailedTasks        int
		}
		Events                  []struct{ ID, Message string }
		DeploymentConfiguration struct {
			DeploymentCircuitBreaker struct{ Enable, Rollback bool }
		}
	}
	parse(t, raw, &want)
	found, _, err := s.ECS().DescribeServices(t.Context(), "default", []string{want.ServiceName})
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	got := found[0]
	sameJSON(t, raw, got.Record)
	breaker := want.DeploymentConfiguration.DeploymentCircuitBreaker
	service := ecs.Service{
		ARN: want.ServiceArn, Name: want.ServiceName, ClusterARN: want.ClusterArn, Status: want.Status, TaskDefinition: want.TaskDefinition,
		Desired: want.DesiredCount, Running: want.RunningCount, Pending: want.PendingCount, SchedulingStrategy: want.SchedulingStrategy,
		BreakerEnabled: breaker.Enable, BreakerRollback: breaker.Rollback, Controller: "ECS",
		// Held by other tests, with times.
		Manager: got.Manager, MinHealthyPercent: got.MinHealthyPercent, MaxPercent: got.MaxPercent, HealthCheckGrace: got.HealthCheckGrace, CreatedAt: got.CreatedAt, Record: got.Record,
	}
	for _, lb := range want.LoadBalancers {
		service.LoadBalancers = append(service.LoadBalancers, ecs.LoadBalancer{TargetGroup: lb.TargetGroupArn, ContainerName: lb.ContainerName, ContainerPort: lb.ContainerPort})
	}
	for i, d := range want.Deployments {
		service.Deployments = append(service.Deployments, ecs.Deployment{
			ID: d.ID, Status: d.Status, TaskDefinition: d.TaskDefinition, RolloutState: d.RolloutState, RolloutReason: d.RolloutStateReason,
			Desired: d.DesiredCount, Running: d.RunningCount, Pending: d.PendingCount, FailedTasks: d.FailedTasks,
			CreatedAt: got.Deployments[i].CreatedAt, UpdatedAt: got.Deployments[i].UpdatedAt,
		})
	}
	for i, e := range want.Events {
		service.Events = append(service.Events, ecs.Event{ID: e.ID, Message: e.Message, At: got.Events[i].At})
	}
	if diff := cmp.Diff(service, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func readDeployment(t *testing.T, s *cloud.Session, raw []byte) {
	var want struct {
		ServiceDeploymentArn, ServiceArn, ClusterArn, Status string
		TargetServiceRevision                                struct {
			Arn                                  string
			RequestedTaskCount, RunningTaskCount int
		}
	}
	parse(t, raw, &want)
	found, err := s.ECS().DescribeServiceDeployments(t.Context(), []string{want.ServiceDeploymentArn})
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	got, target := found[0], want.TargetServiceRevision
	if got.ARN != want.ServiceDeploymentArn || got.ServiceARN != want.ServiceArn || got.ClusterARN != want.ClusterArn || got.Status != want.Status ||
		got.Target.ARN != target.Arn || got.Target.Requested != target.RequestedTaskCount || got.Target.Running != target.RunningTaskCount ||
		got.CreatedAt.IsZero() || got.StartedAt.IsZero() || got.FinishedAt.IsZero() {
		t.Errorf("it is %+v, want %+v", got, want)
	}
}

func readRevision(t *testing.T, s *cloud.Session, raw []byte) {
	var want struct {
		ServiceRevisionArn, TaskDefinition string
		ContainerImages                    []struct{ ContainerName, Image, ImageDigest string }
	}
	parse(t, raw, &want)
	found, err := s.ECS().DescribeServiceRevisions(t.Context(), []string{want.ServiceRevisionArn})
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	revision := ecs.ServiceRevision{ARN: want.ServiceRevisionArn, TaskDefinition: want.TaskDefinition, Record: found[0].Record}
	for _, i := range want.ContainerImages {
		revision.Images = append(revision.Images, ecs.RevisionImage{Container: i.ContainerName, Image: i.Image, Digest: i.ImageDigest})
	}
	if diff := cmp.Diff(revision, found[0]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	sameJSON(t, raw, found[0].Record)
}

func parse(t *testing.T, raw []byte, to any) {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if err := decoder.Decode(to); err != nil {
		t.Fatal(err)
	}
}

func sameJSON(t *testing.T, want, got []byte) {
	t.Helper()
	var a, b any
	parse(t, want, &a)
	parse(t, got, &b)
	if diff := cmp.Diff(a, b); diff != "" {
		t.Errorf("the record (-want +got):\n%s", diff)
	}
}
