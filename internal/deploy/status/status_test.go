package status_test

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/deploy/deploytest"
	"github.com/tagboat/tagboat/internal/deploy/status"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/taskdef"
)

// state is what was seen of a service.
type state struct {
	deploy.Observed
	tasks []ecs.Task
}

func TestStatus(t *testing.T) {
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	running := func(version string) []ecs.Task {
		return []ecs.Task{
			{LastStatus: "RUNNING", Containers: []ecs.Container{{Name: "app", Image: deploytest.Reference(version).Pinned(), Digest: string(deploytest.Digest(version))}}},
			{LastStatus: "PENDING", Containers: []ecs.Container{{Name: "app"}}},
		}
	}
	image := func(run tagboat.Digest) []tagboat.ImageState {
		tags := map[tagboat.Digest]string{deploytest.Digest("v1"): "v1", deploytest.Digest("v2"): "v2"}
		return []tagboat.ImageState{{Container: "app", Image: "api", Tag: "v1", Pinned: deploytest.Digest("v1"), Running: run, RunningTag: tags[run]}}
	}
	deploying := func(images []tagboat.ImageState, version string) []tagboat.ImageState {
		images[0].Deploying, images[0].DeployingTag = deploytest.Digest(version), version
		return images
	}
	for name, test := range map[string]struct {
		change func(*deploy.Target, *state)
		want   tagboat.ServiceStatus
	}{
		"as it should be": {
			func(*deploy.Target, *state) {},
			tagboat.ServiceStatus{Images: image(deploytest.Digest("v1")), State: "steady", Verdict: "succeeded", Healthy: 1, Desired: 2, AgeSeconds: 3600},
		},
		"missing": {
			func(_ *deploy.Target, o *state) { *o = state{} },
			tagboat.ServiceStatus{Images: image(""), State: "missing"},
		},
		"another version": {
			func(_ *deploy.Target, o *state) {
				current := deploytest.Registered(t, 2, "v2")
				o.Current, o.tasks = &current, running("v2")
			},
			tagboat.ServiceStatus{
				Images: image(deploytest.Digest("v2")), State: "steady", Verdict: "succeeded", Healthy: 1, Desired: 2, AgeSeconds: 3600,
				Drift: []string{"app runs v2, pinned is v1"},
			},
		},
		"somebody else's": {
			func(_ *deploy.Target, o *state) {
				current := deploytest.Registered(t, 2, "v1")
				current.Record = []byte(`{"family":"api","containerDefinitions":[{"name":"app","image":"nginx:1"}]}`)
				o.Current = &current
			},
			tagboat.ServiceStatus{
				Images: image(deploytest.Digest("v1")), State: "steady", Verdict: "succeeded", Healthy: 1, Desired: 2, AgeSeconds: 3600,
				Drift: []string{"somebody else's deployment: Tagboat did not register api:2"},
			},
		},
		"the service's file differs": {
			func(_ *deploy.Target, o *state) {
				o.Service.Record = []byte(`{"serviceName":"api","desiredCount":7}`)
			},
			tagboat.ServiceStatus{
				Images: image(deploytest.Digest("v1")), State: "steady", Verdict: "succeeded", Healthy: 1, Desired: 2, AgeSeconds: 3600,
				Drift: []string{"the service differs from its file: desiredCount"},
			},
		},
		"not pinned": {
			func(t *deploy.Target, _ *state) {
				t.Desired.Definition = taskdef.Definition{}
				t.Desired.Images[0].Pinned = tagboat.Reference{Host: "registry.test", Repository: "shop/api"}
			},
			tagboat.ServiceStatus{
				Images: []tagboat.ImageState{{Container: "app", Image: "api", Running: deploytest.Digest("v1"), RunningTag: "v1"}},
				State:  "steady", Verdict: "succeeded", Healthy: 1, Desired: 2, AgeSeconds: 3600,
				Drift: []string{"no version of image api is pinned for container app"},
			},
		},
		"stopped": {
			func(_ *deploy.Target, o *state) {
				o.Service.Desired, o.Service.Running, o.tasks = 0, 0, nil
				o.Service.Tags = map[string]string{"tagboat:stopped": "2"}
			},
			tagboat.ServiceStatus{
				Images: image(""), State: "stopped", AgeSeconds: 3600,
				Drift: []string{"the service was stopped after its first deployment failed; it wanted 2 tasks"},
			},
		},
		"rolling": {
			func(_ *deploy.Target, o *state) { o.Service.Deployments[0].RolloutState = "IN_PROGRESS" },
			tagboat.ServiceStatus{Images: deploying(image(deploytest.Digest("v1")), "v1"), State: "in-progress", Healthy: 1, Desired: 2, AgeSeconds: 3600},
		},
		"failed": {
			func(_ *deploy.Target, o *state) { o.Service.Deployments[0].RolloutState = "FAILED" },
			tagboat.ServiceStatus{Images: image(deploytest.Digest("v1")), State: "failed", Verdict: "failed", Healthy: 1, Desired: 2, AgeSeconds: 3600},
		},
		"rolled back by ECS": {
			func(_ *deploy.Target, o *state) {
				o.Service.Deployments = append(o.Service.Deployments, ecs.Deployment{ID: "ecs-svc/2", Status: "ACTIVE", RolloutState: "FAILED"})
			},
			tagboat.ServiceStatus{Images: image(deploytest.Digest("v1")), State: "steady", Verdict: "rolled-back", Healthy: 1, Desired: 2, AgeSeconds: 3600},
		},
	} {
		t.Run(name, func(t *testing.T) {
			wanted, o := deploytest.Target(t, nil, "v1"), state{deploytest.Observed(t, "COMPLETED", 2), running("v1")}
			o.Service.Deployments[0].CreatedAt = now.Add(-time.Hour)
			test.change(&wanted, &o)
			test.want.Environment, test.want.Service, test.want.MainContainer = "dev", "api", "app"
			if test.want.State != "missing" {
				began := now.Add(-time.Hour)
				test.want.Since, test.want.DeploymentID, test.want.TaskDefinition = &began, "ecs-svc/1", o.Service.Deployments[0].TaskDefinition
			}
			if test.want.Drift == nil {
				test.want.Drift = []string{}
			}
			if diff := cmp.Diff(test.want, status.Status(wanted.Desired, o.Observed, o.tasks, now)); diff != "" {
				t.Errorf("status (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSurvey(t *testing.T) {
	deploytest.InBubble(t, func(t *testing.T) {
		f := deploytest.Running(t)
		missing := deploytest.Target(t, f.Client(), "v1")
		missing.Desired.ServiceName = "other"
		got, err := status.Survey(t.Context(), []deploy.Target{missing, deploytest.Target(t, f.Client(), "v1")})
		if err != nil {
			t.Fatal(err)
		}
		if got[0].State != "missing" || got[1].State != "steady" || got[1].Images[0].Running != deploytest.Digest("v1") {
			t.Errorf("statuses: %+v", got)
		}
	})
}

// A status costs a third of a call a service at most, and says the same where the tasks of the
// cluster are too many to list, so that those of each service are.
func TestStatusIsSparing(t *testing.T) {
	for _, n := range []int{20, 200, 1000} {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			deploytest.InBubble(t, func(t *testing.T) {
				f := deploytest.New()
				f.Warm = true
				targets := deploytest.Many(t, f, n, "v1")
				o := deploytest.Wait()
				o.MaxParallel = n
				deploytest.RunMany(t, targets, o)
				survey := func() ([]tagboat.ServiceStatus, int) {
					before := f.Called()
					statuses, err := status.Survey(t.Context(), targets)
					if err != nil {
						t.Fatal(err)
					}
					return statuses, f.Called() - before
				}
				whole, calls := survey()
				if calls > n*3/10 || whole[n-1].Healthy != 2 || whole[n-1].Images[0].Running != deploytest.Digest("v1") {
					t.Errorf("%d calls for %d services, the last one: %+v", calls, n, whole[n-1])
				}
				if n > 200 {
					return
				}
				for i := range n*50 + 1 {
					f.Tasks = append(f.Tasks, ecs.Task{ARN: fmt.Sprintf("arn:aws:ecs:r:1:task/c/other%d", i), Group: "family:batch", DesiredStatus: "RUNNING"})
				}
				if apart, calls := survey(); calls < n {
					t.Errorf("%d calls in a crowded cluster", calls)
				} else if diff := cmp.Diff(whole, apart); diff != "" {
					t.Errorf("(-cluster +services):\n%s", diff)
				}
			})
		})
	}
}
