package delivery_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/proxytest"
	"github.com/tagboat/tagboat/internal/sandbox/sandboxtest"
)

// TestARefusalEndsTheWait has AWS refuse each operation that a verdict needs, for whoever
// deploys: it is not asked for until the time is up.
func TestARefusalEndsTheWait(t *testing.T) {
	for name, test := range map[string]struct {
		operation string
		match     string
		labels    []string
		verdict   tagboat.Verdict
		words     []string
	}{
		"the list of tasks while it rolls":  {"ecs.ListTasks", "", []string{"start=60s"}, tagboat.VerdictTimedOut, []string{"ecs:ListTasks", "continues in ECS"}},
		"the list of tasks when it is done": {"ecs.ListTasks", `"RUNNING"`, nil, tagboat.VerdictFailed, []string{"ecs:ListTasks", "completed"}},
		"the tasks":                         {"ecs.DescribeTasks", "", nil, tagboat.VerdictFailed, []string{"ecs:DescribeTasks", "completed"}},
		"the service":                       {"ecs.DescribeServices", "", nil, tagboat.VerdictTimedOut, []string{"ecs:DescribeServices", "continues in ECS", "tagboat deploy --resume"}},
	} {
		t.Run(name, func(t *testing.T) {
			apptest.Shop{}.Run(t, func(w *apptest.World) {
				next(w, test.labels...)
				a, proxy := through(w)
				deploy := planned(w, a)
				if err := proxy.Order(proxytest.Order{Kind: proxytest.Refuse, Operation: test.operation, Match: test.match}); err != nil {
					t.Fatal(err)
				}
				began := time.Now()
				d := deploy(apptest.Wait)
				w.Expect(d, test.verdict, append(test.words, "tagboat generate iam-policy --for deploy --env dev")...)
				if took := time.Since(began); took > 3*time.Minute {
					w.Errorf("it was waited for %s", took)
				}
				if n := len(proxy.Calls(test.operation)); test.match == "" && n > 3 {
					w.Errorf("%d calls", n)
				}
			})
		})
	}
}

// TestTheRecordOfADeploymentIsRefused where it alone could say what became of it.
func TestTheRecordOfADeploymentIsRefused(t *testing.T) {
	apptest.Shop{}.Run(t, func(w *apptest.World) {
		next(w)
		a, proxy := through(w,
			proxytest.Order{Kind: proxytest.Refuse, Operation: "ecs.DescribeServiceDeployments"},
			proxytest.Order{Kind: proxytest.Refuse, Operation: "ecs.ListServiceDeployments"})
		deploy := planned(w, a)
		frozen(w, proxy, time.Hour)
		began := time.Now()
		w.Expect(deploy(apptest.Wait), tagboat.VerdictTimedOut, "ServiceDeployments", "tagboat generate iam-policy --for deploy")
		if took := time.Since(began); took > time.Minute {
			w.Errorf("it was waited for %s", took)
		}
	})
}

// TestOptionalLooksAreRefused has what only makes causes plainer refused: the verdict is what
// it would be, and the rest of the explanation says what it lacks.
func TestOptionalLooksAreRefused(t *testing.T) {
	for _, operation := range []string{"logs.GetLogEvents", "logs.*"} {
		apptest.Shop{}.Run(t, func(w *apptest.World) {
			next(w, "exit=3@1s", "log=no database")
			a, proxy := through(w)
			deploy := planned(w, a)
			if err := proxy.Order(proxytest.Order{Kind: proxytest.Refuse, Operation: operation}); err != nil {
				t.Fatal(err)
			}
			w.Expect(deploy(apptest.Wait), tagboat.VerdictRolledBack, "code 3", "logs:GetLogEvents")
		})
	}
}

// TestAnIncompleteListOfTasksIsNoAnswer lists one of two tasks, for a while or for ever.
func TestAnIncompleteListOfTasksIsNoAnswer(t *testing.T) {
	one := func(_, answer map[string]any) {
		if arns, ok := answer["taskArns"].([]any); ok && len(arns) > 1 {
			answer["taskArns"] = arns[:1]
		}
	}
	t.Run("for a while", func(t *testing.T) {
		apptest.Shop{}.Run(t, func(w *apptest.World) {
			next(w)
			a, proxy := through(w, rewrite("ecs.ListTasks", 15, one))
			d := planned(w, a)(apptest.Wait)
			w.Expect(d, tagboat.VerdictSucceeded)
			if n := len(proxy.Calls("ecs.ListTasks")); n <= 15 {
				w.Errorf("%d lists were enough, and one of two tasks stood in them", n)
			}
		})
	})
	t.Run("for ever", func(t *testing.T) {
		apptest.Shop{}.Run(t, func(w *apptest.World) {
			next(w)
			a, _ := through(w, rewrite("ecs.ListTasks", 0, one))
			w.Expect(planned(w, a)(apptest.Wait), tagboat.VerdictTimedOut, "1 of its 2 tasks")
		})
	})
}

// TestOneTaskOfManyRunsAnotherDigest is a failure, whatever the others run.
func TestOneTaskOfManyRunsAnotherDigest(t *testing.T) {
	apptest.Shop{}.Run(t, func(w *apptest.World) {
		next(w)
		other := "sha256:" + strings.Repeat("0a", 32)
		a, _ := through(w, rewrite("ecs.DescribeTasks", 0, func(_, answer map[string]any) {
			tasks := answer["tasks"].([]any)
			container := tasks[len(tasks)-1].(map[string]any)["containers"].([]any)[0].(map[string]any)
			container["image"], container["imageDigest"] = sandboxtest.Host+"/shop/web:v2", other
		}))
		w.Expect(planned(w, a)(apptest.Wait), tagboat.VerdictFailed, "container app runs "+other)
	})
}

// TestNoDigestIsTold by AWS: the deployment completed with our definition, which names it,
// and the verdict says that it could not be compared.
func TestNoDigestIsTold(t *testing.T) {
	apptest.Shop{}.Run(t, func(w *apptest.World) {
		next(w)
		a, _ := through(w, rewrite("ecs.DescribeTasks", 0, func(_, answer map[string]any) {
			for _, task := range answer["tasks"].([]any) {
				for _, c := range task.(map[string]any)["containers"].([]any) {
					delete(c.(map[string]any), "imageDigest")
				}
			}
		}))
		d := planned(w, a)(apptest.Wait)
		w.Expect(d, tagboat.VerdictSucceeded, "does not report the digest of container app")
		if d.Images[0].Running != "" {
			w.Errorf("it says that %s runs", d.Images[0].Running)
		}
	})
}

// scale sets the desired count of service web, as somebody else does.
func scale(w *apptest.World, count int) {
	w.Helper()
	w.AWS("ecs.UpdateService", map[string]any{"cluster": "dev", "service": "web", "desiredCount": count})
}

// TestNoTaskRunsAnything has services without a task: no verdict says that the pinned
// version runs.
func TestNoTaskRunsAnything(t *testing.T) {
	free := apptest.Shop{Service: map[string]any{"desiredCount": nil}} // the count is not the file's
	t.Run("scaled to 0 by hand", func(t *testing.T) {
		apptest.Shop{}.Run(t, func(w *apptest.World) {
			free.Files(w, "web")
			scale(w, 0)
			w.Later(2 * time.Minute)
			d := w.One()
			w.Expect(d, tagboat.VerdictUnchanged, "no task of it runs")
			if strings.Contains(d.Reason, "already runs") || d.Images[0].Running != "" {
				w.Errorf("%s: %+v", d.Reason, d.Images)
			}
		})
	})
	t.Run("before, and another version now", func(t *testing.T) {
		apptest.Shop{}.Run(t, func(w *apptest.World) {
			free.Files(w, "web")
			scale(w, 0)
			w.Later(2 * time.Minute)
			next(w)
			w.Expect(w.One(), tagboat.VerdictSucceeded, "no task of it runs")
		})
	})
	t.Run("by the file", func(t *testing.T) {
		apptest.Shop{}.Run(t, func(w *apptest.World) {
			apptest.Shop{Service: map[string]any{"desiredCount": 0}}.Files(w, "web")
			w.Expect(w.One(), tagboat.VerdictSucceeded, "no task of it runs")
			w.Expect(w.One(), tagboat.VerdictUnchanged, "no task of it runs")
		})
	})
	t.Run("midway", func(t *testing.T) {
		apptest.Shop{}.Run(t, func(w *apptest.World) {
			free.Files(w, "web")
			next(w, "start=60s")
			time.AfterFunc(20*time.Second, func() { scale(w, 0) })
			d := w.One()
			w.Expect(d, tagboat.VerdictSuperseded, "desired count of the service to 0")
		})
	})
}

// TestUnchangedLooksAtTheTasks where the service alone does not say that all is well.
func TestUnchangedLooksAtTheTasks(t *testing.T) {
	left := func(_, answer map[string]any) { // as after a rollback: the failed one is still listed
		s := answer["services"].([]any)[0].(map[string]any)
		s["deployments"] = append(s["deployments"].([]any), map[string]any{"id": "ecs-svc/1", "status": "ACTIVE", "rolloutState": "FAILED", "taskDefinition": s["taskDefinition"]})
	}
	t.Run("all well", func(t *testing.T) {
		apptest.Shop{}.Run(t, func(w *apptest.World) {
			a, _ := through(w, rewrite("ecs.DescribeServices", 0, left))
			d := planned(w, a)(apptest.Wait)
			w.Expect(d, tagboat.VerdictUnchanged)
			if d.Images[0].Running != w.Pushed["shop/web:v1"] {
				w.Errorf("%s runs", d.Images[0].Running)
			}
		})
	})
	t.Run("refused", func(t *testing.T) {
		apptest.Shop{}.Run(t, func(w *apptest.World) {
			a, _ := through(w, rewrite("ecs.DescribeServices", 0, left), proxytest.Order{Kind: proxytest.Refuse, Operation: "ecs.ListTasks"})
			w.Expect(planned(w, a)(apptest.Wait), tagboat.VerdictFailed, "nothing was changed", "ecs:ListTasks")
		})
	})
}

// forgeries returns orders that spoil some answers of ECS, as a seed says.
func forgeries(seed uint64) []proxytest.Order {
	dice := rand.New(rand.NewPCG(seed, 1))
	kinds := []proxytest.Kind{proxytest.Lose, proxytest.Cut, proxytest.Drop, proxytest.Repeat, proxytest.Delay, proxytest.Stale}
	operations := []string{"ecs.UpdateService", "ecs.DescribeServices", "ecs.ListTasks", "ecs.DescribeTasks", "ecs.RegisterTaskDefinition", "ecs.DescribeServiceDeployments", "ecs.*"}
	var orders []proxytest.Order
	for i := range 1 + dice.IntN(3) {
		o := proxytest.Order{
			Kind: kinds[dice.IntN(len(kinds))], Operation: operations[dice.IntN(len(operations))], Name: fmt.Sprint(i),
			Times: dice.IntN(3) * (1 + dice.IntN(20)), Rate: []float64{0, 0.3, 0.7}[dice.IntN(3)], Seed: seed,
		}
		if o.Kind == proxytest.Delay {
			o.For = time.Duration(1+dice.IntN(40)) * time.Second
		}
		orders = append(orders, o)
	}
	return orders
}

// TestVerdictsUnderForgedAnswers compares each verdict with what is so in the end, whatever
// happened to answers on their way.
func TestVerdictsUnderForgedAnswers(t *testing.T) {
	for name, second := range map[string]struct {
		service map[string]any
		labels  []string
	}{
		"runs":                       {nil, []string{"start=10s"}},
		"crashes":                    {nil, []string{"exit=3@1s"}},
		"crashes, and ECS goes back": {breaker, []string{"exit=3@1s"}},
	} {
		for seed := range uint64(25) {
			t.Run(fmt.Sprintf("%s, %d", name, seed), func(t *testing.T) {
				apptest.Shop{Service: second.service}.Run(t, func(w *apptest.World) {
					next(w, second.labels...)
					a, proxy := through(w)
					deploy := planned(w, a)
					for _, o := range forgeries(seed) {
						if err := proxy.Order(o); err != nil {
							t.Fatal(err)
						}
					}
					time.AfterFunc(time.Duration(20+seed*7)*time.Second, proxy.Clear) // some strike all calls until then
					o := apptest.Wait
					o.Timeout = 20 * time.Minute
					d := deploy(o)
					proxy.Clear()
					isTrue(w, d, second.labels[0] == "start=10s")
				})
			})
		}
	}
}

// isTrue compares what a verdict says with what is so half an hour later.
func isTrue(w *apptest.World, d tagboat.Deployment, good bool) {
	w.Helper()
	w.Later(30 * time.Minute)
	service := described(w)
	now := fmt.Sprint(service["taskDefinition"])
	now = now[strings.LastIndex(now, "/")+1:]
	wrong := ""
	switch d.Verdict {
	case tagboat.VerdictSucceeded:
		if now == "web:1" || !good {
			wrong = "it does not run"
		}
	case tagboat.VerdictRolledBack:
		if now != "web:1" || good {
			wrong = "it was not rolled back, or for nothing"
		}
	case tagboat.VerdictTimedOut:
	case tagboat.VerdictFailed:
		switch {
		case strings.Contains(d.Reason, "not known"):
		case strings.Contains(d.Reason, "not changed") && now == "web:1":
		case strings.Contains(d.Reason, "end was not seen"):
		default:
			wrong = "it failed otherwise"
		}
	default:
		wrong = "nobody did that"
	}
	if wrong != "" {
		w.Errorf("%s, %s: %s (%s is what the service has)", d.Verdict, d.Reason, wrong, now)
	}
}
