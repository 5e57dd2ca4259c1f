package app_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/sandbox"
	"github.com/tagboat/tagboat/internal/sandbox/clock"
)

// breaker makes ECS itself roll back.
var breaker = map[string]any{"deploymentConfiguration": map[string]any{
	"deploymentCircuitBreaker": map[string]any{"enable": true, "rollback": true},
}}

// begin starts version v1 of service web and pushes nothing else.
func (w *world) begin(s shop) {
	w.Helper()
	s.services = []string{"web"}
	s.open(w)
	w.push("shop/web:v1")
	w.pin("dev", "web=v1")
	w.expect(w.one(), tagboat.VerdictSucceeded)
}

// D1: the service is steady, and what runs is what ran before: ECS went back.
func TestD1(t *testing.T) {
	inWorld(t, sandbox.Config{}, func(w *world) {
		w.begin(shop{service: breaker})
		w.push("shop/web:v2", "exit=3@1s", "log=fatal: no database")
		w.pin("dev", "web=v2")
		w.expect(w.one(), tagboat.VerdictRolledBack, "code 3", "fatal: no database")
	})
}

// D2: answers that are older than our change, and clocks that are off.
func TestD2(t *testing.T) {
	for _, off := range []time.Duration{-5 * time.Minute, 0, 5 * time.Minute} {
		t.Run(off.String(), func(t *testing.T) {
			inWorld(t, sandbox.Config{}, func(w *world) {
				w.begin(shop{})
				w.push("shop/web:v2")
				w.pin("dev", "web=v2")
				a := w.open(stale(6))
				w.expect(w.deployWith(w.Context(), a, wait)[0], tagboat.VerdictSucceeded)
			})
			inSkewedWorld(t, off, func(w *world) {
				w.begin(shop{})
				w.push("shop/web:v2", "exit=1@1s")
				w.pin("dev", "web=v2")
				w.expect(w.one(), tagboat.VerdictRolledBack)
			})
		})
	}
}

// inSkewedWorld is inWorld where AWS's clock differs from ours.
func inSkewedWorld(t *testing.T, off time.Duration, story func(w *world)) {
	t.Helper()
	inWorld(t, sandbox.Config{Clock: &skewed{off: off}}, story)
}

// skewed is the bubble's clock, and some more.
type skewed struct{ off time.Duration }

func (s *skewed) Now() time.Time { return time.Now().Add(s.off).UTC() }

func (s *skewed) Wait(until time.Time) (<-chan time.Time, func()) {
	timer := time.NewTimer(until.Sub(s.Now()))
	return timer.C, func() { timer.Stop() }
}

var _ clock.Clock = (*skewed)(nil)

// stale answers the first n calls of DescribeServices after a change as before it.
func stale(n int64) func(http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper {
		return &staleAnswers{next: next, n: n, old: map[string][]byte{}}
	}
}

type staleAnswers struct {
	next http.RoundTripper
	n    int64
	left atomic.Int64
	mu   sync.Mutex
	old  map[string][]byte // answers by request, as of before the last change
}

// RoundTrip implements http.RoundTripper.
func (s *staleAnswers) RoundTrip(r *http.Request) (*http.Response, error) {
	target := r.Header.Get("X-Amz-Target")
	if strings.HasSuffix(target, ".UpdateService") || strings.HasSuffix(target, ".CreateService") {
		s.left.Store(s.n)
	}
	if !strings.HasSuffix(target, ".DescribeServices") {
		return s.next.RoundTrip(r)
	}
	asked, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(asked))
	answer, err := s.next.RoundTrip(r)
	if err != nil || answer.StatusCode != http.StatusOK {
		return answer, err
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if old, ok := s.old[string(asked)]; ok && s.left.Add(-1) >= 0 {
		body = old
	} else {
		s.old[string(asked)] = body
	}
	answer.Body, answer.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	answer.Header.Del("Content-Length")
	return answer, nil
}

// D3: somebody else deploys the same service while we watch.
func TestD3(t *testing.T) {
	inWorld(t, sandbox.Config{}, func(w *world) {
		w.begin(shop{})
		w.push("shop/web:v2", "start=60s")
		w.pin("dev", "web=v2")
		theirs := w.registerAs("999999999999", "web")
		go func() {
			<-time.After(20 * time.Second)
			w.aws("ecs.UpdateService", map[string]any{"cluster": "dev", "service": "web", "taskDefinition": theirs})
		}()
		w.expect(w.one(), tagboat.VerdictSuperseded, "ecs-svc/", theirs, "registered by arn:aws:")
	})
}

// registerAs registers a revision that is none of ours and returns family:revision.
func (w *world) registerAs(_, family string) string {
	w.Helper()
	answer := w.aws("ecs.RegisterTaskDefinition", map[string]any{
		"family": family, "requiresCompatibilities": []string{"FARGATE"}, "networkMode": "awsvpc", "cpu": "256", "memory": "512",
		"containerDefinitions": []any{map[string]any{"name": "app", "image": host + "/shop/web@" + string(w.pushed["shop/web:v1"])}},
	})
	return fmt.Sprintf("%s:%v", family, answer["taskDefinition"].(map[string]any)["revision"])
}

// Killed after each call, and started again: the same end, and no second revision.
func TestD11_KilledAtEveryCall(t *testing.T) {
	for _, answered := range []bool{true, false} {
		for calls := int64(1); calls < 30; calls++ {
			t.Run(fmt.Sprintf("after %d calls, answered %t", calls, answered), func(t *testing.T) {
				inWorld(t, sandbox.Config{}, func(w *world) {
					w.begin(shop{})
					w.push("shop/web:v2")
					w.pin("dev", "web=v2")
					ctx, kill := context.WithCancel(w.Context())
					defer kill()
					var left atomic.Int64
					left.Store(calls)
					a := w.open(func(next http.RoundTripper) http.RoundTripper {
						return dying{next: next, left: &left, answered: answered, kill: kill}
					})
					if set, err := a.Delivery.Plan(ctx, fleet.Selection{}); err == nil {
						a.Delivery.Deploy(ctx, set, wait)
					}
					d := w.one()
					if d.Verdict != tagboat.VerdictSucceeded && d.Verdict != tagboat.VerdictUnchanged {
						w.Errorf("ended as %s: %s", d.Verdict, d.Reason)
					}
					if n := w.revisions("web"); n != 2 {
						w.Errorf("there are %d revisions", n)
					}
					if running := d.Images[0].Running; running != w.pushed["shop/web:v2"] {
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
		inWorld(t, sandbox.Config{}, func(w *world) {
			w.begin(shop{})
			labels := []string{"start=5s"}
			if verdict != tagboat.VerdictSucceeded {
				labels = append(labels, "exit=3@1s")
			}
			w.push("shop/web:v2", labels...)
			w.pin("dev", "web=v2")
			for _, f := range faults {
				w.fault(f)
			}
			before := w.calls("")
			w.expect(w.one(), verdict)
			calls = w.calls("") - before
			w.control(http.MethodDelete, "faults", "")
			if n := w.revisions("web"); n != 2 {
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
