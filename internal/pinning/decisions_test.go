package pinning_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/history"
	"github.com/tagboat/tagboat/internal/pinning"
	"github.com/tagboat/tagboat/internal/sandbox"
)

// builds opens a shop whose images follow build numbers.
func builds(w *apptest.World, tags ...string) {
	w.Helper()
	apptest.Shop{Services: []string{"web", "api"}}.Open(w)
	config := strings.ReplaceAll(w.Read("tagboat.yaml"), "{repository: shop/web}", `{repository: shop/web, select: {match: '^build-(?P<n>\d+)$', order: numeric, by: n}}`)
	w.Write("tagboat.yaml", config)
	for _, tag := range tags {
		w.Push("shop/web:" + tag)
	}
	w.Push("shop/api:v1")
}

func isPinned(w *apptest.World, image tagboat.ImageName, tag string) {
	w.Helper()
	if got := w.Pinned(image).Tag; got != tag {
		w.Errorf("%s is pinned to %q, want %q", image, got, tag)
	}
}

// TestWhatARuleChoseYieldsToWhatWasPinnedMeanwhile has a slow run of a rule, a person's and
// automation's, write after another run pinned a newer build.
func TestWhatARuleChoseYieldsToWhatWasPinnedMeanwhile(t *testing.T) {
	for _, automation := range []bool{false, true} {
		t.Run(fmt.Sprintf("automation %t", automation), func(t *testing.T) {
			apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
				builds(w, "build-99", "build-100")
				w.Pin("dev", "web=build-99", "api=v1")
				_, err := w.PinAs(automation, []string{"web"}, apptest.Before("PutParameter", "", func() {
					w.Push("shop/web:build-101")
					w.Pin("dev", "web=build-101")
				}))
				w.Blocked(err, "image web was pinned to build-101")
				isPinned(w, "web", "build-101")
				isPinned(w, "api", "v1")
			})
		})
	}
}

// TestAutomationYieldsThoughItNamesTheVersion has automation be told which version to pin.
func TestAutomationYieldsThoughItNamesTheVersion(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		builds(w, "build-99", "build-100", "build-101")
		w.Pin("dev", "api=v1")
		_, err := w.PinAs(true, []string{"web=build-100", "api=v1"}, apptest.Before("PutParameter", "", func() { w.Pin("dev", "web=build-101") }))
		w.Blocked(err, "image web was pinned to build-101")
		isPinned(w, "web", "build-101")
	})
}

// TestAPersonsPinTellsWhatItTookThePlaceOf has somebody pin v3 while v2 is on its way, and
// history say from what to what.
func TestAPersonsPinTellsWhatItTookThePlaceOf(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		builds(w, "build-1", "build-2", "build-3")
		w.Pin("dev", "web=build-1")
		got, err := w.PinAs(false, []string{"web=build-2"}, apptest.Before("PutParameter", "", func() { w.Pin("dev", "web=build-3") }))
		if err != nil {
			w.Fatal(err)
		}
		r := got.Document.Replaced
		if len(r) != 1 || r[0].Tag != "build-3" || r[0].Digest != w.Pushed["shop/web:build-3"] || r[0].ParameterVersion != 2 || !w.Heard.Has("web was pinned to build-3", "meanwhile") {
			w.Errorf("replaced: %+v, told %q", r, w.Heard.Notices)
		}
		isPinned(w, "web", "build-2")
		for _, e := range w.History(history.Request{Image: "web"}).Events {
			if e.Message == "mine" && e.From.Tag != "build-3" {
				w.Errorf("history says it was pinned from %q", e.From.Tag)
			}
		}
	})
}

// TestAHoldThatCameMeanwhileCounts has automation's pin on its way while somebody holds the
// image: once where it had a pin before, and once where it had none.
func TestAHoldThatCameMeanwhileCounts(t *testing.T) {
	for _, was := range []string{"v1", ""} {
		t.Run("was "+was, func(t *testing.T) {
			apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
				apptest.Shop{Services: []string{"web", "api"}}.Open(w, "web:v1", "web:v2", "api:v1")
				w.Pin("dev", "api=v1")
				if was != "" {
					w.Pin("dev", "web="+was)
				}
				_, err := w.PinAs(true, []string{"web=v2"}, apptest.Before("PutParameter", "", func() {
					apptest.Hold(w, pinning.HoldRequest{Environment: "dev", Message: "the sale"})
				}))
				w.Blocked(err, "is held in dev: the sale")
				w.Blocked(err, "taken back")
				isPinned(w, "web", was)
				isPinned(w, "api", "v1")
			})
		})
	}
}

// TestARollbackThatEndedMeanwhileCounts has automation bring a version while a rollback takes
// back the one before it.
func TestARollbackThatEndedMeanwhileCounts(t *testing.T) {
	apptest.Shop{}.Run(t, func(w *apptest.World) {
		w.Release("v2")
		w.Push("shop/web:v3")
		_, err := w.PinAs(true, []string{"web=v3"}, apptest.Before("PutParameter", "", func() {
			w.Rollback()
		}))
		w.Blocked(err, "image web was pinned to v1")
		isPinned(w, "web", "v1")
	})
}

// TestAnUnholdLeavesAHoldThatCameMeanwhile has a rollback hold an image while somebody lifts
// the hold that there was.
func TestAnUnholdLeavesAHoldThatCameMeanwhile(t *testing.T) {
	apptest.Shop{}.Run(t, func(w *apptest.World) {
		w.Release("v2")
		w.Push("shop/web:v3")
		r := pinning.HoldRequest{Environment: "dev", Images: []tagboat.ImageName{"web"}, Message: "the sale"}
		apptest.Hold(w, r)
		a := w.Open(apptest.Before("PutParameter", "", func() {
			w.Rollback()
		}))
		_, err := a.Pinning.Holds.Unhold(w.Context(), r)
		w.Blocked(err, "the hold on web in dev was changed")
		w.Blocked(w.Automate("web=v3"), "is held in dev: rolled back")
	})
}

// TestAPersonsPinLeavesARejectionThatCameMeanwhile has somebody pin a version by hand that a
// rollback takes back while the rejection of another one is taken back.
func TestAPersonsPinLeavesARejectionThatCameMeanwhile(t *testing.T) {
	apptest.Shop{}.Run(t, func(w *apptest.World) {
		for _, tag := range []string{"v2", "v3"} {
			w.Push("shop/web:" + tag)
			w.Pin("dev", "web="+tag)
			w.Expect(w.One(), tagboat.VerdictSucceeded)
			if tag == "v2" {
				w.Rollback()
			}
		}
		_, err := w.PinAs(false, []string{"web=v2"}, apptest.Before("PutParameter", `/holds"`, func() {
			w.Rollback()
		}))
		w.Blocked(err, "what is rejected in dev was changed")
		apptest.Unhold(w, pinning.HoldRequest{Environment: "dev"})
		w.Blocked(w.Automate("web=v2"), "v2 of image web was rejected")
	})
}
