package rollout_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/deploy/deploytest"
	"github.com/tagboat/tagboat/internal/deploy/rollout"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/expect"
)

func TestSucceeded(t *testing.T) {
	deploytest.InBubble(t, func(t *testing.T) {
		f := deploytest.Running(t)
		got := deploytest.Run(t, f, "v2", deploytest.Wait())
		deploytest.Check(t, f, got, deploytest.Outcome{
			Verdict: tagboat.VerdictSucceeded, TaskDefinition: "api:2", Previous: "api:1", Running: "api:2",
			Changes: "RegisterTaskDefinition 1, UpdateService 1",
		})
		want := []tagboat.ImageState{{
			Container: "app", Image: "api", Tag: "v2", Pinned: deploytest.Digest("v2"), Running: deploytest.Digest("v2"), RunningTag: "v2",
			Previous: deploytest.Digest("v1"), PreviousTag: "v1",
		}}
		expect.EqualIn(t, "images", want, got.Images)
	})
}

func TestCreated(t *testing.T) {
	deploytest.InBubble(t, func(t *testing.T) {
		f := deploytest.New()
		deploytest.Check(t, f, deploytest.Run(t, f, "v1", deploytest.Wait()), deploytest.Outcome{
			Verdict: tagboat.VerdictSucceeded, TaskDefinition: "api:1", Running: "api:1",
			Changes: "RegisterTaskDefinition 1, CreateService 1",
		})
	})
}

func TestStarted(t *testing.T) {
	deploytest.InBubble(t, func(t *testing.T) {
		f := deploytest.Running(t)
		o := deploytest.Wait()
		o.Wait = false
		deploytest.Check(t, f, deploytest.Run(t, f, "v2", o), deploytest.Outcome{
			Verdict: tagboat.VerdictStarted, TaskDefinition: "api:2", Previous: "api:1", Running: "api:2",
			Changes: "RegisterTaskDefinition 1, UpdateService 1",
		})
	})
}

// A fault of ours in one deployment is its verdict, which says what goes on: the others end
// as they would.
func TestACrashIsAVerdict(t *testing.T) {
	deploytest.InBubble(t, func(t *testing.T) {
		f := deploytest.Running(t)
		f.Refuse = func(op string) error {
			if op == "ListTasks" {
				f.Mu.Unlock() // as the defer of whoever holds it would
				defer f.Mu.Lock()
				panic("index out of range")
			}
			return nil
		}
		got := deploytest.Run(t, f, "v2", deploytest.Wait())
		if got.Verdict != tagboat.VerdictFailed || !strings.Contains(got.Reason, "tagboat crashed (index out of range)") || !strings.Contains(got.Reason, got.DeploymentID+" continues in ECS") {
			t.Errorf("got %s: %s", got.Verdict, got.Reason)
		}
		if len(got.Causes) == 0 || !strings.Contains(got.Causes[0].Evidence, "ListTasks") {
			t.Errorf("causes: %+v", got.Causes)
		}
	})
}

func TestACrashOfAPollIsToldAndAskedAgain(t *testing.T) {
	deploytest.InBubble(t, func(t *testing.T) {
		f := deploytest.Running(t)
		polls := 0
		f.Rolls = func(f *deploytest.ECS, s *ecs.Service) {
			if polls++; polls == 3 {
				panic("nil map")
			}
			deploytest.Completes(f, s)
		}
		if got := deploytest.Run(t, f, "v2", deploytest.Wait()); got.Verdict != tagboat.VerdictSucceeded {
			t.Errorf("got %s: %s", got.Verdict, got.Reason)
		}
	})
}

// An initialisation that ended well is not what failed: the task definition says that it is
// not essential, and tasks do not.
func TestTheCulpritIsEssential(t *testing.T) {
	deploytest.InBubble(t, func(t *testing.T) {
		f := deploytest.Running(t)
		f.Rolls = func(f *deploytest.ECS, s *ecs.Service) {
			d := &s.Deployments[0]
			if !f.Bad(*d) {
				deploytest.Completes(f, s)
				return
			}
			f.Crash(s, d, 137)
			last := &f.Tasks[len(f.Tasks)-1]
			for i := range last.Containers {
				last.Containers[i].ExitCode = map[string]*int{"app": new(137), "init": new(0)}[last.Containers[i].Name]
			}
		}
		bad := deploytest.Target(t, f.Client(), "bad")
		bad.Desired.Definition = deploytest.Parse(t, fmt.Sprintf(`{"family":"api","containerDefinitions":[
			{"name":"init","essential":false,"image":%q},
			{"name":"app","image":%[1]q,"dependsOn":[{"containerName":"init","condition":"SUCCESS"}]}]}`, deploytest.Reference("bad").Pinned()))
		plans := expect.Value(deploy.Prepare(t.Context(), []deploy.Target{bad}))(t)
		got := new(rollout.Runner).Run(t.Context(), plans, deploytest.Wait())[0]
		if got.Verdict != tagboat.VerdictRolledBack || len(got.Causes) == 0 || !strings.Contains(got.Causes[0].Cause, "container app exited with code 137") {
			t.Errorf("got %s: %+v", got.Verdict, got.Causes)
		}
	})
}

// TestADeploymentThatHasNotBegunIsNotSettled, though ECS answers no task for it, as it does
// right after CreateService.
func TestADeploymentThatHasNotBegunIsNotSettled(t *testing.T) {
	begun := ecs.Deployment{Desired: 2, Running: 2}
	for _, test := range []struct {
		what       string
		deployment ecs.Deployment
		state      string
		want       bool
	}{
		{"not begun", ecs.Deployment{}, "IN_PROGRESS", false},
		{"not begun, behind a Classic Load Balancer", ecs.Deployment{}, "", false},
		{"begun", begun, "IN_PROGRESS", false},
		{"completed", begun, "COMPLETED", true},
		{"all tasks run behind a Classic Load Balancer", begun, "", true},
	} {
		d := test.deployment
		d.Status, d.RolloutState = "PRIMARY", test.state
		expect.EqualIn(t, test.what, test.want, deploy.Settled(ecs.Service{Desired: 2, Deployments: []ecs.Deployment{d}}, d))
	}
}
