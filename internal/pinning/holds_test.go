package pinning_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/access"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/history"
	"github.com/tagboat/tagboat/internal/pinning"
	"github.com/tagboat/tagboat/internal/sandbox"
)

// TestR4ARollbackOpensAHold has automation try to bring the bad version back, before and
// after somebody lifts the hold; and a person may.
func TestR4ARollbackOpensAHold(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		apptest.Shop{Services: []string{"web", "api"}}.Open(w, "web:v1", "web:v2", "web:v3", "api:v1", "api:v2")
		w.Pin("dev", "web=v1", "api=v1")
		w.Deploy()
		w.Pin("dev", "web=v2")
		w.Deploy()
		w.Rollback("web")
		w.Blocked(w.Automate("web=v2"), "is held in dev: rolled back: it is broken")
		w.Blocked(w.Automate("web=v3"), "is held in dev")
		if err := w.Automate("web=v1", "api=v2"); err != nil {
			w.Errorf("nothing of web changes, and api is not held: %v", err)
		}
		if web, api := w.Pinned("web"), w.Pinned("api"); web.Tag != "v1" || web.Digest != w.Pushed["shop/web:v1"] || api.Tag != "v2" || api.Digest != w.Pushed["shop/api:v2"] {
			w.Errorf("pinned: %+v, %+v", web, api)
		}
		status, err := w.Open().View.Status(w.Context(), fleet.Selection{})
		if err != nil {
			w.Fatal(err)
		}
		for _, s := range status.Services {
			if held := s.Hold != nil; held != (s.Service == "web") {
				w.Errorf("the status of %s has the hold %+v", s.Service, s.Hold)
			}
		}
		apptest.Unhold(w, pinning.HoldRequest{Environment: "dev"})
		w.Blocked(w.Automate("web=v2"), "v2 of image web was rejected in dev by a rollback")
		if err := w.Automate("web=v3"); err != nil {
			w.Error(err)
		}
		w.Pin("dev", "web=v2")
		w.Pin("dev", "web=v3")
		if err := w.Automate("web=v2"); err != nil {
			w.Errorf("a person pinned it: %v", err)
		}
	})
}

// TestARollbackHoldsBeforeItWrites looks at the order of what a rollback did that could not
// roll the service.
func TestARollbackHoldsBeforeItWrites(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		apptest.Shop{Services: []string{"web"}}.Open(w)
		for _, tag := range []string{"v1", "v2"} {
			w.Push("shop/web:" + tag)
			w.Pin("dev", "web="+tag)
			w.Deploy()
			w.Later(time.Minute)
		}
		w.Fault(sandbox.Fault{Operation: "ecs.UpdateService", Kind: "error", Status: 400, Code: "AccessDeniedException"})
		w.Rollback()
		var commands []string
		for _, e := range w.History(history.Request{Limit: 3}).Events {
			commands = append(commands, e.Command)
		}
		if got := fmt.Sprint(commands); got != "[rollback rollback hold]" {
			w.Errorf("the order of what was done, the newest first: %s", got)
		}
	})
}

// TestHoldOfAnEnvironmentEnds has one with an end, which people may ignore.
func TestHoldOfAnEnvironmentEnds(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		apptest.Shop{Services: []string{"web"}}.Open(w, "web:v1", "web:v2")
		hold := pinning.HoldRequest{Environment: "dev", Message: "a sale", Until: access.When{Ago: -time.Hour}}
		apptest.Hold(w, hold)
		w.Blocked(w.Automate("web=v1"), "a sale")
		w.Pin("dev", "web=v1")
		document, err := w.Open().Pinning.Pins(w.Context(), pinning.PinsRequest{Environment: "dev"})
		if err != nil || document.Pins[0].Hold == nil || document.Pins[0].Hold.Reason != "a sale" {
			w.Errorf("%+v %v", document, err)
		}
		w.Later(time.Hour)
		if err := w.Automate("web=v2"); err != nil {
			w.Error(err)
		}
		hold.Until = access.When{At: time.Now().Add(-time.Minute)}
		if _, err := w.Open().Pinning.Holds.Hold(w.Context(), hold); tagboat.KindOf(err) != tagboat.Usage {
			w.Errorf("a hold until before now: %v", err)
		}
		hold.Images = []tagboat.ImageName{"nosuch"}
		if _, err := w.Open().Pinning.Holds.Hold(w.Context(), hold); tagboat.KindOf(err) != tagboat.Usage {
			w.Errorf("a hold on an image that is none: %v", err)
		}
	})
}

// TestAnUnholdLosesNoRejection has a rollback reject a version while somebody lifts a hold on
// the image.
func TestAnUnholdLosesNoRejection(t *testing.T) {
	apptest.Shop{}.Run(t, func(w *apptest.World) {
		w.Release("v2")
		r := pinning.HoldRequest{Environment: "dev", Images: []tagboat.ImageName{"web"}}
		apptest.Hold(w, r)
		a := w.Open(apptest.Before("PutParameter", "", func() {
			w.Rollback()
		}))
		_, err := a.Pinning.Holds.Unhold(w.Context(), r)
		w.Blocked(err, "the hold on web in dev was changed")
		apptest.Unhold(w, r)
		w.Blocked(w.Automate("web=v2"), "v2 of image web was rejected in dev by a rollback")
	})
}

// TestWhatIsNoHoldIsWrittenAgain has somebody else write what is no hold.
func TestWhatIsNoHoldIsWrittenAgain(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		apptest.Shop{Services: []string{"web", "api"}}.Open(w, "web:v1")
		for _, value := range []string{`{"web":"please"}`, `{"web rejected":"v1"}`} {
			w.AWS("ssm.PutParameter", map[string]any{"Name": "/tagboat/dev/shop/holds", "Value": value, "Type": "String", "Overwrite": true})
			if err := w.Automate("web=v1"); tagboat.KindOf(err) != tagboat.Usage {
				w.Errorf("%s: %v", value, err)
			}
			r := pinning.HoldRequest{Environment: "dev", Images: []tagboat.ImageName{"web"}}
			apptest.Hold(w, r)
			w.Blocked(w.Automate("web=v1"), "is held in dev")
			apptest.Unhold(w, r)
		}
		if err := w.Automate("web=v1"); err != nil {
			w.Error(err)
		}
	})
}

// TestAHoldTakesFewCalls counts them: who it is, one read, one write, one line of the journal.
func TestAHoldTakesFewCalls(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		apptest.Shop{Services: []string{"web"}}.Open(w)
		for range 2 {
			already := w.Calls("")
			apptest.Hold(w, pinning.HoldRequest{Environment: "dev", Until: access.When{Ago: -time.Hour}})
			if got := w.Calls("") - already; got > 7 {
				w.Errorf("%d calls", got)
			}
			w.Later(time.Minute)
		}
		if n := w.Calls("sts.GetCallerIdentity"); n != 2 {
			w.Errorf("%d calls of GetCallerIdentity", n)
		}
		if n := w.Calls("ssm.GetParameters"); n != 2 {
			w.Errorf("%d calls of GetParameters", n)
		}
	})
}
