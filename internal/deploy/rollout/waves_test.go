package rollout_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/deploy/deploytest"
	"github.com/tagboat/tagboat/internal/deploy/rollout"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/expect"
)

// begun notes in which order services were created.
func begun(f *deploytest.ECS) *[]string {
	var order []string
	f.Rolls = func(f *deploytest.ECS, s *ecs.Service) {
		if len(order) == 0 || !contains(order, s.Name) {
			order = append(order, s.Name)
		}
		deploytest.Completes(f, s)
	}
	return &order
}

func contains(all []string, one string) bool { return strings.Contains(strings.Join(all, " "), one) }

func TestDependenciesEndWellFirst(t *testing.T) {
	deploytest.InBubble(t, func(t *testing.T) {
		f := deploytest.New()
		order := begun(f)
		targets := deploytest.Many(t, f, 4, "v1")
		targets[0].Desired.DependsOn = []tagboat.ServiceName{"s3"}
		targets[1].Desired.DependsOn = []tagboat.ServiceName{"s0", "s2"}
		targets[2].Desired.DependsOn = []tagboat.ServiceName{"elsewhere"}
		targets[3].Desired.DependsOn = []tagboat.ServiceName{"s2"}
		o := deploytest.Wait()
		o.MaxParallel = 4
		for i, d := range deploytest.RunMany(t, targets, o) {
			if d.Verdict != tagboat.VerdictSucceeded {
				t.Errorf("%d: %s: %s", i, d.Verdict, d.Reason)
			}
		}
		expect.Equal(t, []string{"s2", "s3", "s0", "s1"}, *order)
	})
}

func TestWhatFailsHoldsBack(t *testing.T) {
	for name, c := range map[string]struct {
		stop bool
		want map[tagboat.ServiceName]tagboat.Verdict
		says string // of s2
	}{
		"what depends on it": {false, map[tagboat.ServiceName]tagboat.Verdict{
			"s0": tagboat.VerdictSucceeded, "s1": tagboat.VerdictFailed, "s2": tagboat.VerdictSkipped, "s3": tagboat.VerdictSkipped, "s4": tagboat.VerdictSucceeded,
		}, "it depends on s1, which ended as failed; nothing was changed"},
		"everything": {true, map[tagboat.ServiceName]tagboat.Verdict{
			"s0": tagboat.VerdictSucceeded, "s1": tagboat.VerdictFailed, "s2": tagboat.VerdictSkipped, "s3": tagboat.VerdictSkipped, "s4": tagboat.VerdictSkipped,
		}, "which ended as failed"},
	} {
		t.Run(name, func(t *testing.T) {
			deploytest.InBubble(t, func(t *testing.T) {
				f := deploytest.New()
				targets := deploytest.Many(t, f, 5, "v1")
				targets[2].Desired.DependsOn = []tagboat.ServiceName{"s1"}
				targets[3].Desired.DependsOn = []tagboat.ServiceName{"s2"}
				registered := 0
				f.Refuse = func(op string) error {
					if op != "RegisterTaskDefinition" {
						return nil
					}
					if registered++; registered == 2 {
						return errors.New("AccessDeniedException: no")
					}
					return nil
				}
				o := deploytest.Wait()
				o.MaxParallel, o.StopAtFailure = 1, c.stop
				got, reasons := map[tagboat.ServiceName]tagboat.Verdict{}, map[tagboat.ServiceName]string{}
				for _, d := range deploytest.RunMany(t, targets, o) {
					got[d.Service], reasons[d.Service] = d.Verdict, d.Reason
				}
				expect.Equal(t, c.want, got)
				if !strings.Contains(reasons["s2"], c.says) {
					t.Errorf("s2 says %q", reasons["s2"])
				}
			})
		})
	}
}

// A circle, which no checked configuration has, is deployed without its order.
func TestCirclesDoNotHang(t *testing.T) {
	deploytest.InBubble(t, func(t *testing.T) {
		f := deploytest.New()
		targets := deploytest.Many(t, f, 3, "v1")
		targets[0].Desired.DependsOn = []tagboat.ServiceName{"s1"}
		targets[1].Desired.DependsOn = []tagboat.ServiceName{"s0", "s1"}
		targets[2].Desired.DependsOn = []tagboat.ServiceName{"s1"}
		for _, d := range deploytest.RunMany(t, targets, deploytest.Wait()) {
			if d.Verdict != tagboat.VerdictSucceeded {
				t.Errorf("%s: %s", d.Service, d.Reason)
			}
		}
	})
}

// What runs is taken from a task definition with digests only where nothing else can
// run; else the tasks are read.
func TestUnchangedReadsTasksOnlyInDoubt(t *testing.T) {
	for name, c := range map[string]struct {
		doubt func(*ecs.Service)
		reads int
	}{
		"steady": {func(*ecs.Service) {}, 0},
		"an older one too": {func(s *ecs.Service) {
			s.Deployments = append(s.Deployments, ecs.Deployment{ID: "old", Status: "ACTIVE"})
		}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			deploytest.InBubble(t, func(t *testing.T) {
				f := deploytest.New()
				targets := deploytest.Many(t, f, 1, "v1")
				deploytest.RunMany(t, targets, deploytest.Wait())
				f.Rolls = func(_ *deploytest.ECS, s *ecs.Service) { c.doubt(s) }
				f.Calls = map[string]int{}
				plans := expect.Value(deploy.Prepare(t.Context(), targets))(t)
				got := new(rollout.Runner).Run(t.Context(), plans, deploytest.Wait())[0]
				if got.Verdict != tagboat.VerdictUnchanged || f.Calls["ListTasks"] != c.reads {
					t.Errorf("%s after %v", got.Verdict, f.Calls)
				}
				for _, image := range got.Images {
					if image.Running != image.Pinned {
						t.Errorf("%+v", image)
					}
				}
			})
		})
	}
}
