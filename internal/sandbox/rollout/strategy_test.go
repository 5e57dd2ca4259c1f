package rollout_test

import (
	"slices"
	"testing"
	"time"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/rollout"
	"github.com/tagboat/tagboat/internal/sandbox/rollout/simulated"
)

func withStrategy(strategy string, shift rollout.Shift, hooks ...rollout.Hook) func(*rollout.ServiceSpec) {
	return func(spec *rollout.ServiceSpec) {
		spec.Rollout, spec.Shift, spec.Hooks, spec.BakeTime = strategy, shift, hooks, 5*time.Minute
	}
}

// passed walks until a time and returns each stage and the traffic in it, in order.
func (s *rig) passed(until time.Duration) []string {
	s.t.Helper()
	var seen []string
	walk(func(s *rig) {
		r := s.service().History[0]
		at := r.LifecycleStage
		if r.Traffic != nil && r.Traffic.Production > 0 {
			at += " " + formatPercent(r.Traffic.Production)
		}
		if r.Status == "IN_PROGRESS" && (len(seen) == 0 || seen[len(seen)-1] != at) {
			seen = append(seen, at)
		}
	})(s, s.now.Add(until))
	return seen
}

func formatPercent(p float64) string {
	switch p {
	case 10:
		return "10%"
	case 40:
		return "40%"
	case 80:
		return "80%"
	case 100:
		return "100%"
	default:
		return "?%"
	}
}

func TestNativeStrategiesPassTheirStages(t *testing.T) {
	before := []string{"PRE_SCALE_UP", "SCALE_UP", "POST_SCALE_UP", "TEST_TRAFFIC_SHIFT", "POST_TEST_TRAFFIC_SHIFT"}
	after := []string{"POST_PRODUCTION_TRAFFIC_SHIFT 100%", "BAKE_TIME 100%", "CLEAN_UP 100%"}
	for _, tc := range []struct {
		strategy string
		shift    rollout.Shift
		steps    []string
	}{
		{rollout.BlueGreen, rollout.Shift{}, []string{"PRODUCTION_TRAFFIC_SHIFT 100%"}},
		{rollout.Canary, rollout.Shift{Percent: 10, Bake: 10 * time.Minute}, []string{"PRODUCTION_TRAFFIC_SHIFT 10%", "PRODUCTION_TRAFFIC_SHIFT 100%"}},
		{rollout.Linear, rollout.Shift{Percent: 40, Bake: time.Minute}, []string{"PRODUCTION_TRAFFIC_SHIFT 40%", "PRODUCTION_TRAFFIC_SHIFT 80%", "PRODUCTION_TRAFFIC_SHIFT 100%"}},
	} {
		t.Run(tc.strategy, func(t *testing.T) {
			s := created(t, 2, withStrategy(tc.strategy, tc.shift))
			s.world.push("app:v2")
			s.deploy("app:v2")
			settled := slices.DeleteFunc(s.passed(time.Hour), func(at string) bool {
				// a stage without a hook is over in the instant in which it begins
				return at == "RECONCILE_SERVICE"
			})
			want := []string{}
			for _, at := range slices.Concat(before, tc.steps, after) {
				if slices.Contains(settled, at) {
					want = append(want, at)
				}
			}
			expect.EqualIn(t, "stages out of order", want, settled)
			for _, at := range append(tc.steps, "SCALE_UP", "TEST_TRAFFIC_SHIFT", "BAKE_TIME 100%", "CLEAN_UP 100%") {
				if !slices.Contains(settled, at) {
					t.Errorf("never at %s: %v", at, settled)
				}
			}
			expect.EqualIn(t, "in the end", []line{{"PRIMARY", "COMPLETED", 2, 2, 0}}, s.lines())
			expect.EqualIn(t, "the service deployment", "SUCCESSFUL", s.service().History[0].Status)
		})
	}
}

func TestBlueRunsUntilGreenIsBaked(t *testing.T) {
	s := created(t, 2, withStrategy(rollout.BlueGreen, rollout.Shift{}), withBalancer)
	s.world.push("app:v2")
	s.deploy("app:v2")
	s.after(5 * time.Minute)
	want := []line{{"PRIMARY", "IN_PROGRESS", 2, 2, 0}, {"ACTIVE", "COMPLETED", 2, 2, 0}}
	expect.EqualIn(t, "while it bakes", want, s.lines())
	expect.EqualIn(t, "the stage", "BAKE_TIME", s.service().History[0].LifecycleStage)
}

func TestAlternateTargetGroupsTakeTurns(t *testing.T) {
	const alternate = groupARN + "-b"
	s := created(t, 1, withStrategy(rollout.BlueGreen, rollout.Shift{}), withBalancer, func(spec *rollout.ServiceSpec) {
		spec.LoadBalancers[0].Alternate = alternate
	})
	s.world.push("app:v2")
	count := func(group string) (n int) {
		for key := range s.world.targets {
			if len(key) > len(group) && key[:len(group)+1] == group+" " {
				n++
			}
		}
		return n
	}
	first := [2]int{count(groupARN), count(alternate)}
	s.deploy("app:v2")
	s.after(time.Hour)
	expect.EqualIn(t, "targets before and after", [3][2]int{{1, 0}, {0, 1}}, [3][2]int{first, {count(groupARN), count(alternate)}})
}

func TestPauseHooks(t *testing.T) {
	pause := rollout.Hook{Type: rollout.HookPause, Stages: []string{"POST_TEST_TRAFFIC_SHIFT"}}
	patient := pause
	patient.Timeout, patient.Continue = 10*time.Minute, true
	for _, tc := range []struct {
		name   string
		hook   rollout.Hook
		answer func(*rig, string, string) error
		state  string
		hooks  string
	}{
		{"continued", pause, func(s *rig, arn, id string) error { return s.ContinueServiceDeployment(s.now, arn, id, false) }, "SUCCESSFUL", "SUCCEEDED"},
		{"rolled back", pause, func(s *rig, arn, id string) error { return s.ContinueServiceDeployment(s.now, arn, id, true) }, "ROLLBACK_SUCCESSFUL", "FAILED"},
		{"left alone", pause, nil, "ROLLBACK_SUCCESSFUL", "TIMED_OUT"},
		{"left alone, to continue", patient, nil, "SUCCESSFUL", "TIMED_OUT"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := created(t, 1)
			s.world.push("app:v2")
			s.update(false, func(spec *rollout.ServiceSpec) {
				withStrategy(rollout.BlueGreen, rollout.Shift{}, tc.hook)(spec)
				spec.Task = taskSpec("app:v2")
			})
			s.after(3 * time.Minute)
			r := s.service().History[0]
			if r.LifecycleStage != "POST_TEST_TRAFFIC_SHIFT" || len(r.Hooks) != 1 || r.Hooks[0].Status != "AWAITING_ACTION" {
				t.Fatalf("at %s with the hooks %+v", r.LifecycleStage, r.Hooks)
			}
			if err := s.ContinueServiceDeployment(s.now, r.ARN, "another", false); err == nil {
				t.Error("a hook that is not there was continued")
			}
			if tc.answer != nil {
				expect.OK(t, tc.answer(s, r.ARN, r.Hooks[0].ID))
			}
			s.after(26 * time.Hour)
			r = s.service().History[0]
			if r.Status != tc.state || r.Hooks[0].Status != tc.hooks {
				t.Errorf("%s with a hook that %s; want %s and %s", r.Status, r.Hooks[0].Status, tc.state, tc.hooks)
			}
			var told []string
			for _, h := range s.world.hooks {
				told = append(told, h.EventName)
			}
			expect.Equal(t, []string{"HOOK_AWAITING_ACTION", "HOOK_" + tc.hooks}, told)
		})
	}
}

// functions is a World whose functions answer in turn.
type functions struct {
	*world
	answers []rollout.HookAnswer
	calls   []rollout.HookCall
}

func (f *functions) CallHook(_ time.Time, call rollout.HookCall) rollout.HookAnswer {
	f.calls = append(f.calls, call)
	answer := f.answers[0]
	if len(f.answers) > 1 {
		f.answers = f.answers[1:]
	}
	return answer
}

var _ rollout.Functions = (*functions)(nil)

func TestFunctionsOfHooks(t *testing.T) {
	const arn = "arn:aws:lambda:eu-west-1:123456789012:function:check"
	hook := rollout.Hook{Type: rollout.HookLambda, Target: arn, Stages: []string{"POST_SCALE_UP"}}
	f := &functions{world: newWorld(), answers: []rollout.HookAnswer{
		{Status: "SUCCEEDED"}, {Status: "IN_PROGRESS", CallBack: time.Minute}, {Status: "FAILED"},
	}}
	f.push("app:v1")
	f.push("app:v2")
	s := &rig{Engine: rollout.New(f, simulated.Runtime{}, rollout.Options{Seed: "test"}), t: t, world: f.world, now: epoch}
	s.create(1, "app:v1", withStrategy(rollout.BlueGreen, rollout.Shift{}, hook))
	s.after(time.Hour)
	if got := s.service().History[0].Status; got != "SUCCESSFUL" {
		t.Fatalf("the first deployment is %s", got)
	}
	s.deploy("app:v2")
	s.after(time.Hour)
	r := s.service().History[0]
	const why = "Service deployment rolled back because POST_SCALE_UP lifecycle hook(s) failed. Lifecycle hook target " + arn + " returned FAILED status."
	if r.Status != "ROLLBACK_SUCCESSFUL" || r.StatusReason != why || len(f.calls) != 3 {
		t.Errorf("%s: %s, after %d calls", r.Status, r.StatusReason, len(f.calls))
	}
	expect.EqualIn(t, "in the end", []line{{"PRIMARY", "COMPLETED", 1, 1, 0}}, s.lines())
}

func TestAlarmsEndABake(t *testing.T) {
	s := created(t, 2, withStrategy(rollout.BlueGreen, rollout.Shift{}), func(spec *rollout.ServiceSpec) {
		spec.Alarms = rollout.Alarms{Names: []string{"errors"}, Enable: true, Rollback: true}
	})
	s.world.push("app:v2")
	s.deploy("app:v2")
	s.after(3 * time.Minute)
	s.world.alarms["errors"] = "ALARM"
	s.after(time.Minute)
	if r := s.service().History[0]; r.Status != "ROLLBACK_IN_PROGRESS" || r.Traffic.Production != 0 {
		t.Errorf("%s with %v%% of the traffic", r.Status, r.Traffic.Production)
	}
	s.after(5 * time.Minute)
	expect.EqualIn(t, "in the end", []line{{"PRIMARY", "COMPLETED", 2, 2, 0}}, s.lines())
}

func TestSpotCapacity(t *testing.T) {
	s := created(t, 4, func(spec *rollout.ServiceSpec) {
		spec.Capacity = []rollout.Capacity{{Provider: "FARGATE", Base: 1, Weight: 1}, {Provider: "FARGATE_SPOT", Weight: 2}}
	})
	var spot []string
	for _, task := range s.Tasks(rollout.TaskFilter{DesiredStatus: "RUNNING"}) {
		if task.CapacityProvider == "FARGATE_SPOT" {
			spot = append(spot, task.ARN)
		}
	}
	if len(spot) != 2 {
		t.Fatalf("%d of four tasks are on Spot, want two: one is the base, the rest one to two", len(spot))
	}
	expect.OK(t, s.Interrupt(s.now, spot[0]))
	task := s.Task(spot[0])
	if task.StopCode != "SpotInterruption" || task.StoppedReason != "Your Spot Task was interrupted." {
		t.Errorf("%s: %s", task.StopCode, task.StoppedReason)
	}
	s.after(5 * time.Minute)
	expect.EqualIn(t, "in the end", []line{{"PRIMARY", "COMPLETED", 4, 4, 0}}, s.lines())
}

func TestExternalServicesAreLeftAlone(t *testing.T) {
	for _, controller := range []string{"EXTERNAL", "CODE_DEPLOY"} {
		s := newRig(t)
		s.create(2, "app:v1", func(spec *rollout.ServiceSpec) {
			spec.Controller = controller
			if controller == "EXTERNAL" {
				spec.Task = nil
			}
		})
		s.after(time.Hour)
		s.update(true, func(spec *rollout.ServiceSpec) { spec.Desired = 3 })
		expect.OK(t, s.Restore([]byte(s.saved())))
		s.after(time.Hour)
		if service := s.service(); len(service.Deployments) != 0 || service.Running+service.Pending != 0 {
			t.Errorf("%s: ECS rolled it: %+v", controller, service)
		}
		expect.Value(s.DeleteService(s.now, serviceARN, true))(t)
		if got := s.service().Status; got != "INACTIVE" {
			t.Errorf("%s: deleted it is %s", controller, got)
		}
	}
}
