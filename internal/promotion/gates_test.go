package promotion_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/access"
	"github.com/tagboat/tagboat/internal/app"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/deploy/rollout"
	"github.com/tagboat/tagboat/internal/pinning"
	"github.com/tagboat/tagboat/internal/promotion"
	"github.com/tagboat/tagboat/internal/sandbox/sandboxtest"
)

// person promotes a release as a person does.
func person(release string, environments ...tagboat.EnvName) promotion.Request {
	return promotion.Request{Selection: apptest.In(environments...), Release: release}
}

// window opens at nine for an hour, each day; stories begin at midnight.
const nine = "[{name: dev, auto: newest}, {name: staging}, {name: prod, gates: {window: {cron: '0 9 * * *', for: 1h}}}]"

// inProd brings release 1 to prod through the other stages.
func inProd(w *apptest.World) {
	w.Helper()
	w.Push("shop/web:v1")
	states(w, w.Promote(person("", "dev")), "dev promoted")
	states(w, w.Promote(person("1", "staging")), "staging promoted")
}

// TestWindow waits for a window that opens, and starts only the newest of what waits.
func TestWindow(t *testing.T) {
	run(t, apptest.Family{Stages: nine}, func(w *apptest.World) {
		inProd(w)
		states(w, w.Promote(person("1", "prod")), "prod waiting window-opens-at")
		w.Push("shop/web:v2")
		states(w, w.Promote(person("", "dev")), "dev promoted")
		states(w, w.Promote(person("2", "staging")), "staging promoted")
		document := w.Promote(person("2", "prod"))
		states(w, document, "prod waiting window-opens-at")
		if !w.Heard.Has("release 1", "passed over", "release 2") {
			w.Errorf("nobody is told that release 1 is passed over: %q", w.Heard.Notices)
		}
		w.Later(until(w, 9, 30))
		states(w, w.Promote(promotion.Request{Selection: apptest.In("prod"), Automation: true}), "prod promoted")
		running(w, "prod=v2")
	})
}

// until returns how long it is until a time of the next day.
func until(w *apptest.World, hour, minute int) time.Duration {
	now := time.Now().UTC()
	at := time.Date(now.Year(), now.Month(), now.Day(), hour, minute, 0, 0, time.UTC)
	if !at.After(now) {
		at = at.AddDate(0, 0, 1)
	}
	return at.Sub(now)
}

// TestWindowClosesMidway lets what rolls finish, starts nothing more, and goes on when it opens again.
func TestWindowClosesMidway(t *testing.T) {
	const after = "[{name: dev, auto: newest}, {name: staging}, {name: prod, gates: {window: {cron: '0 9 * * *', for: 1h}}}]"
	run(t, apptest.Family{Services: []string{"api", "web"}, Stages: after}, func(w *apptest.World) {
		file := w.Read("tagboat.yaml")
		w.Write("tagboat.yaml", strings.Replace(file, "containers: {app: web}}", "containers: {app: web}, dependsOn: [api]}", 1))
		w.Push("shop/api:v1")
		inProd(w)
		w.Later(until(w, 9, 59))
		document := w.Promote(person("1", "prod"))
		states(w, document, "prod waiting window-opens-at")
		verdicts := map[tagboat.ServiceName]tagboat.Verdict{}
		for _, d := range document.Promotions[0].Deployments {
			verdicts[d.Service] = d.Verdict
		}
		if verdicts["api"] != tagboat.VerdictSucceeded || verdicts["web"] != tagboat.VerdictBlocked {
			w.Errorf("got %v, want api to finish and web not to begin", verdicts)
		}
		w.Later(until(w, 9, 1))
		states(w, w.Promote(promotion.Request{Selection: apptest.In("prod"), Automation: true}), "prod promoted")
		running(w, "prod=v1")
	})
}

// TestFreeze stops promotions everywhere, and not those that go back or break the glass.
func TestFreeze(t *testing.T) {
	run(t, apptest.Family{Stages: "[{name: dev, auto: newest}, {name: staging}, {name: prod}]"}, func(w *apptest.World) {
		inProd(w)
		begins, ends := time.Now(), time.Now().Add(time.Hour)
		freeze := &tagboat.Hold{Reason: "Black Friday", By: "ann", Since: &begins, Until: &ends}
		if err := w.Open().Promotions.Home.Freeze(w.Context(), freeze); err != nil {
			w.Fatal(err)
		}
		states(w, w.Promote(person("1", "prod")), "prod waiting frozen-until")
		r := person("1", "prod")
		r.BreakGlass, r.Message = true, "checkout is down"
		document := w.Promote(r)
		states(w, document, "prod promoted")
		broken := false
		for _, g := range document.Promotions[0].Gates {
			broken = broken || g.Gate == "freeze" && g.BrokenGlass
		}
		if !broken {
			w.Errorf("nothing says that the glass was broken: %+v", document.Promotions[0].Gates)
		}
	})
}

// TestHeldAgainstAutomation keeps automation away from an environment, and not people.
func TestHeldAgainstAutomation(t *testing.T) {
	run(t, apptest.Family{}, func(w *apptest.World) {
		w.Push("shop/web:v1")
		states(w, w.Promote(person("", "dev")), "dev promoted")
		states(w, w.Promote(person("1", "staging")), "staging promoted")
		if _, err := w.Open().Pinning.Holds.Hold(w.Context(), pinning.HoldRequest{Environment: "prod", Until: access.When{}, Message: "audit"}); err != nil {
			w.Fatal(err)
		}
		states(w, w.Promote(promotion.Request{Selection: apptest.In("prod"), Automation: true}), "prod blocked held")
		states(w, w.Promote(person("1", "prod")), "prod promoted")
	})
}

// TestP1KeepsItsCandidate leaves a release in dev until it has soaked for the next stage, so that
// releases which come faster than that do not starve it.
func TestP1KeepsItsCandidate(t *testing.T) {
	run(t, apptest.Family{Stages: "[{name: dev, auto: newest, until: verified}, {name: staging, auto: upstream, gates: {soak: 1h}}, {name: prod}]"}, func(w *apptest.World) {
		w.Push("shop/web:v1")
		dev, staging := promotion.Request{Selection: apptest.In("dev"), Automation: true}, promotion.Request{Selection: apptest.In("staging"), Automation: true}
		states(w, w.Promote(dev), "dev promoted")
		for _, tag := range []string{"v2", "v3"} {
			w.Push("shop/web:" + tag)
			w.Later(20 * time.Minute)
			states(w, w.Promote(dev), "dev blocked kept-until")
		}
		w.Later(20 * time.Minute)
		states(w, w.Promote(staging), "staging promoted")
		states(w, w.Promote(dev), "dev promoted")
		running(w, "dev=v3", "staging=v1")
	})
}

// TestP1SaysWhatItPassedOver lists a release that was replaced before it had soaked.
func TestP1SaysWhatItPassedOver(t *testing.T) {
	run(t, apptest.Family{Stages: "[{name: dev, auto: newest}, {name: staging, auto: upstream, gates: {soak: 1h}}, {name: prod}]"}, func(w *apptest.World) {
		for _, tag := range []string{"v1", "v2"} {
			w.Push("shop/web:" + tag)
			states(w, w.Promote(promotion.Request{Selection: apptest.In("dev"), Automation: true}), "dev promoted")
			w.Later(10 * time.Minute)
		}
		w.Later(time.Hour)
		document := w.Promote(promotion.Request{Selection: apptest.In("staging"), Automation: true})
		states(w, document, "staging promoted")
		if over := document.Promotions[0].PassedOver; len(over) != 1 || over[0].Name != "1" {
			w.Errorf("passed over: %+v, want release 1", over)
		}
	})
}

// TestP7DoesThePlanThatWasReviewed refuses a plan that the world has moved from, and says where.
func TestP7DoesThePlanThatWasReviewed(t *testing.T) {
	run(t, apptest.Family{}, func(w *apptest.World) {
		inProd(w)
		plan := func() *promotion.Set {
			set, err := w.Open().Promotions.Plan(w.Context(), person("1", "prod"))
			if err != nil {
				w.Fatal(err)
			}
			return set
		}
		reviewed := plan().Hash()
		if err := plan().Same(reviewed); err != nil {
			w.Errorf("nothing has moved: %v", err)
		}
		w.Push("shop/web:v9")
		w.Pin("prod", "web=v9")
		w.Blocked(plan().Same(reviewed), "what would be pinned of prod")
		if err := plan().Same("tomorrow-x"); tagboat.KindOf(err) != tagboat.Usage {
			w.Errorf("%v for what is no hash", err)
		}
	})
}

// TestP6Abort ends a promotion whose process is gone, and brings back what was pinned.
func TestP6Abort(t *testing.T) {
	run(t, apptest.Family{Services: []string{"api", "web"}}, func(w *apptest.World) {
		two(w)
		k := &killer{at: 45}
		r := person("2", "dev")
		_, _ = promoteThrough(w, r, k.through)
		w.Push("shop/web:v3")
		states(w, w.Promote(person("1", "dev")), "dev blocked promotion-under-way")
		a := w.Open()
		results, err := a.Promotions.Abort(w.Context(), apptest.In("dev"), "its runner is gone")
		if err != nil || len(results) != 1 || results[0].State != tagboat.PromotionAborted {
			w.Fatalf("%+v, %v", results, err)
		}
		if got, want := remembers(w), "v1 v1 [1] active <nil>"; got != want {
			w.Errorf("got %s, want %s", got, want)
		}
		if results, err := a.Promotions.Abort(w.Context(), apptest.In("dev"), ""); err != nil || results[0].State != tagboat.PromotionUnchanged {
			w.Errorf("aborted again: %+v, %v", results, err)
		}
	})
}

// TestDryRunTouchesNothing counts what a checklist writes.
func TestDryRunTouchesNothing(t *testing.T) {
	run(t, apptest.Family{}, func(w *apptest.World) {
		w.Push("shop/web:v1")
		before := w.Calls("ssm.PutParameter")
		set, err := w.Open().Promotions.Plan(w.Context(), promotion.Request{Selection: apptest.To("dev"), DryRun: true})
		if err != nil {
			w.Fatal(err)
		}
		states(w, set.Document(), "dev ready", "mb-dev ready")
		if after := w.Calls("ssm.PutParameter"); after != before {
			w.Errorf("a dry run wrote %d parameters", after-before)
		}
		if n := w.Calls("ecs.RegisterTaskDefinition"); n != 0 {
			w.Errorf("a dry run registered %d revisions", n)
		}
	})
}

// TestM5SaysWhoHasNoSuchStage says which tenant has no environment in a stage.
func TestM5SaysWhoHasNoSuchStage(t *testing.T) {
	run(t, apptest.Family{}, func(w *apptest.World) {
		w.Write("tagboat.yaml", w.Read("tagboat.yaml")+apptest.Environment("acme-dev", ""))
		inProd(w)
		set, err := w.Open().Promotions.Plan(w.Context(), promotion.Request{Selection: apptest.To("staging"), Release: "1"})
		if err != nil {
			w.Fatal(err)
		}
		document := set.Document()
		last := document.Promotions[len(document.Promotions)-1]
		if last.Tenant != "acme" || last.State != tagboat.PromotionAbsent || last.Cause != tagboat.CauseNoStage {
			w.Errorf("got %+v", last)
		}
	})
}

// withoutCheckout opens Tagboat where nothing but tagboat.yaml is left.
func withoutCheckout(w *apptest.World) *app.App {
	w.Helper()
	for _, file := range []string{"web.taskdef.json", "web.service.json"} {
		if err := os.Remove(filepath.Join(w.Dir, file)); err != nil {
			w.Fatal(err)
		}
	}
	a, err := app.Open(w.Context(), app.Options{Config: filepath.Join(w.Dir, "tagboat.yaml"), Releases: true, Transport: sandboxtest.Carrier{Handler: w.Server}})
	if err != nil {
		w.Fatal(err)
	}
	return a
}

// TestNeedsNoCheckout promotes with nothing but tagboat.yaml.
func TestNeedsNoCheckout(t *testing.T) {
	run(t, apptest.Family{}, func(w *apptest.World) {
		inProd(w)
		a := withoutCheckout(w)
		set, err := a.Promotions.Plan(w.Context(), person("1", "prod"))
		if err != nil {
			w.Fatal(err)
		}
		document, err := a.Promotions.Do(w.Context(), set, rollout.Options{Wait: true, MaxParallel: 40})
		if err != nil {
			w.Fatal(err)
		}
		states(w, document, "prod promoted")
		if _, err := a.Delivery.Plan(w.Context(), apptest.In("dev")); tagboat.KindOf(err) != tagboat.Usage || !strings.Contains(err.Error(), "there is no file") {
			w.Errorf("a plan of the work tree: %v", err)
		}
	})
}

// TestStatusSaysThatPinsDiffer from the release that an environment has.
func TestStatusSaysThatPinsDiffer(t *testing.T) {
	run(t, apptest.Family{}, func(w *apptest.World) {
		inProd(w)
		changed := func() string {
			document, err := w.Open().View.Status(w.Context(), apptest.In("staging"))
			if err != nil || len(document.Environments) != 1 {
				w.Fatalf("%+v, %v", document, err)
			}
			return fmt.Sprint(document.Environments[0].Release, document.Environments[0].Changed)
		}
		if got := changed(); got != "1false" {
			w.Errorf("got %s", got)
		}
		w.Push("shop/web:v9")
		w.Pin("staging", "web=v9")
		if got := changed(); got != "1true" {
			w.Errorf("got %s", got)
		}
	})
}
