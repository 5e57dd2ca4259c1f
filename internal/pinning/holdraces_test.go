package app_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/access"
	"github.com/tagboat/tagboat/internal/pinning"
	"github.com/tagboat/tagboat/internal/sandbox"
)

// before does something once, right before a call of that operation.
func before(operation string, then func()) func(http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper {
		return &first{next: next, operation: "." + operation, then: then}
	}
}

type first struct {
	next      http.RoundTripper
	operation string
	then      func()
	once      sync.Once
}

// RoundTrip implements http.RoundTripper.
func (f *first) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.Header.Get("X-Amz-Target"), f.operation) {
		f.once.Do(f.then)
	}
	return f.next.RoundTrip(r)
}

// TestAnUnholdLosesNoRejection has a rollback reject a version while somebody lifts a hold on
// the image.
func TestAnUnholdLosesNoRejection(t *testing.T) {
	inWorld(t, sandbox.Config{}, func(w *world) {
		w.begin(shop{})
		w.push("shop/web:v2")
		w.pin("dev", "web=v2")
		w.expect(w.one(), tagboat.VerdictSucceeded)
		r := pinning.HoldRequest{Environment: "dev", Images: []tagboat.ImageName{"web"}}
		if _, err := w.open().Pinning.Holds.Hold(w.Context(), r); err != nil {
			w.Fatal(err)
		}
		a := w.open(before("PutParameter", func() {
			if _, err := w.rollback(); err != nil {
				w.Error(err)
			}
		}))
		_, err := a.Pinning.Holds.Unhold(w.Context(), r)
		w.blocked(err, "the hold on web in dev was changed")
		if _, err := w.open().Pinning.Holds.Unhold(w.Context(), r); err != nil {
			w.Fatal(err)
		}
		w.blocked(w.automate("web=v2"), "v2 of image web was rejected in dev by a rollback")
	})
}

// TestWhatIsNoHoldIsWrittenAgain has somebody else write what is no hold.
func TestWhatIsNoHoldIsWrittenAgain(t *testing.T) {
	inWorld(t, sandbox.Config{}, func(w *world) {
		shop{services: []string{"web", "api"}}.open(w)
		w.push("shop/web:v1")
		for _, value := range []string{`{"web":"please"}`, `{"web rejected":"v1"}`} {
			w.aws("ssm.PutParameter", map[string]any{"Name": "/tagboat/dev/shop/holds", "Value": value, "Type": "String", "Overwrite": true})
			if err := w.automate("web=v1"); tagboat.KindOf(err) != tagboat.Usage {
				w.Errorf("%s: %v", value, err)
			}
			r := pinning.HoldRequest{Environment: "dev", Images: []tagboat.ImageName{"web"}}
			if _, err := w.open().Pinning.Holds.Hold(w.Context(), r); err != nil {
				w.Fatal(err)
			}
			w.blocked(w.automate("web=v1"), "is held in dev")
			if _, err := w.open().Pinning.Holds.Unhold(w.Context(), r); err != nil {
				w.Fatal(err)
			}
		}
		if err := w.automate("web=v1"); err != nil {
			w.Error(err)
		}
	})
}

// TestAHoldTakesFewCalls counts them: who it is, one read, one write, one line of the journal.
func TestAHoldTakesFewCalls(t *testing.T) {
	inWorld(t, sandbox.Config{}, func(w *world) {
		shop{services: []string{"web"}}.open(w)
		for range 2 {
			already := w.calls("")
			if _, err := w.open().Pinning.Holds.Hold(w.Context(), pinning.HoldRequest{Environment: "dev", Until: access.When{Ago: -time.Hour}}); err != nil {
				w.Fatal(err)
			}
			if got := w.calls("") - already; got > 7 {
				w.Errorf("%d calls", got)
			}
			w.later(time.Minute)
		}
		if n := w.calls("sts.GetCallerIdentity"); n != 2 {
			w.Errorf("%d calls of GetCallerIdentity", n)
		}
		if n := w.calls("ssm.GetParameters"); n != 2 {
			w.Errorf("%d calls of GetParameters", n)
		}
	})
}
