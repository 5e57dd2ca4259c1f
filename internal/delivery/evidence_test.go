package delivery_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/delivery"
	"github.com/tagboat/tagboat/internal/deploy/rollout"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/proxytest"
	"github.com/tagboat/tagboat/internal/sandbox"
	"github.com/tagboat/tagboat/internal/sandbox/sandboxtest"
)

// through opens Tagboat behind a proxy with those orders.
func through(w *apptest.World, orders ...proxytest.Order) (*app.App, *proxytest.Proxy) {
	w.Helper()
	proxy := proxytest.New(w.Server)
	for _, o := range orders {
		if err := proxy.Order(o); err != nil {
			w.Fatal(err)
		}
	}
	return w.Open(func(http.RoundTripper) http.RoundTripper { return sandboxtest.Carrier{Handler: proxy} }), proxy
}

// rewrite changes the answers of an operation.
func rewrite(operation string, times int, change func(request, answer map[string]any)) proxytest.Order {
	return proxytest.Order{Kind: proxytest.Rewrite, Operation: operation, Times: times, Answer: func(request, answer []byte) []byte {
		var asked, is map[string]any
		if json.Unmarshal(request, &asked) != nil || json.Unmarshal(answer, &is) != nil {
			return answer
		}
		change(asked, is)
		changed, err := json.Marshal(is)
		if err != nil {
			return answer
		}
		return changed
	}}
}

// frozen answers DescribeServices as it was answered before the last change, for that long.
func frozen(w *apptest.World, proxy *proxytest.Proxy, d time.Duration) {
	w.Helper()
	if err := proxy.Order(proxytest.Order{Kind: proxytest.Stale, Operation: "ecs.DescribeServices"}); err != nil {
		w.Fatal(err)
	}
	time.AfterFunc(d, func() { _ = proxy.Release("ecs.DescribeServices") })
}

// planOf plans the services of a selection.
func planOf(w *apptest.World, a *app.App, selection fleet.Selection) *delivery.PlanSet {
	w.Helper()
	set, err := a.Delivery.Plan(w.Context(), selection)
	if err != nil {
		w.Fatal(err)
	}
	return set
}

// planned plans what is pinned and returns how to deploy it.
func planned(w *apptest.World, a *app.App) func(rollout.Options) tagboat.Deployment {
	w.Helper()
	set := planOf(w, a, apptest.Dev)
	return func(o rollout.Options) tagboat.Deployment {
		return a.Delivery.Deploy(w.Context(), set, o).Deployments[0]
	}
}

// next pins version v2, whose containers do what labels say.
func next(w *apptest.World, labels ...string) {
	w.Helper()
	w.Push("shop/web:v2", labels...)
	w.Pin("dev", "web=v2")
}

// TestStaleAnswersAreNoVerdict has DescribeServices tell for up to a few minutes what was
// true before our change.
func TestStaleAnswersAreNoVerdict(t *testing.T) {
	for _, d := range []time.Duration{10 * time.Second, 40 * time.Second, 3 * time.Minute} {
		for name, service := range map[string]map[string]any{"breaker": breaker, "plain": nil} {
			t.Run(fmt.Sprint(d, ", ", name), func(t *testing.T) {
				apptest.Shop{Service: service}.Run(t, func(w *apptest.World) {
					next(w)
					a, proxy := through(w)
					deploy := planned(w, a)
					frozen(w, proxy, d)
					w.Expect(deploy(apptest.Wait), tagboat.VerdictSucceeded)
				})
			})
		}
	}
}

// TestStaleAnswersOfAServiceThatIsNew has answers that do not know of a service for longer
// than it takes to believe that one was deleted.
func TestStaleAnswersOfAServiceThatIsNew(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		apptest.Shop{Services: []string{"web"}}.Open(w, "web:v1")
		w.Pin("dev", "web=v1")
		a, proxy := through(w)
		deploy := planned(w, a)
		frozen(w, proxy, 90*time.Second)
		w.Expect(deploy(apptest.Wait), tagboat.VerdictSucceeded)
	})
}

// TestAChangeThatStartsNoDeployment is judged by whether it took effect: answers that are
// older than it show a deployment that completed long ago.
func TestAChangeThatStartsNoDeployment(t *testing.T) {
	for name, change := range map[string]map[string]any{
		"desired count": {"desiredCount": 6},
		"percents":      {"desiredCount": 3, "deploymentConfiguration": map[string]any{"maximumPercent": 150, "minimumHealthyPercent": 50}},
	} {
		t.Run(name, func(t *testing.T) {
			apptest.Shop{}.Run(t, func(w *apptest.World) {
				apptest.Shop{Service: change}.Files(w, "web")
				a, proxy := through(w)
				deploy := planned(w, a)
				frozen(w, proxy, 20*time.Second)
				began := time.Now()
				d := deploy(apptest.Wait)
				w.Expect(d, tagboat.VerdictSucceeded)
				if took := time.Since(began); took < 20*time.Second {
					w.Errorf("it ended after %s, with no answer from after the change", took)
				}
				if n := running(w); n != change["desiredCount"] {
					w.Errorf("%d tasks run", n)
				}
			})
		})
	}
}

// described is service web as ECS answers.
func described(w *apptest.World) map[string]any {
	w.Helper()
	return w.AWS("ecs.DescribeServices", map[string]any{"cluster": "dev", "services": []string{"web"}})["services"].([]any)[0].(map[string]any)
}

// running counts the running tasks of service web.
func running(w *apptest.World) int {
	w.Helper()
	return int(described(w)["runningCount"].(float64))
}

// revisions counts the active revisions of a family.
func revisions(w *apptest.World, family string) int {
	w.Helper()
	return len(w.AWS("ecs.ListTaskDefinitions", map[string]any{"familyPrefix": family})["taskDefinitionArns"].([]any))
}

// TestSupersededWithTheBreakerOn has somebody else's deployment take over and fail, so that
// ECS goes back from it to what ran before ours.
func TestSupersededWithTheBreakerOn(t *testing.T) {
	for name, theirsFail := range map[string]bool{"theirs runs": false, "theirs was rolled back": true} {
		t.Run(name, func(t *testing.T) {
			apptest.Shop{Service: breaker}.Run(t, func(w *apptest.World) {
				next(w, "start=600s")
				labels := []string{}
				if theirsFail {
					labels = append(labels, "exit=3@1s")
				}
				w.Push("shop/web:theirs", labels...)
				theirs := registerImage(w, "shop/web:theirs")
				a, proxy := through(w)
				deploy := planned(w, a)
				time.AfterFunc(10*time.Second, func() {
					w.AWS("ecs.UpdateService", map[string]any{"cluster": "dev", "service": "web", "taskDefinition": theirs})
					if theirsFail { // nobody sees it while it goes on
						frozen(w, proxy, 15*time.Minute)
					}
				})
				d := deploy(apptest.Wait)
				w.Expect(d, tagboat.VerdictSuperseded)
				if strings.Contains(d.Reason, "rolled") {
					w.Errorf("it says that it was rolled back: %s", d.Reason)
				}
			})
		})
	}
}

// registerImage registers a revision of somebody else and returns family:revision.
func registerImage(w *apptest.World, image string) string {
	w.Helper()
	name, _, _ := strings.Cut(image, ":")
	answer := w.AWS("ecs.RegisterTaskDefinition", map[string]any{
		"family": "web", "requiresCompatibilities": []string{"FARGATE"}, "networkMode": "awsvpc", "cpu": "256", "memory": "512",
		"executionRoleArn":     "arn:aws:iam::123456789012:role/execution",
		"containerDefinitions": []any{map[string]any{"name": "app", "image": sandboxtest.Host + "/" + name + "@" + string(w.Pushed[image])}},
	})
	return fmt.Sprintf("web:%v", answer["taskDefinition"].(map[string]any)["revision"])
}

// TestWhatECSRolledBackUnseen has ECS go back while no answer shows anything of it.
func TestWhatECSRolledBackUnseen(t *testing.T) {
	apptest.Shop{Service: breaker}.Run(t, func(w *apptest.World) {
		next(w, "exit=3@1s")
		a, proxy := through(w, rewrite("ecs.DescribeServices", 0, func(_, answer map[string]any) {
			for _, s := range answer["services"].([]any) {
				s.(map[string]any)["events"] = []any{}
			}
		}))
		deploy := planned(w, a)
		proxy.Clear()
		frozen(w, proxy, 20*time.Minute)
		w.Expect(deploy(apptest.Wait), tagboat.VerdictRolledBack)
	})
}

// TestLostAnswersAreLookedFor has no answer to any changing call arrive: what took effect is
// said to have.
func TestLostAnswersAreLookedFor(t *testing.T) {
	lost := proxytest.Order{Kind: proxytest.Lose, Operation: "ecs.UpdateService"}
	t.Run("an update", func(t *testing.T) {
		apptest.Shop{}.Run(t, func(w *apptest.World) {
			next(w)
			a, proxy := through(w, lost)
			d := planned(w, a)(apptest.Wait)
			w.Expect(d, tagboat.VerdictSucceeded)
			if n := len(proxy.Calls("ecs.UpdateService")); n != 1 {
				w.Errorf("it was sent %d times", n)
			}
		})
	})
	t.Run("a change that starts no deployment", func(t *testing.T) {
		apptest.Shop{}.Run(t, func(w *apptest.World) {
			apptest.Shop{Service: map[string]any{"desiredCount": 4}}.Files(w, "web")
			a, proxy := through(w, lost)
			w.Expect(planned(w, a)(apptest.Wait), tagboat.VerdictSucceeded)
			if n := len(proxy.Calls("ecs.UpdateService")); n != 1 || running(w) != 4 {
				w.Errorf("it was sent %d times, and %d tasks run", n, running(w))
			}
		})
	})
	t.Run("a new service", func(t *testing.T) {
		apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
			apptest.Shop{Services: []string{"web"}}.Open(w, "web:v1")
			w.Pin("dev", "web=v1")
			a, _ := through(w, proxytest.Order{Kind: proxytest.Lose, Operation: "ecs.CreateService"})
			w.Expect(planned(w, a)(apptest.Wait), tagboat.VerdictSucceeded)
		})
	})
	t.Run("a rollback", func(t *testing.T) {
		apptest.Shop{}.Run(t, func(w *apptest.World) {
			next(w, "exit=3@1s")
			back := lost
			back.Skip = 1
			a, _ := through(w, back)
			w.Expect(planned(w, a)(apptest.Wait), tagboat.VerdictRolledBack)
		})
	})
	t.Run("answers older than the change, too", func(t *testing.T) {
		apptest.Shop{}.Run(t, func(w *apptest.World) {
			next(w)
			a, proxy := through(w, lost)
			deploy := planned(w, a)
			frozen(w, proxy, 30*time.Second)
			w.Expect(deploy(apptest.Wait), tagboat.VerdictSucceeded)
		})
	})
}

// TestWhatIsNotKnownIsSaid has neither the answer to a change arrive nor any look afterwards.
func TestWhatIsNotKnownIsSaid(t *testing.T) {
	for name, test := range map[string]struct {
		labels []string
		skip   int
		words  string
	}{
		"an update":  {nil, 0, "whether the service changed is not known"},
		"a rollback": {[]string{"exit=3@1s"}, 1, "whether it was rolled back to web:1 is not known"},
	} {
		t.Run(name, func(t *testing.T) {
			apptest.Shop{}.Run(t, func(w *apptest.World) {
				next(w, test.labels...)
				a, proxy := through(w, proxytest.Order{Kind: proxytest.Lose, Operation: "ecs.UpdateService", Skip: test.skip})
				deploy := planned(w, a)
				go func() {
					_ = proxy.Await(w.Context(), "ecs.UpdateService", 1)
					frozen(w, proxy, time.Hour)
				}()
				d := deploy(apptest.Wait)
				w.Expect(d, tagboat.VerdictFailed, test.words)
				for _, lie := range []string{"was not changed", "failed too"} {
					if strings.Contains(d.Reason, lie) {
						w.Errorf("it says %q: %s", lie, d.Reason)
					}
				}
			})
		})
	}
}

// TestNoCallThatForcesADeploymentIsRepeated has the answers of forced updates lost.
func TestNoCallThatForcesADeploymentIsRepeated(t *testing.T) {
	apptest.Shop{}.Run(t, func(w *apptest.World) {
		next(w, "exit=3@1s")
		o := apptest.Wait
		o.NoRollback = true
		w.Expect(w.DeployWith(w.Context(), w.Open(), o)[0], tagboat.VerdictFailed)
		w.Push("shop/web:v2") // mended
		a, proxy := through(w,
			rewrite("ecs.DescribeServices", 0, func(_, answer map[string]any) {
				for _, s := range answer["services"].([]any) {
					for _, d := range s.(map[string]any)["deployments"].([]any) {
						if d := d.(map[string]any); d["status"] == "PRIMARY" {
							d["rolloutState"] = "FAILED"
						}
					}
				}
			}),
			proxytest.Order{Kind: proxytest.Drop, Operation: "ecs.UpdateService"})
		deploy := planned(w, a)
		w.Expect(deploy(apptest.Wait), tagboat.VerdictFailed, "not known")
		calls := proxy.Calls("ecs.UpdateService")
		if len(calls) != 1 || !strings.Contains(string(calls[0].Body), "forceNewDeployment") {
			w.Errorf("%d calls: %+v", len(calls), calls)
		}
	})
}

// TestALostAnswerToContinue lets a deployment go on from its pause although the answer to
// that got lost.
func TestALostAnswerToContinue(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		beginThen(w, hooked(pause))
		next(w)
		time.AfterFunc(10*time.Minute, func() {
			a, proxy := through(w, proxytest.Order{Kind: proxytest.Lose, Operation: "ecs.ContinueServiceDeployment"})
			selection := fleet.Selection{Environments: []tagboat.EnvName{"dev"}, Services: []tagboat.ServiceName{"web"}}
			if _, err := a.Delivery.Continue(w.Context(), delivery.ContinueRequest{Selection: selection}); err != nil {
				w.Error(err)
			}
			if n := len(proxy.Calls("ecs.ContinueServiceDeployment")); n != 1 {
				w.Errorf("it was sent %d times", n)
			}
		})
		w.Expect(w.One(), tagboat.VerdictSucceeded)
	})
}

// TestAnswersThatLackTheDeployment has AWS answer our change without its deployments: what
// came of it is looked at.
func TestAnswersThatLackTheDeployment(t *testing.T) {
	apptest.Shop{}.Run(t, func(w *apptest.World) {
		next(w)
		a, proxy := through(w, rewrite("ecs.UpdateService", 0, func(_, answer map[string]any) {
			answer["service"].(map[string]any)["deployments"] = []any{}
		}))
		w.Expect(planned(w, a)(apptest.Wait), tagboat.VerdictSucceeded)
		if n := len(proxy.Calls("ecs.UpdateService")); n != 1 {
			w.Errorf("it was sent %d times", n)
		}
	})
}

// TestAServiceThatNamesTheDeploymentBefore has DescribeServices name the record of the
// deployment before ours, and then show what was true before ours.
func TestAServiceThatNamesTheDeploymentBefore(t *testing.T) {
	apptest.Shop{Service: breaker}.Run(t, func(w *apptest.World) {
		before := described(w)
		next(w, "start=60s")
		a, proxy := through(w, rewrite("ecs.DescribeServices", 0, func(_, answer map[string]any) {
			for _, s := range answer["services"].([]any) {
				s.(map[string]any)["currentServiceDeployment"] = before["currentServiceDeployment"]
			}
		}))
		deploy := planned(w, a)
		time.AfterFunc(20*time.Second, func() {
			proxy.Clear()
			if err := proxy.Order(rewrite("ecs.DescribeServices", 0, func(_, answer map[string]any) {
				answer["services"] = []any{before}
			})); err != nil {
				w.Error(err)
			}
		})
		time.AfterFunc(4*time.Minute, proxy.Clear)
		w.Expect(deploy(apptest.Wait), tagboat.VerdictSucceeded)
	})
}
