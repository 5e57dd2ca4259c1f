package app_test

import (
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/access"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/pinning"
	"github.com/tagboat/tagboat/internal/sandbox"
)

func (w *world) rollback(services ...tagboat.ServiceName) ([]tagboat.Deployment, error) {
	w.Helper()
	a := w.open()
	back, err := a.Rollbacks.Plan(w.Context(), fleet.Selection{Environments: []tagboat.EnvName{"dev"}, Services: services}, access.When{})
	if err != nil {
		return nil, err
	}
	document, err := a.Rollbacks.Do(w.Context(), back, "it is broken", wait)
	return document.Deployments, err
}

func (w *world) pinned(image tagboat.ImageName) tagboat.Pin {
	w.Helper()
	pins, err := w.open().Pinning.Pins(w.Context(), pinning.PinsRequest{Environment: "dev"})
	if err != nil {
		w.Fatal(err)
	}
	for _, pin := range pins.Pins {
		if pin.Image == image {
			return pin
		}
	}
	return tagboat.Pin{}
}

// R1: a revision that never ran well lies between what runs and what ran well.
func TestR1_RollbackSkipsWhatNeverRanWell(t *testing.T) {
	inWorld(t, sandbox.Config{}, func(w *world) {
		w.begin(shop{service: breaker})
		w.push("shop/web:v2", "exit=1@1s")
		w.pin("dev", "web=v2")
		w.expect(w.one(), tagboat.VerdictRolledBack)
		w.push("shop/web:v3")
		w.pin("dev", "web=v3")
		w.expect(w.one(), tagboat.VerdictSucceeded)
		back, err := w.rollback()
		if err != nil {
			w.Fatal(err)
		}
		w.expect(back[0], tagboat.VerdictSucceeded)
		if back[0].Images[0].Running != w.pushed["shop/web:v1"] || w.revisions("web") != 3 {
			w.Errorf("it runs %s of %d revisions", back[0].Images[0].Running, w.revisions("web"))
		}
		if pin := w.pinned("web"); pin.Digest != w.pushed["shop/web:v1"] || pin.Tag != "v1" || pin.Message != "it is broken" {
			w.Errorf("pinned is %+v", pin)
		}
	})
}

// R2: a first deployment has nothing before it, and nothing is touched.
func TestR2_RollbackOfAFirstDeployment(t *testing.T) {
	inWorld(t, sandbox.Config{}, func(w *world) {
		w.begin(shop{})
		if _, err := w.rollback(); tagboat.KindOf(err) != tagboat.Usage {
			w.Errorf("it went back: %v", err)
		}
		if pin := w.pinned("web"); pin.Digest != w.pushed["shop/web:v1"] {
			w.Errorf("pinned is %+v", pin)
		}
	})
}

// R5: ECS went back by itself: what runs stays, and the pins say so again.
func TestR5_RollbackAfterECSOwn(t *testing.T) {
	inWorld(t, sandbox.Config{}, func(w *world) {
		w.begin(shop{service: breaker})
		w.push("shop/web:v2", "exit=1@1s")
		w.pin("dev", "web=v2")
		w.expect(w.one(), tagboat.VerdictRolledBack)
		before := w.calls("ecs.UpdateService")
		back, err := w.rollback()
		if err != nil {
			w.Fatal(err)
		}
		w.expect(back[0], tagboat.VerdictUnchanged)
		if pin := w.pinned("web"); pin.Digest != w.pushed["shop/web:v1"] || w.calls("ecs.UpdateService") != before {
			w.Errorf("pinned is %+v after %d updates", pin, w.calls("ecs.UpdateService")-before)
		}
	})
}

// R5: we went back, and what was pinned is what failed. A rollback keeps what runs and
// pins that; only the next one goes further back.
func TestR5_RollbackAfterOurOwn(t *testing.T) {
	inWorld(t, sandbox.Config{}, func(w *world) {
		w.begin(shop{})
		w.push("shop/web:v2")
		w.pin("dev", "web=v2")
		w.expect(w.one(), tagboat.VerdictSucceeded)
		w.push("shop/web:v3", "exit=1@1s")
		w.pin("dev", "web=v3")
		w.expect(w.one(), tagboat.VerdictRolledBack)
		for _, want := range []struct {
			tag     string
			verdict tagboat.Verdict
		}{{"v2", tagboat.VerdictUnchanged}, {"v1", tagboat.VerdictSucceeded}} {
			back, err := w.rollback()
			if err != nil {
				w.Fatal(err)
			}
			w.expect(back[0], want.verdict)
			if pin := w.pinned("web"); pin.Digest != w.pushed["shop/web:"+want.tag] || back[0].Images[0].Running != pin.Digest {
				w.Errorf("pinned is %+v, and %+v", pin, back[0].Images)
			}
		}
	})
}

// TestR1_RollbackTwice goes back twice: not to and fro between two versions, but past the
// one that was rejected.
func TestR1_RollbackTwice(t *testing.T) {
	inWorld(t, sandbox.Config{}, func(w *world) {
		w.begin(shop{})
		for _, tag := range []string{"v2", "v3"} {
			w.push("shop/web:" + tag)
			w.pin("dev", "web="+tag)
			w.expect(w.one(), tagboat.VerdictSucceeded)
		}
		for _, want := range []string{"v2", "v1"} {
			back, err := w.rollback()
			if err != nil {
				w.Fatal(err)
			}
			w.expect(back[0], tagboat.VerdictSucceeded)
			if running := back[0].Images[0].Running; running != w.pushed["shop/web:"+want] || w.pinned("web").Tag != want {
				w.Errorf("%s runs and %s is pinned, want %s", running, w.pinned("web").Tag, want)
			}
		}
		if _, err := w.rollback(); tagboat.KindOf(err) != tagboat.Usage {
			w.Errorf("there is nothing left: %v", err)
		}
	})
}

// TestRollbackToATime goes back past what ran well since, pins and definition both.
func TestRollbackToATime(t *testing.T) {
	inWorld(t, sandbox.Config{}, func(w *world) {
		w.begin(shop{})
		first := time.Now()
		for _, tag := range []string{"v2", "v3"} {
			w.later(time.Hour)
			w.push("shop/web:" + tag)
			w.pin("dev", "web="+tag)
			w.expect(w.one(), tagboat.VerdictSucceeded)
		}
		a, all := w.open(), fleet.Selection{Environments: []tagboat.EnvName{"dev"}}
		if _, err := a.Rollbacks.Plan(w.Context(), all, access.When{At: first.Add(-24 * time.Hour)}); tagboat.KindOf(err) != tagboat.Usage {
			w.Errorf("before the first: %v", err)
		}
		back, err := a.Rollbacks.Plan(w.Context(), all, access.When{At: first.Add(time.Minute)})
		if err != nil {
			w.Fatal(err)
		}
		document, err := a.Rollbacks.Do(w.Context(), back, "", wait)
		if err != nil {
			w.Fatal(err)
		}
		w.expect(document.Deployments[0], tagboat.VerdictSucceeded)
		if document.Deployments[0].Images[0].Running != w.pushed["shop/web:v1"] || w.pinned("web").Tag != "v1" {
			w.Errorf("it went back to %+v", document.Deployments[0].Images)
		}
	})
}
