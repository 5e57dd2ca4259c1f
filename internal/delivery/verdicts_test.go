package delivery_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
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

// TestD4TimeoutsAreExplained has a deployment that neither fails nor ends: what the verdict
// says is why, not that somebody should look.
func TestD4TimeoutsAreExplained(t *testing.T) {
	apptest.Shop{}.Run(t, func(w *apptest.World) {
		next(w, "start=1h")
		o := apptest.Wait
		o.Timeout = 5 * time.Minute
		d := w.DeployWith(w.Context(), w.Open(), o)[0]
		w.Expect(d, tagboat.VerdictTimedOut, "2 tasks", "not started")
	})
}

// TestD6CausesComeFromTasks has failures of each kind, none of which says "unable" in an
// event of the service, and a rollout that ends well although a task of it crashed.
func TestD6CausesComeFromTasks(t *testing.T) {
	health := map[string]any{"healthCheck": map[string]any{"command": []string{"CMD", "true"}, "interval": 5, "retries": 2, "timeout": 2}}
	for name, test := range map[string]struct {
		labels []string
		app    map[string]any
		words  []string
	}{
		"crash":     {labels: []string{"exit=3@1s", "log=fatal: no database"}, words: []string{"code 3", "fatal: no database"}},
		"memory":    {labels: []string{"oom=1s"}, words: []string{"memory", "512"}},
		"unhealthy": {labels: []string{"health=unhealthy"}, app: health, words: []string{"health"}},
	} {
		t.Run(name, func(t *testing.T) {
			apptest.Shop{Container: test.app}.Run(t, func(w *apptest.World) {
				began := time.Now()
				w.Expect(second(w, test.labels...), tagboat.VerdictRolledBack, test.words...)
				if took := time.Since(began); took > 8*time.Minute {
					w.Errorf("it took %s", took)
				}
			})
		})
	}
	t.Run("one crash", func(t *testing.T) {
		apptest.Shop{}.Run(t, func(w *apptest.World) {
			go func() {
				<-time.After(25 * time.Second)
				w.Control("POST", "harm", `{"kind":"crash","cluster":"dev","service":"web","code":1,"count":1}`)
			}()
			w.Expect(second(w, "start=5s"), tagboat.VerdictSucceeded)
		})
	})
}

// TestD8AnInterruptLeavesWord says what goes on, how to watch it and how to undo it; and the
// same command again takes it up.
func TestD8AnInterruptLeavesWord(t *testing.T) {
	apptest.Shop{}.Run(t, func(w *apptest.World) {
		next(w, "start=60s")
		ctx, interrupt := context.WithCancel(w.Context())
		go func() {
			<-time.After(20 * time.Second)
			interrupt()
		}()
		d := w.DeployWith(ctx, w.Open(), apptest.Wait)[0]
		w.Expect(d, tagboat.VerdictInterrupted, d.DeploymentID, "tagboat deploy --resume --env dev web", "tagboat rollback --env dev web")
		again := w.One()
		w.Expect(again, tagboat.VerdictSucceeded)
		if again.DeploymentID != d.DeploymentID || revisions(w, "web") != 2 {
			w.Errorf("%s was taken up as %s, with %d revisions", d.DeploymentID, again.DeploymentID, revisions(w, "web"))
		}
	})
}

// problems returns what the plan finds, after which nothing may have been changed.
func problems(w *apptest.World) string {
	w.Helper()
	before := w.Calls("ecs.RegisterTaskDefinition") + w.Calls("ecs.UpdateService") + w.Calls("ecs.CreateService")
	set, err := w.Open().Delivery.Plan(w.Context(), fleet.Selection{})
	text := fmt.Sprint(err)
	if err == nil {
		text = fmt.Sprint(set.Document().Problems)
	}
	if now := w.Calls("ecs.RegisterTaskDefinition") + w.Calls("ecs.UpdateService") + w.Calls("ecs.CreateService"); now != before {
		w.Errorf("%d changing calls", now-before)
	}
	return text
}

// TestD9WhatIsMissingIsFoundBefore has an image deleted after it was pinned, a log group
// that is not there, and a task definition with an unknown field.
func TestD9WhatIsMissingIsFoundBefore(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(w *apptest.World)
		words string
	}{
		"image": {func(w *apptest.World) {
			w.AWS("ecr.BatchDeleteImage", map[string]any{"repositoryName": "shop/web", "imageIds": []any{map[string]any{"imageDigest": w.Pushed["shop/web:v1"]}}})
		}, "shop/web"},
		"log group": {func(w *apptest.World) { w.AWS("logs.DeleteLogGroup", map[string]any{"logGroupName": "/shop"}) }, "/shop"},
		"field": {func(w *apptest.World) {
			apptest.Shop{Container: map[string]any{"enviroment": []any{}}}.Files(w, "web")
		}, "enviroment"},
	} {
		t.Run(name, func(t *testing.T) {
			apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
				apptest.Shop{Services: []string{"web"}}.Open(w, "web:v1")
				w.Pin("dev", "web=v1")
				test.spoil(w)
				if found := problems(w); !strings.Contains(found, test.words) {
					w.Errorf("the plan finds %s", found)
				}
			})
		})
	}
}

// TestD10AMistypedServiceIsNotCreated asks for a service that the file does not have, and
// then for one that ECS does not have.
func TestD10AMistypedServiceIsNotCreated(t *testing.T) {
	apptest.Shop{}.Run(t, func(w *apptest.World) {
		_, err := w.Open().Delivery.Plan(w.Context(), fleet.Selection{Services: []tagboat.ServiceName{"wbe"}})
		if tagboat.KindOf(err) != tagboat.Usage {
			w.Errorf("%v", err)
		}
		w.Write("tagboat.yaml", "app: shop\nregistry: "+sandboxtest.Host+"\nimages: {web: {repository: shop/web}}\n"+
			"services: {wbe: {taskDefinition: web.taskdef.json, containers: {app: web}}}\n"+
			"stages: [{name: dev}]\nenvironments: {dev: {stage: dev, region: us-east-1, cluster: dev}}\n")
		if found := problems(w); !strings.Contains(found, `service "wbe" does not exist`) {
			w.Errorf("the plan finds %s", found)
		}
	})
}

// D8: who interrupts a deployment waits for nothing: not for calls that are under way, and
// not for a journal that does not answer.
func TestD8_InterruptEndsSoon(t *testing.T) {
	for _, operation := range []string{"ecs.RegisterTaskDefinition", "ecs.UpdateService", "ecs.DescribeServices", "logs.*"} {
		t.Run(operation, func(t *testing.T) {
			apptest.Shop{}.Run(t, func(w *apptest.World) {
				next(w, "start=60s")
				a := w.Open()
				set := planOf(w, a, fleet.Selection{})
				w.Fault(sandbox.Fault{Operation: operation, Kind: "latency", Latency: "30m"})
				ctx, interrupt := context.WithTimeout(w.Context(), 10*time.Second)
				defer interrupt()
				began := time.Now()
				d := a.Delivery.Deploy(ctx, set, apptest.Wait).Deployments[0]
				took := time.Since(began)
				w.Expect(d, tagboat.VerdictInterrupted)
				if took > 15*time.Second {
					t.Errorf("it ended %s after the interrupt", took-10*time.Second)
				}
				w.Control("DELETE", "faults", "")
				w.Expect(w.One(), tagboat.VerdictSucceeded)
				if n := revisions(w, "web"); n != 2 {
					t.Errorf("there are %d revisions", n)
				}
			})
		})
	}
}

// Where calls go to AWS itself, a deployment comes with the console's page; in a sandbox
// there is none.
func TestConsoleURL(t *testing.T) {
	for name, tc := range map[string]struct{ endpoint, want string }{
		"AWS":     {"", "https://us-east-1.console.aws.amazon.com/ecs/v2/clusters/dev/services/web/deployments?region=us-east-1"},
		"sandbox": {"http://" + sandboxtest.Host, ""},
	} {
		t.Run(name, func(t *testing.T) {
			apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
				w.Setenv("AWS_ENDPOINT_URL", tc.endpoint)
				apptest.Shop{}.Begin(w)
				if got := w.One().ConsoleURL; got != tc.want {
					w.Errorf("%q, want %q", got, tc.want)
				}
			})
		})
	}
}
