package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/ledger"
)

// errHeld is how automation ends that is held.
var errHeld = errors.New("held")

// pinning pins the api as a person does, or as a rule chose.
func pinning(to tagboat.Reference, conditional bool) func(context.Context, *ledger.Ledger, *actor) error {
	return func(ctx context.Context, l *ledger.Ledger, a *actor) error {
		draft, err := l.Draft(ctx, images())
		if err != nil {
			return err
		}
		return a.pin(ctx, draft, to, conditional)
	}
}

func (a *actor) pin(ctx context.Context, draft *ledger.Draft, to tagboat.Reference, conditional bool) error {
	if _, err := draft.Book(ctx); err != nil {
		return err
	}
	change := ledger.Change{Group: images(), Pins: changes{"api": to}, Conditional: map[tagboat.ImageName]bool{"api": conditional}}
	receipts, err := draft.Update(ctx, []ledger.Change{change}, ledger.Why{})
	if err == nil {
		a.results["pin"] = receipts[0]
	}
	return err
}

// automating pins the api as automation does: it looks at holds before and after.
func automating(to tagboat.Reference) func(context.Context, *ledger.Ledger, *actor) error {
	return func(ctx context.Context, l *ledger.Ledger, a *actor) error {
		g := ledger.HoldsGroup(holdsParameter, "dev")
		draft, err := l.Draft(ctx, images(), g)
		if err != nil {
			return err
		}
		book, err := draft.Book(ctx)
		if err != nil {
			return err
		}
		if holds, _ := book.Holds("dev"); holds.Of("api", when) != nil {
			return errHeld
		}
		if err := a.pin(ctx, draft, to, true); err != nil {
			return err
		}
		if book, err = l.Read(ctx, g); err != nil {
			return err
		}
		if holds, _ := book.Holds("dev"); holds.Of("api", when) != nil {
			if _, err := l.TakeBack(ctx, images(), a.results["pin"], []tagboat.ImageName{"api"}, ledger.Why{}); err != nil {
				return err
			}
			return errHeld
		}
		return nil
	}
}

// holding holds the api, or lifts the hold that there is.
func holding(hold *tagboat.Hold) func(context.Context, *ledger.Ledger, *actor) error {
	return func(ctx context.Context, l *ledger.Ledger, a *actor) error {
		for {
			g := ledger.HoldsGroup(holdsParameter, "dev")
			draft, err := l.Draft(ctx, g)
			if err != nil {
				return err
			}
			book, err := draft.Book(ctx)
			if err != nil {
				return err
			}
			was, _ := book.Holds("dev")
			held := was["api"]
			held.Hold = hold
			r, err := draft.Hold(ctx, g, was, ledger.Holds{"api": held}, ledger.Why{})
			a.results["hold"] = r
			if err != nil || len(r.Lost) == 0 || hold == nil {
				return err
			}
		}
	}
}

// acknowledged reports whether a player was told that its pin counts.
func (a *actor) acknowledged() bool {
	r, ok := a.results["pin"]
	return ok && a.err == nil && len(r.Lost) == 0 && len(r.Overtaken) == 0
}

// told reports whether somebody was told that they took the place of a version.
func (w *world) told(tag string) bool {
	return slices.ContainsFunc(w.actors, func(a *actor) bool {
		return slices.ContainsFunc(a.results["pin"].Replaced, func(r ledger.Replacement) bool { return r.Was.Tag == tag })
	})
}

// noDecisionIsLost checks that what was acknowledged is there at the end, or that who took its
// place had seen it, or was told.
func noDecisionIsLost(t *testing.T, w *world, tags ...string) {
	now := audited(t, w)["api"]
	for i, a := range w.actors {
		if !a.acknowledged() || strings.HasPrefix(now, tags[i]+"@") || w.told(tags[i]) {
			continue
		}
		seen := false
		for j, other := range w.actors {
			seen = seen || j != i && other.acknowledged() && other.reads[parameter] >= a.results["pin"].Wrote
		}
		if died := slices.ContainsFunc(w.actors, func(a *actor) bool { return a.dead }); !seen && !died {
			t.Errorf("%s was acknowledged, and it is %s, of which nobody was told", tags[i], now)
		}
	}
}

// audited returns the pins as whoever reads the history sees them.
func audited(t *testing.T, w *world) map[string]string {
	t.Helper()
	book := expect.Value((&ledger.Ledger{Store: w.memory, Versions: w.keeps}).Audit(t.Context(), images()))(t)
	got := map[string]string{}
	for _, pin := range book.Pins("dev") {
		set(got, changes{pin.Image: pin.Reference()})
	}
	return got
}

func heldNow(t *testing.T, w *world) *tagboat.Hold {
	t.Helper()
	return readHolds(t, w.memory).Of("api", when)
}

// TestEveryDecision looks at every order of the calls of those who decide on what they read.
func TestEveryDecision(t *testing.T) {
	first := changes{"api": version("a", "0", digest1)}
	one, two := apiOne["api"], apiTwo["api"]
	sale, rollback := &tagboat.Hold{Reason: "sale", By: "ada", Since: &when}, &tagboat.Hold{Reason: "rolled back", By: "bob", Since: &when}
	filled := func(m *ledger.Memory) {
		value := `{"filler":"` + strings.Repeat("x", 3960) + `"}`
		expect.Value(m.Put(t.Context(), ledger.Put{Name: parameter, Value: value}))(t)
	}
	labelled := func(at int64) func(m *ledger.Memory) {
		return func(m *ledger.Memory) {
			for n := range 12 {
				update(t, m, images(), changes{"agent": version("shop/agent", fmt.Sprint(n), digest1)})
			}
			expect.OK(t, m.Label(t.Context(), parameter, at, "release"))
		}
	}
	proxying := func(ctx context.Context, l *ledger.Ledger, a *actor) error {
		r, err := l.Update(ctx, images(), proxyOne, ledger.Why{})
		if err == nil {
			a.results["pin"] = r
		}
		return err
	}
	fits := func(t *testing.T, w *world) {
		now := audited(t, w)
		for i, image := range []string{"api", "proxy"} {
			a := w.actors[i]
			if a.acknowledged() && now[image] == "" && (w.deleted == 0 || a.ended > w.deleted) {
				t.Errorf("%s was acknowledged and is not there", image)
			}
			wrote := slices.ContainsFunc(a.heard, func(s string) bool { return strings.HasPrefix(s, "put ") && strings.HasSuffix(s, "<nil>") })
			if wrote && a.err != nil && tagboat.KindOf(a.err) == tagboat.Usage {
				t.Errorf("the writer of %s wrote, and says that nothing was touched: %v", image, a.err)
			}
		}
		if raw := holds(w.memory); !slices.ContainsFunc(w.actors, func(a *actor) bool { return a.dead }) && w.deleted == 0 && w.delayed == 0 {
			for key := range now {
				if raw[key] == "" {
					t.Errorf("all lived, and %s is not in the value", key)
				}
			}
		}
	}
	for _, c := range []struct {
		scenario
		heavy bool // for make proof
		check func(t *testing.T, w *world)
	}{
		{scenario{name: "two rules", start: first, lost: 1, delayed: 1, players: []player{{"", pinning(one, true)}, {"", pinning(two, true)}}}, false, func(t *testing.T, w *world) {
			noDecisionIsLost(t, w, "1", "2")
			if w.told("1") || w.told("2") {
				t.Error("a rule took the place of what it had not seen")
			}
		}},
		{scenario{name: "a rule and a person", start: first, lost: 1, delayed: 1, players: []player{{"", pinning(one, true)}, {"", pinning(two, false)}}}, false, func(t *testing.T, w *world) {
			noDecisionIsLost(t, w, "1", "2")
			if w.told("2") {
				t.Error("the rule took the place of what it had not seen")
			}
		}},
		{scenario{name: "two persons", start: first, lost: 1, players: []player{{"", pinning(one, false)}, {"", pinning(two, false)}}}, false, func(t *testing.T, w *world) {
			noDecisionIsLost(t, w, "1", "2")
		}},
		{scenario{name: "two rules and a person", start: first, survive: true, players: []player{{"", pinning(one, true)}, {"", pinning(two, true)}, {"", pinning(version("shop/api", "3", digest2), false)}}}, true, func(t *testing.T, w *world) {
			noDecisionIsLost(t, w, "1", "2", "3")
		}},
		{scenario{name: "automation and a hold", start: first, lost: 1, players: []player{{"", automating(one)}, {"", holding(sale)}}}, false, automationYields},
		{scenario{name: "automation and a hold, without a pin before", lost: 1, players: []player{{"", automating(one)}, {"", holding(sale)}}}, false, automationYields},
		{scenario{name: "automation and a rollback", start: first, players: []player{{"", automating(one)}, {"", func(ctx context.Context, l *ledger.Ledger, a *actor) error {
			if err := holding(rollback)(ctx, l, a); err != nil {
				return err
			}
			return pinning(two, false)(ctx, l, a)
		}}}}, false, func(t *testing.T, w *world) {
			automationYields(t, w)
			if now := audited(t, w)["api"]; w.actors[1].ended > 0 && w.actors[1].err == nil && !strings.HasPrefix(now, "2@") {
				t.Errorf("a rollback ended, and automation left %s", now)
			}
		}},
		{scenario{name: "unhold and a rollback's hold", lost: 1, prepare: func(m *ledger.Memory) { hold(t, m, nil, ledger.Holds{"api": {Hold: sale}}) },
			players: []player{{"", holding(nil)}, {"", holding(rollback)}}}, false, func(t *testing.T, w *world) {
			lifts, holds := w.actors[0], w.actors[1]
			if !holds.dead && heldNow(t, w) == nil && lifts.reads[holdsParameter] < holds.results["hold"].Wrote {
				t.Error("an unhold lifted a hold that it had not seen")
			}
		}},
		{scenario{name: "at the limit", prepare: filled, lost: 1, delayed: 1, players: []player{{"", pinning(one, false)}, {"", proxying}}}, false, fits},
		{scenario{name: "a label that leaves room", prepare: labelled(7), keeps: 12, players: []player{{"", pinning(one, false)}, {"", proxying}}}, false, fits},
		{scenario{name: "a label in the way", prepare: labelled(3), keeps: 12, players: []player{{"", pinning(one, false)}, {"", proxying}}}, false, func(t *testing.T, w *world) {
			fits(t, w)
			if n := len(w.puts); n > 0 {
				t.Errorf("%d writes though nobody can repair them", n)
			}
		}},
		{scenario{name: "deleted meanwhile", start: first, deletes: true, players: []player{{"", pinning(one, false)}, {"", proxying}}}, false, fits},
		{scenario{name: "more than are kept", start: first, keeps: 4, survive: true, players: []player{{"", pinning(one, false)}, {"", proxying}, {"", func(ctx context.Context, l *ledger.Ledger, _ *actor) error {
			return expect.Err(l.Update(ctx, images(), changes{"agent": version("shop/agent", "1", digest1)}, ledger.Why{}))
		}}}}, true, fits},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.heavy && os.Getenv("TAGBOAT_EXHAUSTIVE") == "" {
				t.Skip("takes longer: make proof")
			}
			synctest.Test(t, func(t *testing.T) {
				found := explore(t.Context(), c.scenario, func(w *world, ended bool, path []move) bool {
					if ended {
						c.check(t, w)
					}
					if t.Failed() {
						t.Logf("after %v:\n%s", path, w)
					}
					return !t.Failed()
				})
				if found.ends == 0 {
					t.Error("nothing ever ended")
				}
				t.Logf("%d states, %d of them ends", found.states, found.ends)
			})
		})
	}
}

// automationYields checks that no hold was acknowledged before automation ended well, and that
// automation which was held left nothing behind.
func automationYields(t *testing.T, w *world) {
	automation, holds := w.actors[0], w.actors[1]
	now := audited(t, w)["api"]
	switch {
	case automation.dead:
	case automation.err == nil && automation.acknowledged() && holds.err == nil && holds.ended > 0 && holds.ended < automation.read[holdsParameter]:
		t.Errorf("automation ended well, and a hold was acknowledged before that")
	case errors.Is(automation.err, errHeld) && strings.HasPrefix(now, "1@"):
		t.Errorf("automation was held, and it is %s", now)
	}
}
