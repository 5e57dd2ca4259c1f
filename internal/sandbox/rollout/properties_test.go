package rollout_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/rollout"
	"github.com/tagboat/tagboat/internal/sandbox/rollout/simulated"
)

// histories is how many random histories each property is tried on.
const histories = 60

func TestOneJumpEqualsManySteps(t *testing.T) {
	for seed := range uint64(histories) {
		ops := history(seed, false)
		jumped := play(t, ops, 2*time.Hour, jump)
		walked := play(t, ops, 2*time.Hour, walk(func(*rig) {}))
		r := rand.New(rand.NewPCG(seed, 2))
		strolled := play(t, ops, 2*time.Hour, func(s *rig, to time.Time) {
			for at := s.now; at.Before(to); at = at.Add(time.Duration(r.IntN(20_000)) * time.Millisecond) {
				s.Advance(at)
			}
			s.Advance(to)
		})
		for name, other := range map[string]*rig{"every instant": walked, "random steps": strolled} {
			if diff := cmp.Diff(jumped.saved(), other.saved()); diff != "" {
				t.Fatalf("seed %d: one jump and %s differ:\n%s", seed, name, diff)
			}
		}
		if diff := cmp.Diff(jumped.world, walked.world, cmp.AllowUnexported(world{})); diff != "" {
			t.Fatalf("seed %d: the world was told something else:\n%s", seed, diff)
		}
	}
}

func TestRestoringAtAnyMomentChangesNothing(t *testing.T) {
	for seed := range uint64(histories) {
		ops := history(seed, false)
		r := rand.New(rand.NewPCG(seed, 3))
		kept := play(t, ops, 2*time.Hour, jump)
		restored := play(t, ops, 2*time.Hour, walk(func(s *rig) {
			if r.IntN(50) != 0 {
				return
			}
			saved := s.saved()
			s.Engine = rollout.New(s.world, simulated.Runtime{}, rollout.Options{Seed: "another"})
			expect.OK(t, s.Restore([]byte(saved)))
			if diff := cmp.Diff(saved, s.saved()); diff != "" {
				t.Fatalf("seed %d: a restored engine saves something else:\n%s", seed, diff)
			}
		}))
		if diff := cmp.Diff(kept.saved(), restored.saved()); diff != "" {
			t.Fatalf("seed %d: restoring changed the future:\n%s", seed, diff)
		}
	}
}

// fits is what counts as healthy, told from outside by what AWS documents.
func (s *rig) fits(task *rollout.Task) bool {
	if task.LastStatus != "RUNNING" || task.DesiredStatus != "RUNNING" {
		return false
	}
	registered := false
	for key, state := range s.world.targets {
		if strings.Contains(key, " "+task.IP+":") {
			registered = true
			if state != "healthy" {
				return false
			}
		}
	}
	return registered || s.now.Sub(task.StartedAt) >= 40*time.Second
}

// bounds checks what one instant did to a service.
type bounds struct {
	fit  map[string]bool // tasks that counted as healthy before
	seen map[string]bool // tasks that were there before
}

func (b *bounds) look(s *rig) error {
	spec := s.service().Spec
	lower, upper := (spec.Desired*spec.MinHealthyPercent+99)/100, spec.Desired*spec.MaxPercent/100
	if r := s.service().History[0]; r.Traffic != nil { // blue and green run side by side
		upper = max(upper, 2*spec.Desired)
	}
	fit, seen, live := map[string]bool{}, map[string]bool{}, 0
	started, stopped := false, ""
	for _, task := range s.Tasks(rollout.TaskFilter{}) {
		seen[task.ARN] = true
		started = started || !b.seen[task.ARN]
		if task.DesiredStatus == "RUNNING" {
			live++
		}
		if s.fits(task) {
			fit[task.ARN] = true
		} else if b.fit[task.ARN] && strings.HasPrefix(task.StoppedReason, "Scaling") {
			stopped = task.ARN
		}
	}
	b.fit, b.seen = fit, seen
	if started && live > upper {
		return fmt.Errorf("a task was started and %d are RUNNING or PENDING; the upper bound is %d", live, upper)
	}
	if stopped != "" && len(fit) < lower {
		return fmt.Errorf("the scheduler stopped the healthy %s and %d healthy ones are left; the lower bound is %d", stopped, len(fit), lower)
	}
	return nil
}

func TestBoundsHold(t *testing.T) {
	for seed := range uint64(4 * histories) {
		b := &bounds{}
		play(t, history(seed, false), time.Hour, walk(func(s *rig) {
			if err := b.look(s); err != nil {
				t.Fatalf("seed %d, %s: %v", seed, s.now.Sub(epoch), err)
			}
		}))
	}
}

func TestEveryDeploymentEnds(t *testing.T) {
	for seed := range uint64(4 * histories) {
		s := play(t, history(seed, true), time.Hour, jump)
		service := s.service()
		if len(service.Deployments) != 1 {
			t.Fatalf("seed %d: %d deployments are left", seed, len(service.Deployments))
		}
		d := service.Deployments[0]
		if d.RolloutState == "FAILED" { // a rollback was requested and there was nothing to go back to
			continue
		}
		if d.RolloutState != "COMPLETED" || d.Running != service.Spec.Desired || service.Running != d.Running || service.Pending != 0 {
			t.Fatalf("seed %d: %+v of a service that wants %d", seed, *d, service.Spec.Desired)
		}
		for _, r := range service.History {
			if !slices.Contains([]string{"SUCCESSFUL", "STOPPED", "ROLLBACK_SUCCESSFUL"}, r.Status) {
				t.Fatalf("seed %d: a service deployment is %s", seed, r.Status)
			}
		}
	}
}

// A breaker that rolls back brings back what ran, whatever the new image does, unless
// the image is one that the breaker does not judge: it runs, and exits later.
func TestBreakerBringsBackWhatRan(t *testing.T) {
	for _, image := range slices.Sorted(maps.Keys(bad)) {
		if image == "app:crashes" || image == "app:flaps" {
			continue
		}
		t.Run(image, func(t *testing.T) {
			s := created(t, 4, withBreaker, withBalancer)
			before := s.service().Deployments[0].ID
			s.world.stock()
			s.deploy(image)
			s.after(time.Hour)
			d := s.service().Deployments[0]
			if d.ID != before || d.RolloutState != "COMPLETED" || d.Running != 4 {
				t.Errorf("the service runs %+v", *d)
			}
		})
	}
}

// While a native deployment shifts traffic, every task of what serves is left to it.
func TestNativeStrategiesKeepWhatServes(t *testing.T) {
	for seed := range uint64(2 * histories) {
		r := rand.New(rand.NewPCG(seed, 4))
		s := created(t, 1+r.IntN(4), func(spec *rollout.ServiceSpec) {
			for spec.Rollout == "" || spec.Rollout == rollout.Rolling {
				randomStrategy(r, spec)
			}
			withBounds(0, 100)(spec)
		})
		s.after(time.Hour)
		s.world.stock()
		image := slices.Sorted(maps.Keys(good))[r.IntN(len(good))]
		s.deploy(image)
		desired := s.service().Spec.Desired
		walk(func(s *rig) {
			service := s.service()
			stage := service.History[0].LifecycleStage
			if len(service.Deployments) < 2 || stage == "CLEAN_UP" {
				return
			}
			if old := service.Deployments[1]; old.Running != desired {
				t.Fatalf("seed %d at %s: %d of %d old tasks run", seed, stage, old.Running, desired)
			}
		})(s, s.now.Add(2*time.Hour))
		if got := s.service().Deployments[0]; got.RolloutState != "COMPLETED" || got.Running != desired {
			t.Fatalf("seed %d: %+v", seed, *got)
		}
	}
}

// Whatever the labels say, a task of such a container comes to rest: it runs, or it
// stopped and was forgotten, and the engine can be saved.
func FuzzParseBehaviour(f *testing.F) {
	f.Add("start", "500ms")
	f.Add("exit", "3@1s")
	f.Add("oom", "2s")
	f.Add("stop", "0@40s")
	f.Add("health", "healthy@2s,unhealthy@10s")
	f.Add("log", `a\nb`)
	f.Fuzz(func(t *testing.T, key, value string) {
		labels := map[string]string{"tagboat.sandbox." + key: value}
		b, err := simulated.ParseBehaviour(labels)
		if err == nil && b.Exit != nil && (b.Exit.Code < 0 || b.Exit.Code > 255) {
			t.Fatalf("exit code %d", b.Exit.Code)
		}
		s := newRig(t)
		s.world.images["app:v1"] = rollout.Image{Digest: "sha256:0", Labels: labels}
		s.run(rollout.ContainerSpec{Name: "app", Image: "app:v1", Essential: true, Health: &rollout.HealthCheck{}})
		for range 1000 {
			next, ok := s.Next()
			if !ok {
				break
			}
			s.after(next.Sub(s.now))
		}
		expect.Value(s.Snapshot())(t)
	})
}
