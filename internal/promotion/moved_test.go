package promotion_test

import (
	"strings"
	"testing"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/deploy/rollout"
	"github.com/tagboat/tagboat/internal/ledger"
	"github.com/tagboat/tagboat/internal/promotion"
)

// planned plans a promotion, lets something happen, and carries the plan out.
func planned(w *apptest.World, r promotion.Request, meanwhile func()) tagboat.PromotionDocument {
	w.Helper()
	a := w.Open()
	set, err := a.Promotions.Plan(w.Context(), r)
	if err != nil {
		w.Fatal(err)
	}
	meanwhile()
	document, err := a.Promotions.Do(w.Context(), set, rollout.Options{Wait: true, MaxParallel: 40})
	if err != nil {
		w.Fatal(err)
	}
	return document
}

// TestWhatWasPlannedMayBeOld: what an environment got meanwhile is not taken back by what was
// decided before.
func TestWhatWasPlannedMayBeOld(t *testing.T) {
	run(t, apptest.Family{Services: []string{"api", "web"}}, func(w *apptest.World) {
		two(w)
		for _, name := range []string{"api", "web"} {
			w.Push("shop/" + name + ":v3")
		}
		if _, err := w.Open().Releases.Create(w.Context(), requestOf("api=v3", "web=v3")); err != nil {
			w.Fatal(err)
		}
		document := planned(w, person("2", "dev"), func() { states(w, w.Promote(person("3", "dev")), "dev promoted") })
		states(w, document, "dev superseded")
		if reason := document.Promotions[0].Reason; !strings.Contains(reason, "dev got release 3") {
			w.Errorf("the reason is %q", reason)
		}
		w.Push("shop/web:v9")
		document = planned(w, person("2", "dev"), func() { w.Pin("dev", "web=v9") })
		states(w, document, "dev superseded")
		if tag := w.Pinned("web").Tag; tag != "v9" {
			w.Errorf("web is pinned to %s", tag)
		}
		states(w, w.Promote(person("2", "dev")), "dev promoted")
	})
}

// TestAPersonAsksForWhatIsNewer than what waits.
func TestAPersonAsksForWhatIsNewer(t *testing.T) {
	run(t, apptest.Family{Stages: nine}, func(w *apptest.World) {
		inProd(w)
		states(w, w.Promote(person("", "prod")), "prod waiting window-opens-at")
		w.Push("shop/web:v2")
		states(w, w.Promote(person("", "dev")), "dev promoted")
		states(w, w.Promote(person("", "staging")), "staging promoted")
		document := w.Promote(person("", "prod"))
		states(w, document, "prod waiting window-opens-at")
		if name := document.Promotions[0].Release.Name; name != "2" {
			w.Errorf("release %s waits", name)
		}
	})
}

// TestRememberedInSpiteOfOthers: what an environment remembers is changed again upon what somebody
// else noted between the look and the write.
func TestRememberedInSpiteOfOthers(t *testing.T) {
	run(t, apptest.Family{}, func(w *apptest.World) {
		a := w.Open()
		env := a.Config.Environments["dev"]
		asked := 0
		had := func(name string, before func()) error {
			return a.Promotions.Access.Ledger(env).Remember(w.Context(), a.Fleet.Layout().Holds(env), ledger.Why{}, func(was ledger.Promotions) (ledger.Promotions, bool) {
				before()
				return was.Had(ledger.Promoted{Name: name}), true
			})
		}
		err := had("mine", func() {
			if asked++; asked == 1 {
				if err := had("theirs", func() {}); err != nil {
					w.Error(err)
				}
			}
		})
		books, failed := a.Fleet.Books(w.Context(), []config.Environment{env})
		if err != nil || failed != nil {
			w.Fatal(err, failed)
		}
		is, err := books["dev"].Promotions("dev")
		if err != nil || asked != 2 || len(is.Trail) != 2 || is.Trail[0].Name != "theirs" || is.Trail[1].Name != "mine" {
			w.Errorf("asked %d times: %+v, %v", asked, is.Trail, err)
		}
	})
}
