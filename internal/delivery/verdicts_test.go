package delivery_test

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/sandbox"
	"github.com/tagboat/tagboat/internal/sandbox/clock"
	"github.com/tagboat/tagboat/internal/sandbox/sandboxtest"
)

// breaker makes ECS itself roll back.
var breaker = map[string]any{"deploymentConfiguration": map[string]any{
	"deploymentCircuitBreaker": map[string]any{"enable": true, "rollback": true},
}}

// spot is a capacity provider strategy.
var spot = map[string]any{"launchType": nil, "capacityProviderStrategy": []any{map[string]any{"capacityProvider": "FARGATE_SPOT", "weight": 1}}}

// D1: the service is steady, and what runs is what ran before: ECS went back.
func TestD1(t *testing.T) {
	apptest.Shop{Service: breaker}.Run(t, func(w *apptest.World) {
		next(w, "exit=3@1s", "log=fatal: no database")
		w.Expect(w.One(), tagboat.VerdictRolledBack, "code 3", "fatal: no database")
	})
}

// D2: clocks that are off. TestStaleAnswersAreNoVerdict has answers older than our change.
func TestD2(t *testing.T) {
	for _, off := range []time.Duration{-5 * time.Minute, 0, 5 * time.Minute} {
		t.Run(off.String(), func(t *testing.T) {
			apptest.Run(t, sandbox.Config{Clock: &skewed{off: off}}, func(w *apptest.World) {
				apptest.Shop{}.Begin(w)
				next(w, "exit=1@1s")
				w.Expect(w.One(), tagboat.VerdictRolledBack)
			})
		})
	}
}

// skewed is the bubble's clock, and some more.
type skewed struct{ off time.Duration }

func (s *skewed) Now() time.Time { return time.Now().Add(s.off).UTC() }

func (s *skewed) Wait(until time.Time) (<-chan time.Time, func()) {
	timer := time.NewTimer(until.Sub(s.Now()))
	return timer.C, func() { timer.Stop() }
}

var _ clock.Clock = (*skewed)(nil)

// D3: somebody else deploys the same service while we watch.
func TestD3(t *testing.T) {
	apptest.Shop{}.Run(t, func(w *apptest.World) {
		next(w, "start=60s")
		theirs := registerImage(w, "shop/web:v1")
		go func() {
			<-time.After(20 * time.Second)
			w.AWS("ecs.UpdateService", map[string]any{"cluster": "dev", "service": "web", "taskDefinition": theirs})
		}()
		w.Expect(w.One(), tagboat.VerdictSuperseded, "ecs-svc/", theirs, "registered by arn:aws:")
	})
}

// dying passes calls on until it has passed n, and then none.
type dying struct {
	next http.RoundTripper
	left *atomic.Int64
	// answered says whether the last call's answer arrives.
	answered bool
	kill     context.CancelFunc
}

// RoundTrip implements http.RoundTripper.
func (d dying) RoundTrip(r *http.Request) (*http.Response, error) {
	left := d.left.Add(-1)
	if left < 0 {
		return nil, sandboxtest.ErrReset
	}
	answer, err := d.next.RoundTrip(r)
	if left == 0 {
		d.kill()
		if !d.answered {
			return nil, sandboxtest.ErrReset
		}
	}
	return answer, err
}

// Killed after each call, and started again: the same end, and no second revision.
func TestD11_KilledAtEveryCall(t *testing.T) {
	for _, answered := range []bool{true, false} {
		for calls := int64(1); calls < 30; calls++ {
			t.Run(fmt.Sprintf("after %d calls, answered %t", calls, answered), func(t *testing.T) {
				apptest.Shop{}.Run(t, func(w *apptest.World) {
					next(w)
					ctx, kill := context.WithCancel(w.Context())
					defer kill()
					var left atomic.Int64
					left.Store(calls)
					a := w.Open(func(next http.RoundTripper) http.RoundTripper {
						return dying{next: next, left: &left, answered: answered, kill: kill}
					})
					if set, err := a.Delivery.Plan(ctx, fleet.Selection{}); err == nil {
						a.Delivery.Deploy(ctx, set, apptest.Wait)
					}
					d := w.One()
					if d.Verdict != tagboat.VerdictSucceeded && d.Verdict != tagboat.VerdictUnchanged {
						w.Errorf("ended as %s: %s", d.Verdict, d.Reason)
					}
					if n := revisions(w, "web"); n != 2 {
						w.Errorf("there are %d revisions", n)
					}
					if running := d.Images[0].Running; running != w.Pushed["shop/web:v2"] {
						w.Errorf("%s runs", running)
					}
				})
			})
		}
	}
}

// Calls that fail: the right verdict, no second revision, not many more calls.
func TestD7_FaultRuns(t *testing.T) {
	calm := map[tagboat.Verdict]int{}
	run := func(t *testing.T, verdict tagboat.Verdict, faults ...sandbox.Fault) (calls int) {
		apptest.Shop{}.Run(t, func(w *apptest.World) {
			labels := []string{"start=5s"}
			if verdict != tagboat.VerdictSucceeded {
				labels = append(labels, "exit=3@1s")
			}
			next(w, labels...)
			for _, f := range faults {
				w.Fault(f)
			}
			before := w.Calls("")
			w.Expect(w.One(), verdict)
			calls = w.Calls("") - before
			w.Control(http.MethodDelete, "faults", "")
			if n := revisions(w, "web"); n != 2 {
				w.Errorf("there are %d revisions", n)
			}
		})
		return calls
	}
	verdicts := []tagboat.Verdict{tagboat.VerdictSucceeded, tagboat.VerdictRolledBack}
	for _, v := range verdicts {
		calm[v] = run(t, v)
	}
	for name, fault := range map[string]sandbox.Fault{
		"30 % throttled":    {Operation: "*", Kind: "throttle", Rate: 0.3},
		"30 % errors":       {Operation: "*", Kind: "error", Rate: 0.3},
		"30 % resets":       {Operation: "*", Kind: "reset", Rate: 0.3},
		"5 s of latency":    {Operation: "*", Kind: "latency", Latency: "5s"},
		"stale answers":     {Operation: "ecs.DescribeServices", Kind: "stale", Rate: 0.5, Age: "20s"},
		"errors afterwards": {Operation: "ecs.*", Kind: "error", Rate: 0.3, After: new(bool)},
	} {
		for _, v := range verdicts {
			for seed := range uint64(3) {
				t.Run(fmt.Sprintf("%s, %s, %d", name, v, seed), func(t *testing.T) {
					fault.Seed = seed
					if fault.After != nil {
						*fault.After = true
					}
					if calls := run(t, v, fault); calls > 2*calm[v] {
						t.Errorf("%d calls, and %d in the calm run", calls, calm[v])
					}
				})
			}
		}
	}
}
