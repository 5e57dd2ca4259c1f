package rollout_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/rollout"
)

// op is one call of a random history, at a time.
type op struct {
	at   time.Duration
	name string
	do   func(*rig)
}

// The images of random histories: those of good end up healthy.
var (
	good = map[string][]string{
		"app:v1": nil,
		"app:v2": {"start=3s", "log=ready"},
		"app:v3": {"start=500ms", "stop=0@45s"},
		"app:v4": {"health=healthy@5s"},
	}
	bad = map[string][]string{
		"app:exits":     {"exit=3@1s"},
		"app:crashes":   {"exit=1@50s"},
		"app:oom":       {"oom=2s"},
		"app:unhealthy": {"health=unhealthy"},
		"app:flaps":     {"health=healthy@20s,unhealthy@2m,healthy@5m,unhealthy@10m"},
	}
)

func (w *world) stock() {
	for _, images := range []map[string][]string{good, bad} {
		for _, name := range []string{"app:v1", "app:v2", "app:v3", "app:v4", "app:exits", "app:crashes", "app:oom", "app:unhealthy", "app:flaps"} {
			if labels, ok := images[name]; ok {
				w.push(name, labels...)
			}
		}
	}
}

// history makes random calls over some hours. With onlyGood nothing fails forever
// and no bounds deadlock.
func history(seed uint64, onlyGood bool) []op {
	r := rand.New(rand.NewPCG(seed, 1))
	images := []string{"app:v1", "app:v2", "app:v3", "app:v4"}
	if !onlyGood {
		images = append(images, "app:exits", "app:crashes", "app:oom", "app:unhealthy", "app:flaps", "app:missing")
	}
	spec := randomSpec(r, images, onlyGood)
	ops := []op{{0, "create", func(s *rig) { s.mustCreate(spec) }}}
	at := time.Duration(0)
	for range 4 + r.IntN(12) {
		at += time.Duration(r.IntN(240_000)) * time.Millisecond
		ops = append(ops, randomOp(r, at, images, onlyGood))
	}
	return ops
}

func randomOp(r *rand.Rand, at time.Duration, images []string, onlyGood bool) op {
	pick := r.IntN(1000)
	switch n := r.IntN(10); {
	case n < 4:
		image := images[r.IntN(len(images))]
		return op{at, "deploy " + image, func(s *rig) { s.deploy(image) }}
	case n < 6:
		desired := r.IntN(7)
		return op{at, "scale", func(s *rig) {
			s.update(false, func(spec *rollout.ServiceSpec) { spec.Desired = desired })
		}}
	case n < 7:
		other := randomSpec(r, images, onlyGood)
		return op{at, "configure", func(s *rig) {
			s.update(pick%2 == 0, func(spec *rollout.ServiceSpec) {
				spec.MinHealthyPercent, spec.MaxPercent = other.MinHealthyPercent, other.MaxPercent
				spec.Breaker, spec.Grace = other.Breaker, other.Grace
				spec.Rollout, spec.Shift, spec.Hooks, spec.BakeTime = other.Rollout, other.Shift, other.Hooks, other.BakeTime
			})
		}}
	case n < 8:
		return op{at, "stop task", func(s *rig) {
			if tasks := s.Tasks(rollout.TaskFilter{DesiredStatus: "RUNNING"}); len(tasks) > 0 {
				_, _ = s.StopTask(s.now, tasks[pick%len(tasks)].ARN, "")
			}
		}}
	case n < 9:
		return op{at, "crash", func(s *rig) {
			if tasks := s.Tasks(rollout.TaskFilter{DesiredStatus: "RUNNING"}); len(tasks) > 0 {
				task := tasks[pick%len(tasks)]
				if task.CapacityProvider == "FARGATE_SPOT" {
					_ = s.Interrupt(s.now, task.ARN)
				} else {
					_ = s.CrashContainer(s.now, task.ARN, "app", 1)
				}
			}
		}}
	default:
		return op{at, "roll back", func(s *rig) {
			if h := s.service().History; len(h) > 0 {
				_ = s.StopServiceDeployment(s.now, h[0].ARN)
			}
		}}
	}
}

func randomSpec(r *rand.Rand, images []string, onlyGood bool) rollout.ServiceSpec {
	bounds := [][2]int{{100, 200}, {50, 100}, {0, 100}, {50, 200}, {100, 150}, {75, 125}, {0, 200}}
	if onlyGood {
		bounds = [][2]int{{100, 200}, {0, 100}, {50, 200}, {0, 200}}
	}
	b := bounds[r.IntN(len(bounds))]
	spec := serviceSpec(1+r.IntN(6), images[r.IntN(len(images))], withBounds(b[0], b[1]))
	if r.IntN(3) == 0 {
		withBalancer(&spec)
	}
	spec.Breaker = rollout.Breaker{Enable: r.IntN(2) == 0, Rollback: r.IntN(2) == 0, KeepCount: r.IntN(3) == 0}
	spec.Grace = time.Duration(r.IntN(3)) * 30 * time.Second
	randomStrategy(r, &spec)
	return spec
}

// randomStrategy gives half of the services a native strategy, some with a pause that
// continues by itself, and some of them capacity providers.
func randomStrategy(r *rand.Rand, spec *rollout.ServiceSpec) {
	if r.IntN(4) == 0 {
		spec.Capacity = []rollout.Capacity{{Provider: "FARGATE", Base: 1, Weight: 1}, {Provider: "FARGATE_SPOT", Weight: 3}}
	}
	strategies := []string{"", "", rollout.Rolling, rollout.BlueGreen, rollout.Linear, rollout.Canary}
	spec.Rollout = strategies[r.IntN(len(strategies))]
	if spec.Rollout == "" || spec.Rollout == rollout.Rolling {
		return
	}
	spec.Shift = rollout.Shift{Percent: float64(20 + r.IntN(60)), Bake: time.Duration(r.IntN(3)) * time.Minute}
	spec.BakeTime = time.Duration(r.IntN(3)) * time.Minute
	if r.IntN(3) == 0 {
		spec.Hooks = []rollout.Hook{
			{Type: rollout.HookLambda, Target: "arn:aws:lambda:::function:check", Stages: []string{"PRE_SCALE_UP", "PRODUCTION_TRAFFIC_SHIFT"}},
			{Type: rollout.HookPause, Stages: []string{"POST_SCALE_UP"}, Timeout: time.Minute, Continue: true},
		}
	}
}

func (s *rig) mustCreate(spec rollout.ServiceSpec) {
	expect.Value(s.CreateService(s.now, spec))(s.t)
}

// play runs a history; between has the engine come from one call to the next.
func play(t *testing.T, ops []op, rest time.Duration, between func(*rig, time.Time)) *rig {
	t.Helper()
	s := newRig(t)
	s.world.stock()
	for _, o := range ops {
		to := epoch.Add(o.at)
		between(s, to)
		s.now = to
		o.do(s)
	}
	to := s.now.Add(rest)
	between(s, to)
	s.now = to
	return s
}

func jump(s *rig, to time.Time) { s.Advance(to) }

// walk stops after each call and at each instant at which something happens.
func walk(look func(*rig)) func(*rig, time.Time) {
	return func(s *rig, to time.Time) {
		if s.service() != nil {
			look(s)
		}
		for {
			next, ok := s.Next()
			if !ok || next.After(to) {
				break
			}
			s.Advance(next)
			s.now = next
			look(s)
		}
		s.Advance(to)
	}
}

func (s *rig) saved() string {
	s.t.Helper()
	data := expect.Value(s.Snapshot())(s.t)
	return string(data)
}
