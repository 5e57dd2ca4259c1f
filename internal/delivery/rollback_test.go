package delivery_test

import (
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/access"
	"github.com/tagboat/tagboat/internal/app"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/delivery"
	"github.com/tagboat/tagboat/internal/fleet"
)

// plannedBack plans one step back.
func plannedBack(w *apptest.World, a *app.App, selection fleet.Selection) *delivery.Rollback {
	w.Helper()
	back, err := a.Rollbacks.Plan(w.Context(), selection, access.When{})
	if err != nil {
		w.Fatal(err)
	}
	return back
}

// R1: a revision that never ran well lies between what runs and what ran well.
func TestR1_RollbackSkipsWhatNeverRanWell(t *testing.T) {
	apptest.Shop{Service: breaker}.Run(t, func(w *apptest.World) {
		next(w, "exit=1@1s")
		w.Expect(w.One(), tagboat.VerdictRolledBack)
		w.Release("v3")
		back := w.Rollback()
		w.Expect(back[0], tagboat.VerdictSucceeded)
		if back[0].Images[0].Running != w.Pushed["shop/web:v1"] || revisions(w, "web") != 3 {
			w.Errorf("it runs %s of %d revisions", back[0].Images[0].Running, revisions(w, "web"))
		}
		if pin := w.Pinned("web"); pin.Digest != w.Pushed["shop/web:v1"] || pin.Tag != "v1" || pin.Message != "it is broken" {
			w.Errorf("pinned is %+v", pin)
		}
	})
}

// R2: a first deployment has nothing before it, and nothing is touched.
func TestR2_RollbackOfAFirstDeployment(t *testing.T) {
	apptest.Shop{}.Run(t, func(w *apptest.World) {
		if _, err := w.TryRollback(); tagboat.KindOf(err) != tagboat.Usage {
			w.Errorf("it went back: %v", err)
		}
		if pin := w.Pinned("web"); pin.Digest != w.Pushed["shop/web:v1"] {
			w.Errorf("pinned is %+v", pin)
		}
	})
}

// R5: ECS went back by itself: what runs stays, and the pins say so again.
func TestR5_RollbackAfterECSOwn(t *testing.T) {
	apptest.Shop{Service: breaker}.Run(t, func(w *apptest.World) {
		next(w, "exit=1@1s")
		w.Expect(w.One(), tagboat.VerdictRolledBack)
		before := w.Calls("ecs.UpdateService")
		back := w.Rollback()
		w.Expect(back[0], tagboat.VerdictUnchanged)
		if pin := w.Pinned("web"); pin.Digest != w.Pushed["shop/web:v1"] || w.Calls("ecs.UpdateService") != before {
			w.Errorf("pinned is %+v after %d updates", pin, w.Calls("ecs.UpdateService")-before)
		}
	})
}

// R5: we went back, and what was pinned is what failed. A rollback keeps what runs and
// pins that; only the next one goes further back.
func TestR5_RollbackAfterOurOwn(t *testing.T) {
	apptest.Shop{}.Run(t, func(w *apptest.World) {
		w.Release("v2")
		w.Push("shop/web:v3", "exit=1@1s")
		w.Pin("dev", "web=v3")
		w.Expect(w.One(), tagboat.VerdictRolledBack)
		for _, want := range []struct {
			tag     string
			verdict tagboat.Verdict
		}{{"v2", tagboat.VerdictUnchanged}, {"v1", tagboat.VerdictSucceeded}} {
			back := w.Rollback()
			w.Expect(back[0], want.verdict)
			if pin := w.Pinned("web"); pin.Digest != w.Pushed["shop/web:"+want.tag] || back[0].Images[0].Running != pin.Digest {
				w.Errorf("pinned is %+v, and %+v", pin, back[0].Images)
			}
		}
	})
}

// TestR1_RollbackTwice goes back twice: not to and fro between two versions, but past the
// one that was rejected.
func TestR1_RollbackTwice(t *testing.T) {
	apptest.Shop{}.Run(t, func(w *apptest.World) {
		w.Release("v2", "v3")
		for _, want := range []string{"v2", "v1"} {
			back := w.Rollback()
			w.Expect(back[0], tagboat.VerdictSucceeded)
			if running := back[0].Images[0].Running; running != w.Pushed["shop/web:"+want] || w.Pinned("web").Tag != want {
				w.Errorf("%s runs and %s is pinned, want %s", running, w.Pinned("web").Tag, want)
			}
		}
		if _, err := w.TryRollback(); tagboat.KindOf(err) != tagboat.Usage {
			w.Errorf("there is nothing left: %v", err)
		}
	})
}

// TestRollbackToATime goes back past what ran well since, pins and definition both.
func TestRollbackToATime(t *testing.T) {
	apptest.Shop{}.Run(t, func(w *apptest.World) {
		first := time.Now()
		for _, tag := range []string{"v2", "v3"} {
			w.Later(time.Hour)
			w.Push("shop/web:" + tag)
			w.Pin("dev", "web="+tag)
			w.Expect(w.One(), tagboat.VerdictSucceeded)
		}
		a, all := w.Open(), apptest.Dev
		if _, err := a.Rollbacks.Plan(w.Context(), all, access.When{At: first.Add(-24 * time.Hour)}); tagboat.KindOf(err) != tagboat.Usage {
			w.Errorf("before the first: %v", err)
		}
		back, err := a.Rollbacks.Plan(w.Context(), all, access.When{At: first.Add(time.Minute)})
		if err != nil {
			w.Fatal(err)
		}
		document, err := a.Rollbacks.Do(w.Context(), back, "", apptest.Wait)
		if err != nil {
			w.Fatal(err)
		}
		w.Expect(document.Deployments[0], tagboat.VerdictSucceeded)
		if document.Deployments[0].Images[0].Running != w.Pushed["shop/web:v1"] || w.Pinned("web").Tag != "v1" {
			w.Errorf("it went back to %+v", document.Deployments[0].Images)
		}
	})
}
