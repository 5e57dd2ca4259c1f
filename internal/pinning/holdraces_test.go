package pinning_test

import (
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/access"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/pinning"
	"github.com/tagboat/tagboat/internal/sandbox"
)

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
