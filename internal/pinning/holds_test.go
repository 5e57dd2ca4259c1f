package app_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/access"
	"github.com/tagboat/tagboat/internal/catalog"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/history"
	"github.com/tagboat/tagboat/internal/pinning"
	"github.com/tagboat/tagboat/internal/sandbox"
)

// automate pins as automation does.
func (w *world) automate(images ...string) error {
	request := pinning.Request{Environment: "dev", Automation: true}
	for _, image := range images {
		name, tag, _ := strings.Cut(image, "=")
		request.Images = append(request.Images, catalog.ImageArg{Image: tagboat.ImageName(name), Tag: tag})
	}
	_, err := w.open().Pinning.Pin(w.Context(), request)
	return err
}

func (w *world) blocked(err error, words string) {
	w.Helper()
	if tagboat.KindOf(err) != tagboat.Blocked || !strings.Contains(err.Error(), words) {
		w.Errorf("%v, want it blocked: %s", err, words)
	}
}

// TestR4ARollbackOpensAHold has automation try to bring the bad version back, before and
// after somebody lifts the hold; and a person may.
func TestR4ARollbackOpensAHold(t *testing.T) {
	inWorld(t, sandbox.Config{}, func(w *world) {
		shop{services: []string{"web", "api"}}.open(w)
		for _, image := range []string{"web:v1", "web:v2", "web:v3", "api:v1", "api:v2"} {
			w.push("shop/" + image)
		}
		w.pin("dev", "web=v1", "api=v1")
		w.deploy()
		w.pin("dev", "web=v2")
		w.deploy()
		back, err := w.open().Rollbacks.Plan(w.Context(), fleet.Selection{Environments: []tagboat.EnvName{"dev"}, Services: []tagboat.ServiceName{"web"}}, access.When{})
		if err != nil {
			w.Fatal(err)
		}
		if _, err := w.open().Rollbacks.Do(w.Context(), back, "checkout is broken", wait); err != nil {
			w.Fatal(err)
		}
		w.blocked(w.automate("web=v2"), "is held in dev: rolled back: checkout is broken")
		w.blocked(w.automate("web=v3"), "is held in dev")
		if err := w.automate("web=v1", "api=v2"); err != nil {
			w.Errorf("nothing of web changes, and api is not held: %v", err)
		}
		if got := w.tagsAsOf(access.When{At: time.Now()}); got["web"] != "v1" || got["api"] != "v2" {
			w.Errorf("pinned: %v", got)
		}
		status, err := w.open().View.Status(w.Context(), fleet.Selection{})
		if err != nil {
			w.Fatal(err)
		}
		for _, s := range status.Services {
			if held := s.Hold != nil; held != (s.Service == "web") {
				w.Errorf("the status of %s has the hold %+v", s.Service, s.Hold)
			}
		}
		if _, err := w.open().Pinning.Holds.Unhold(w.Context(), pinning.HoldRequest{Environment: "dev"}); err != nil {
			w.Fatal(err)
		}
		w.blocked(w.automate("web=v2"), "v2 of image web was rejected in dev by a rollback")
		if err := w.automate("web=v3"); err != nil {
			w.Error(err)
		}
		w.pin("dev", "web=v2")
		w.pin("dev", "web=v3")
		if err := w.automate("web=v2"); err != nil {
			w.Errorf("a person pinned it: %v", err)
		}
	})
}

// TestARollbackHoldsBeforeItWrites looks at the order of what a rollback did that could not
// roll the service.
func TestARollbackHoldsBeforeItWrites(t *testing.T) {
	inWorld(t, sandbox.Config{}, func(w *world) {
		shop{services: []string{"web"}}.open(w)
		for _, tag := range []string{"v1", "v2"} {
			w.push("shop/web:" + tag)
			w.pin("dev", "web="+tag)
			w.deploy()
			w.later(time.Minute)
		}
		back, err := w.open().Rollbacks.Plan(w.Context(), fleet.Selection{Environments: []tagboat.EnvName{"dev"}}, access.When{})
		if err != nil {
			w.Fatal(err)
		}
		w.fault(sandbox.Fault{Operation: "ecs.UpdateService", Kind: "error", Status: 400, Code: "AccessDeniedException"})
		if _, err := w.open().Rollbacks.Do(w.Context(), back, "", wait); err != nil {
			w.Fatal(err)
		}
		var commands []string
		for _, e := range w.history(history.Request{Limit: 3}).Events {
			commands = append(commands, e.Command)
		}
		if got := fmt.Sprint(commands); got != "[rollback rollback hold]" {
			w.Errorf("the order of what was done, the newest first: %s", got)
		}
	})
}

// TestHoldOfAnEnvironmentEnds has one with an end, which people may ignore.
func TestHoldOfAnEnvironmentEnds(t *testing.T) {
	inWorld(t, sandbox.Config{}, func(w *world) {
		shop{services: []string{"web"}}.open(w)
		w.push("shop/web:v1")
		w.push("shop/web:v2")
		hold := pinning.HoldRequest{Environment: "dev", Message: "a sale", Until: access.When{Ago: -time.Hour}}
		if _, err := w.open().Pinning.Holds.Hold(w.Context(), hold); err != nil {
			w.Fatal(err)
		}
		w.blocked(w.automate("web=v1"), "a sale")
		w.pin("dev", "web=v1")
		document, err := w.open().Pinning.Pins(w.Context(), pinning.PinsRequest{Environment: "dev"})
		if err != nil || document.Pins[0].Hold == nil || document.Pins[0].Hold.Reason != "a sale" {
			w.Errorf("%+v %v", document, err)
		}
		w.later(time.Hour)
		if err := w.automate("web=v2"); err != nil {
			w.Error(err)
		}
		hold.Until = access.When{At: time.Now().Add(-time.Minute)}
		if _, err := w.open().Pinning.Holds.Hold(w.Context(), hold); tagboat.KindOf(err) != tagboat.Usage {
			w.Errorf("a hold until before now: %v", err)
		}
		hold.Images = []tagboat.ImageName{"nosuch"}
		if _, err := w.open().Pinning.Holds.Hold(w.Context(), hold); tagboat.KindOf(err) != tagboat.Usage {
			w.Errorf("a hold on an image that is none: %v", err)
		}
	})
}
