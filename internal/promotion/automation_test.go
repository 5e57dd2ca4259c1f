package promotion_test

import (
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/deploy/rollout"
	"github.com/tagboat/tagboat/internal/promotion"
)

// follows asks what a watcher asks that has heard of a push of web.
func follows(env tagboat.EnvName) promotion.Request {
	return promotion.Request{Selection: apptest.In(env), Newest: []tagboat.ImageName{"web"}, Automation: true}
}

// pushedBoth has v1 of both services in dev, and a version v2 of both in the registry.
func pushedBoth(w *apptest.World, labels ...string) {
	w.Helper()
	w.Push("shop/api:v1")
	w.Push("shop/web:v1")
	states(w, w.Promote(to("dev", automation)), "dev promoted", "mb-dev promoted")
	w.Later(time.Hour)
	w.Push("shop/api:v2")
	w.Push("shop/web:v2", labels...)
}

// TestAutomationKilledAtEveryCall kills automation at every call, and has another process follow: it
// ends in the same state, and no service is deployed more often than that takes.
func TestAutomationKilledAtEveryCall(t *testing.T) {
	number := regexp.MustCompile(`\b[2-9]\b`)
	for name, c := range map[string]struct {
		want   string
		labels []string
		most   int // updates of web
	}{
		"good": {"v1 v2 [1 N] active <nil>", nil, 1},
		"bad":  {"v1 v1 [1 N-failed] active <nil>", []string{"exit=3@5s"}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			for at := int64(1); ; at++ {
				done := false
				for _, sent := range []bool{false, true} {
					run(t, apptest.Family{Services: []string{"api", "web"}}, func(w *apptest.World) {
						pushedBoth(w, c.labels...)
						k := &killer{at: at, sent: sent}
						_, _ = promoteThrough(w, follows("dev"), k.through)
						done = k.n.Load() < at
						w.Later(time.Minute) // until then the other one may be at work
						w.Promote(follows("dev"))
						got := remembers(w)
						if number.ReplaceAllString(strings.ReplaceAll(got, "v2", "v_"), "N") != strings.ReplaceAll(c.want, "v2", "v_") {
							w.Errorf("killed at call %d (sent: %t): got %s, want %s", at, sent, got, c.want)
						}
						if n := w.Calls("ecs.UpdateService"); n > c.most {
							w.Errorf("killed at call %d (sent: %t): web was updated %d times", at, sent, n)
						}
					})
				}
				if done || t.Failed() {
					t.Logf("%d calls", at-1)
					return
				}
				at += step() - 1
			}
		})
	}
}

// TestAutomationGoesOnFromEventToEvent has a process for each event, which waits for nothing: a
// rollout of twenty minutes ends, and one that fails goes back, though nobody watches it.
func TestAutomationGoesOnFromEventToEvent(t *testing.T) {
	for name, c := range map[string]struct {
		want   string
		labels []string
		most   int
	}{
		"good": {"v1 v2 [1 2] active <nil>", []string{"start=20m"}, 1},
		"bad":  {"v1 v1 [1 2-failed] active <nil>", []string{"exit=3@5s"}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, apptest.Family{Services: []string{"api", "web"}}, func(w *apptest.World) {
				pushedBoth(w, c.labels...)
				for range 60 {
					a := w.Open()
					set, err := a.Promotions.Plan(w.Context(), follows("dev"))
					if err != nil {
						w.Fatal(err)
					}
					document, err := a.Promotions.Do(w.Context(), set, rollout.Options{Wait: true, MaxParallel: 40, Timeout: time.Second})
					if err != nil {
						w.Fatal(err)
					}
					if state := document.Promotions[0].State; state != tagboat.PromotionTimedOut {
						break
					}
					w.Later(time.Minute)
				}
				if got := remembers(w); got != c.want {
					w.Errorf("got %s, want %s", got, c.want)
				}
				if n := w.Calls("ecs.UpdateService"); n > c.most {
					w.Errorf("web was updated %d times", n)
				}
			})
		})
	}
}

// TestOvertake has a newer version of another image pushed while a release is under way: automation
// waits for that, or where the stage says so puts a release of both in its place.
func TestOvertake(t *testing.T) {
	for name, c := range map[string]struct{ stages, second, want string }{
		"waits":     {"[{name: dev, auto: newest}, {name: staging}, {name: prod}]", "dev timed-out", "v1 v2 [1 2] active <nil>"},
		"overtakes": {"[{name: dev, auto: newest, overtake: true}, {name: staging}, {name: prod}]", "dev promoted", "v2 v2 [1 3] active <nil>"},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, apptest.Family{Services: []string{"api", "web"}, Stages: c.stages}, func(w *apptest.World) {
				pushedBoth(w, "start=5m")
				briefly := func(r promotion.Request, limit time.Duration) tagboat.PromotionDocument {
					a := w.Open()
					set, err := a.Promotions.Plan(w.Context(), r)
					if err != nil {
						w.Fatal(err)
					}
					document, err := a.Promotions.Do(w.Context(), set, rollout.Options{Wait: true, MaxParallel: 40, Timeout: limit})
					if err != nil {
						w.Fatal(err)
					}
					return document
				}
				states(w, briefly(follows("dev"), time.Second), "dev timed-out")
				w.Later(time.Minute)
				other := follows("dev")
				other.Newest = []tagboat.ImageName{"api"}
				limit := time.Second
				if name == "overtakes" {
					limit = time.Hour
				}
				states(w, briefly(other, limit), c.second)
				if name == "waits" {
					states(w, w.Promote(follows("dev")), "dev promoted")
				}
				if got := remembers(w); got != c.want {
					w.Errorf("got %s, want %s", got, c.want)
				}
				if n := w.Calls("ecs.UpdateService"); n > 2 {
					w.Errorf("the services were updated %d times", n)
				}
			})
		})
	}
}

// twoFollow has two processes follow what was pushed, with calls of random length, until there is
// nothing left to do.
func twoFollow(w *apptest.World, seed uint64) {
	w.Helper()
	both := follows("dev")
	both.Newest = nil
	var all sync.WaitGroup
	for i := range 2 {
		all.Go(func() {
			for range 20 {
				document, err := promoteThrough(w, both, slow(seed, uint64(i), 400))
				if err != nil {
					w.Fatal(err)
				}
				if state := document.Promotions[0].State; state == tagboat.PromotionUnchanged {
					return
				}
				w.Later(time.Second)
			}
		})
	}
	all.Wait()
}

// TestTwoAutomataAtOnce has two processes that heard of the same push: one deploys, and the other looks
// again later. Where both began it, each service would be deployed twice.
func TestTwoAutomataAtOnce(t *testing.T) {
	for seed := range rounds() {
		run(t, apptest.Family{Services: []string{"api", "web"}}, func(w *apptest.World) {
			pushedBoth(w)
			twoFollow(w, uint64(seed))
			got := remembers(w)
			if !strings.HasPrefix(got, "v2 v2 [1 ") || !strings.HasSuffix(got, "] active <nil>") || len(strings.Fields(got)) != 6 { // a number may be left out
				w.Errorf("seed %d: got %s", seed, got)
			}
			if n := w.Calls("ecs.UpdateService"); n != 2 {
				w.Errorf("seed %d: two services were updated %d times", seed, n)
			}
		})
	}
}

// TestTwoAutomataAndDependencies has two processes watch the same promotion when the turn of a service
// comes that depends on another one: it is deployed once all the same.
func TestTwoAutomataAndDependencies(t *testing.T) {
	for seed := range rounds() {
		run(t, apptest.Family{Services: []string{"api", "web"}}, func(w *apptest.World) {
			w.Write("tagboat.yaml", strings.Replace(w.Read("tagboat.yaml"), "containers: {app: web}}", "containers: {app: web}, dependsOn: [api]}", 1))
			pushedBoth(w, "start=20s")
			twoFollow(w, uint64(seed))
			for _, service := range []string{"api", "web"} {
				answer := w.AWS("ecs.ListServiceDeployments", map[string]any{"cluster": "dev", "service": service})
				if n := len(answer["serviceDeployments"].([]any)); n != 2 {
					w.Errorf("seed %d: %s was deployed %d times (%d updates)", seed, service, n, w.Calls("ecs.UpdateService"))
				}
			}
		})
	}
}
