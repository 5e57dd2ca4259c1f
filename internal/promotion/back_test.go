package promotion_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/access"
	"github.com/tagboat/tagboat/internal/app"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/delivery"
	"github.com/tagboat/tagboat/internal/deploy/rollout"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/history"
	"github.com/tagboat/tagboat/internal/pinning"
	"github.com/tagboat/tagboat/internal/promotion"
	"github.com/tagboat/tagboat/internal/release"
	"github.com/tagboat/tagboat/internal/sandbox/sandboxtest"
)

// back goes back to a release as a person does; "" is the last good one.
func back(release string, environments ...tagboat.EnvName) promotion.Request {
	return promotion.Request{Selection: apptest.In(environments...), Release: release, Back: true, Message: "it is broken"}
}

// withReleases brings releases 1 to n, of web v1 to vn, through all stages of the team's family.
func withReleases(w *apptest.World, n int) {
	w.Helper()
	for i := 1; i <= n; i++ {
		w.Push(fmt.Sprintf("shop/web:v%d", i))
		for _, env := range []tagboat.EnvName{"dev", "staging", "prod"} {
			states(w, w.Promote(promotion.Request{Selection: apptest.In(env), Automation: true}), string(env)+" promoted")
		}
		w.Later(time.Hour)
	}
}

// has compares what prod remembers: its trail, where -b went back, -f failed, and none is no release.
func has(w *apptest.World, want string) {
	w.Helper()
	a := w.Open()
	books, err := a.Fleet.Books(w.Context(), []config.Environment{a.Config.Environments["prod"]})
	if err != nil {
		w.Fatal(err)
	}
	had, err := books["prod"].Promotions("prod")
	if err != nil {
		w.Fatal(err)
	}
	var trail []string
	for _, p := range had.Trail {
		name := p.Name
		if p.ID == "" {
			name = "none"
		}
		if p.Back {
			name += "-b"
		}
		if p.Failed {
			name += "-f"
		}
		trail = append(trail, name)
	}
	if had.Active != nil {
		trail = append(trail, "active "+had.Active.Name)
	}
	if got := strings.Join(trail, " "); got != want {
		w.Errorf("prod remembers %s, want %s", got, want)
	}
}

// unholdProd lifts the holds of prod.
func unholdProd(w *apptest.World) {
	w.Helper()
	apptest.Unhold(w, pinning.HoldRequest{Environment: "prod"})
}

// TestBackByRelease goes back to a release, which automation then leaves alone: while it is held, and
// after that what was left stays away, and what is newer comes.
func TestBackByRelease(t *testing.T) {
	run(t, apptest.Family{}, func(w *apptest.World) {
		withReleases(w, 2)
		states(w, w.Promote(back("1", "prod")), "prod promoted")
		running(w, "prod=v1", "staging=v2")
		has(w, "1 2 1-b")
		states(w, w.Promote(back("1", "prod")), "prod unchanged already-there")
		has(w, "1 2 1-b")
		leavesAlone(w)
		events := w.History(history.Request{Selection: apptest.In("prod")}).Events
		found := false
		for _, e := range events {
			found = found || e.Command == "rollback" && e.Release == "1" && e.FromRelease == "2" && e.Message == "it is broken" && e.FromEnvironment == ""
		}
		if !found {
			w.Errorf("the journal has no line of the rollback: %+v", events)
		}
	})
}

// leavesAlone checks that automation does not bring what prod left: neither while it is held nor after
// that. What is newer comes.
func leavesAlone(w *apptest.World) {
	w.Helper()
	closed := w.Promote(to("prod", automation)).Promotions[0]
	if closed.State != tagboat.PromotionBlocked || !closes(closed, tagboat.CauseHeld) || !closes(closed, tagboat.CauseRejected) {
		w.Errorf("while it is held: %s %s %+v", closed.State, closed.Cause, closed.Gates)
	}
	unholdProd(w)
	closed = w.Promote(to("prod", automation)).Promotions[0]
	if closed.State != tagboat.PromotionBlocked || closes(closed, tagboat.CauseHeld) || !closes(closed, tagboat.CauseRejected) {
		w.Errorf("once it is not held any more: %s %s %+v", closed.State, closed.Cause, closed.Gates)
	}
	w.Push("shop/web:v9")
	for _, env := range []tagboat.EnvName{"dev", "staging", "prod"} {
		states(w, w.Promote(promotion.Request{Selection: apptest.In(env), Automation: true}), string(env)+" promoted")
	}
	running(w, "prod=v9")
}

func closes(r tagboat.PromotionResult, cause tagboat.GateCause) bool {
	for _, g := range r.Gates {
		if !g.Passed && g.Cause == cause {
			return true
		}
	}
	return false
}

// TestBackToTheLastGood goes back step by step where no release is named, and undoes the last
// deployment where something else was deployed since.
func TestBackToTheLastGood(t *testing.T) {
	run(t, apptest.Family{}, func(w *apptest.World) {
		withReleases(w, 4)
		if _, err := w.Open().Releases.Reject(w.Context(), "3", "loses orders", false); err != nil {
			w.Fatal(err)
		}
		states(w, w.Promote(back("", "prod")), "prod promoted")
		if !w.Heard.Has("prod has release 4", "goes back to release 2") {
			w.Errorf("nobody is told where it goes: %q", w.Heard.Notices)
		}
		running(w, "prod=v2")
		w.Pin("prod", "web=v4")
		if _, err := w.Open().Promotions.Plan(w.Context(), back("", "prod")); !errors.Is(err, promotion.ErrNoneEarlier) {
			w.Errorf("with another version pinned: %v", err)
		}
		states(w, w.Promote(back("2", "prod")), "prod promoted")
		states(w, w.Promote(back("", "prod")), "prod promoted")
		running(w, "prod=v1")
		has(w, "1 2 3 4 2-b 1-b")
		if _, err := w.Open().Promotions.Plan(w.Context(), back("", "prod")); !errors.Is(err, promotion.ErrNoneEarlier) {
			w.Errorf("with nothing before: %v", err)
		}
		_, err := w.Open().Promotions.Plan(w.Context(), back("", "prod", "staging"))
		if tagboat.KindOf(err) != tagboat.Usage || !strings.Contains(err.Error(), "staging has a release to go back to, and prod has none") {
			w.Errorf("with one that has none: %v", err)
		}
	})
}

// backTo goes back to a time, or by service, as the command does.
func backTo(w *apptest.World, r delivery.RollbackRequest) tagboat.DeployDocument {
	w.Helper()
	a := w.Open()
	r, err := a.Promotions.Past(w.Context(), r)
	if err != nil {
		w.Fatal(err)
	}
	planned, err := a.Rollbacks.Plan(w.Context(), r)
	if err != nil {
		w.Fatal(err)
	}
	if err := promotion.MayLeave(planned, r); err != nil {
		w.Fatal(err)
	}
	document, err := a.Promotions.RollBack(w.Context(), a.Rollbacks, planned, r, "it is broken", apptest.Wait)
	if err != nil {
		w.Fatal(err)
	}
	return document
}

// TestBackByTime goes back to what ran at a time, and remembers which release that is.
func TestBackByTime(t *testing.T) {
	run(t, apptest.Family{}, func(w *apptest.World) {
		withReleases(w, 2)
		r := delivery.RollbackRequest{Selection: apptest.In("prod"), To: access.When{Ago: 90 * time.Minute}}
		backTo(w, r)
		running(w, "prod=v1")
		has(w, "1 2 1-b")
		r.To = access.When{At: time.Now().Add(-90 * time.Minute)}
		backTo(w, r)
		has(w, "1 2 1-b")
		leavesAlone(w)
	})
}

// TestBackToNoRelease goes back to before there was a release: the environment has none then.
func TestBackToNoRelease(t *testing.T) {
	run(t, apptest.Family{}, func(w *apptest.World) {
		w.Push("shop/web:v0")
		w.Pin("prod", "web=v0")
		a := w.Open()
		set, err := a.Delivery.Plan(w.Context(), apptest.In("prod"))
		if err != nil {
			w.Fatal(err)
		}
		a.Delivery.Deploy(w.Context(), set, apptest.Wait)
		w.Later(time.Hour)
		withReleases(w, 1)
		backTo(w, delivery.RollbackRequest{Selection: apptest.In("prod"), To: access.When{Ago: 90 * time.Minute}})
		running(w, "prod=v0")
		has(w, "1 none-b")
		document, err := w.Open().View.Status(w.Context(), apptest.In("prod"))
		if err != nil || document.Environments[0].Release != "" {
			w.Errorf("status says that prod has release %q: %v", document.Environments[0].Release, err)
		}
		if r := w.Promote(to("prod", automation)).Promotions[0]; r.State != tagboat.PromotionBlocked || !closes(r, tagboat.CauseRejected) {
			w.Errorf("automation brings what was left: %+v", r)
		}
	})
}

// TestBackAmidPromotion ends the promotion that is under way, in every form of going back.
func TestBackAmidPromotion(t *testing.T) {
	forms := map[string]struct {
		want string
		do   func(w *apptest.World)
	}{
		"by release": {"1 2 1-b", func(w *apptest.World) { states(w, w.Promote(back("1", "prod")), "prod promoted") }},
		"last good":  {"1 2 2-b", func(w *apptest.World) { states(w, w.Promote(back("", "prod")), "prod promoted") }},
		"by time": {"1 2 2-b", func(w *apptest.World) {
			backTo(w, delivery.RollbackRequest{Selection: apptest.In("prod"), To: access.When{Ago: 30 * time.Minute}})
		}},
		"by service": {"1 2", func(w *apptest.World) {
			backTo(w, delivery.RollbackRequest{Selection: fleet.Selection{Environments: []tagboat.EnvName{"prod"}, Services: []tagboat.ServiceName{"web"}}})
		}},
	}
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			run(t, apptest.Family{}, func(w *apptest.World) {
				withReleases(w, 2)
				w.Push("shop/web:v3")
				for _, env := range []tagboat.EnvName{"dev", "staging"} {
					states(w, w.Promote(promotion.Request{Selection: apptest.In(env), Automation: true}), string(env)+" promoted")
				}
				a := w.Open()
				set, err := a.Promotions.Plan(w.Context(), person("3", "prod"))
				if err != nil {
					w.Fatal(err)
				}
				document, err := a.Promotions.Do(w.Context(), set, rollout.Options{Wait: true, Timeout: time.Second})
				if err != nil {
					w.Fatal(err)
				}
				states(w, document, "prod timed-out")
				has(w, "1 2 active 3")
				automatic := back("1", "prod")
				automatic.Automation = true
				states(w, w.Promote(automatic), "prod blocked promotion-under-way")
				form.do(w)
				if !w.Heard.Has("release 3 to prod", "is ended") {
					w.Errorf("nobody is told that the promotion is ended: %q", w.Heard.Notices)
				}
				has(w, form.want)
			})
		})
	}
}

// TestBackKilledAtEveryCall kills going back to a release at every call, and runs it again: it ends
// in the same state, held and rejected.
func TestBackKilledAtEveryCall(t *testing.T) {
	for at := int64(1); ; at++ {
		done := false
		for _, sent := range []bool{false, true} {
			run(t, apptest.Family{Services: []string{"api", "web"}}, func(w *apptest.World) {
				two(w)
				states(w, w.Promote(promotion.Request{Selection: apptest.In("dev"), Release: "2"}), "dev promoted")
				k := &killer{at: at, sent: sent}
				_, _ = promoteThrough(w, back("1", "dev"), k.through)
				done = k.n.Load() < at
				w.Promote(back("1", "dev"))
				if got, want := remembers(w), "v1 v1 [1 2 1] active <nil>"; got != want {
					w.Errorf("killed at call %d (sent: %t): got %s, want %s", at, sent, got, want)
				}
				running(w, "dev=v1")
				r := w.Promote(promotion.Request{Selection: apptest.In("dev"), Release: "2", Automation: true}).Promotions[0]
				if !closes(r, tagboat.CauseHeld) || !closes(r, tagboat.CauseRejected) {
					w.Errorf("killed at call %d (sent: %t): automation is let in: %+v", at, sent, r.Gates)
				}
			})
		}
		if done || t.Failed() {
			t.Logf("%d calls", at-1)
			return
		}
		at += step() - 1
	}
}

// TestBackBringsVariablesBack goes back from a release with the same images, another template and
// another variable, without a checkout: both come back, and automation leaves them.
func TestBackBringsVariablesBack(t *testing.T) {
	run(t, apptest.Family{More: "vars: {color: [{value: green}]}\n"}, func(w *apptest.World) {
		colored := strings.Replace(w.Read("web.taskdef.json"), `"essential":`, `"environment": [{"name": "COLOR", "value": "${vars.color}"}], "essential":`, 1)
		w.Write("web.taskdef.json", colored)
		withReleases(w, 1)
		w.Write("tagboat.yaml", strings.Replace(w.Read("tagboat.yaml"), "green", "red", 1))
		w.Write("web.taskdef.json", strings.Replace(colored, `"512"`, `"1024"`, 1))
		if _, err := w.Open().Releases.Create(w.Context(), release.Request{Environment: "dev"}); err != nil {
			w.Fatal(err)
		}
		for _, env := range []tagboat.EnvName{"dev", "staging", "prod"} {
			states(w, w.Promote(person("2", env)), string(env)+" promoted")
		}
		shown := func() string {
			set, err := w.Open().Promotions.Plan(w.Context(), promotion.Request{Selection: apptest.In("prod"), Back: true, DryRun: true})
			if err != nil {
				w.Fatal(err)
			}
			r := set.Document().Promotions[0]
			var lines []string
			for _, c := range r.Changes {
				lines = append(lines, c.Diff)
			}
			for _, v := range r.Diff.Vars {
				lines = append(lines, fmt.Sprintf("%s: %v → %v", v.Name, v.From, v.To))
			}
			return strings.Join(lines, "\n")
		}
		for _, want := range []string{"red", "green", `"1024"`, `"512"`, "color: red → green"} {
			if got := shown(); !strings.Contains(got, want) {
				w.Errorf("the diff has no %s:\n%s", want, got)
			}
		}
		settings := w.Read("web.service.json")
		a := withoutCheckout(w)
		set, err := a.Promotions.Plan(w.Context(), back("", "prod"))
		if err != nil {
			w.Fatal(err)
		}
		document, err := a.Promotions.Do(w.Context(), set, apptest.Wait)
		if err != nil {
			w.Fatal(err)
		}
		states(w, document, "prod promoted")
		later := expect.Value(app.Open(w.Context(), app.Options{Config: filepath.Join(w.Dir, "tagboat.yaml"), Releases: true, Transport: sandboxtest.Carrier{Handler: w.Server}}))(w.T)
		set, err = later.Promotions.Plan(w.Context(), to("prod", automation))
		if err != nil {
			w.Fatal(err)
		}
		if r := set.Document().Promotions[0]; r.State != tagboat.PromotionBlocked || !closes(r, tagboat.CauseOlder) {
			w.Errorf("automation brings the variables that were left: %+v", r)
		}
		w.Write("web.taskdef.json", colored)
		w.Write("web.service.json", settings)
		has(w, "1 2 1-b")
	})
}

// TestCheckRollbacks finds releases that could not be deployed again: one whose image is gone, and
// one whose artifact is.
func TestCheckRollbacks(t *testing.T) {
	run(t, apptest.Family{}, func(w *apptest.World) {
		withReleases(w, 3)
		check := func(want ...string) {
			w.Helper()
			document, err := w.Open().Promotions.CheckRollbacks(w.Context(), apptest.In("prod", "staging"), 2)
			if err != nil {
				w.Fatal(err)
			}
			var got []string
			for _, c := range document.Rollbacks {
				line := fmt.Sprintf("%s %s %t", c.Environment, c.Release, c.Possible)
				if c.Current {
					line += " current"
				}
				for _, p := range c.Problems {
					line += ": " + p.Message
				}
				got = append(got, line)
			}
			expect.Equal(w.T, want, got)
		}
		check("staging 3 true current", "staging 2 true", "prod 3 true current", "prod 2 true")
		gone := "container app: image " + sandboxtest.Host + "/shop/web:v2@" + string(w.Pushed["shop/web:v2"]) + " is not in the registry"
		w.AWS("ecr.BatchDeleteImage", map[string]any{"repositoryName": "shop/web", "imageIds": []any{map[string]any{"imageDigest": w.Pushed["shop/web:v2"]}}})
		check("staging 3 true current", "staging 2 false: "+gone, "prod 3 true current", "prod 2 false: "+gone)
		document, err := w.Open().View.Status(w.Context(), apptest.In("prod"))
		if err != nil || document.Environments[0].NoWayBack != "" {
			w.Errorf("with the artifact of release 2: %v, %s", err, document.Environments[0].NoWayBack)
		}
		named, err := w.Open().Releases.Find(w.Context(), "2")
		if err != nil {
			w.Fatal(err)
		}
		w.AWS("ecr.BatchDeleteImage", map[string]any{"repositoryName": "shop-releases", "imageIds": []any{map[string]any{"imageDigest": named.ID}}})
		document, err = w.Open().View.Status(w.Context(), apptest.In("prod"))
		if want := "could not go back to release 2, which it had before: its artifact is gone"; err != nil || document.Environments[0].NoWayBack != want {
			w.Errorf("without the artifact of release 2: %v, %s", err, document.Environments[0].NoWayBack)
		}
	})
}

// TestBackByAutomation goes back where nobody holds it, and stops automation like a person's rollback.
func TestBackByAutomation(t *testing.T) {
	run(t, apptest.Family{}, func(w *apptest.World) {
		withReleases(w, 3)
		automatic := back("2", "prod")
		automatic.Automation = true
		apptest.Hold(w, pinning.HoldRequest{Environment: "prod", Message: "hands off"})
		states(w, w.Promote(automatic), "prod blocked held")
		unholdProd(w)
		states(w, w.Promote(automatic), "prod promoted")
		running(w, "prod=v2")
		automatic.Release = "1"
		states(w, w.Promote(automatic), "prod blocked held")
		has(w, "1 2 3 2-b")
	})
}

// TestBackToWhatIsGone touches nothing where a release cannot be deployed any more.
func TestBackToWhatIsGone(t *testing.T) {
	run(t, apptest.Family{}, func(w *apptest.World) {
		withReleases(w, 2)
		w.AWS("ecr.BatchDeleteImage", map[string]any{"repositoryName": "shop/web", "imageIds": []any{map[string]any{"imageDigest": w.Pushed["shop/web:v1"]}}})
		states(w, w.Promote(back("", "prod")), "prod blocked problem")
		has(w, "1 2")
		running(w, "prod=v2")
		if r := w.Promote(to("prod", automation)).Promotions[0]; closes(r, tagboat.CauseHeld) {
			w.Errorf("it is held: %+v", r.Gates)
		}
	})
}
