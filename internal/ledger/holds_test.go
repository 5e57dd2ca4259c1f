package ledger_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/ledger"
)

const holdsParameter = "/tagboat/dev/shop/holds"

func readHolds(t *testing.T, s ledger.Store) ledger.Holds {
	t.Helper()
	book := expect.Value((&ledger.Ledger{Store: s}).Read(t.Context(), group(), ledger.HoldsGroup(holdsParameter, "dev"), ledger.HoldsGroup("/tagboat/prod/shop/holds", "prod")))(t)
	holds := expect.Value(book.Holds("dev"))(t)
	return holds
}

// hold writes holds upon what was read of them.
func hold(t *testing.T, s ledger.Store, was, is ledger.Holds) ledger.Receipt {
	t.Helper()
	g := ledger.HoldsGroup(holdsParameter, "dev")
	draft := expect.Value((&ledger.Ledger{Store: s}).Draft(t.Context(), g))(t)
	r := expect.Value(draft.Hold(t.Context(), g, was, is, ledger.Why{}))(t)
	return r
}

func TestHolds(t *testing.T) {
	m := memory()
	until := when.Add(time.Hour)
	short, whole := &tagboat.Hold{Reason: "a sale", By: "ada", Since: &when, Until: &until}, &tagboat.Hold{By: "bob", Since: &when}
	for _, changes := range []ledger.Holds{{"api": {Hold: short}}, {"proxy": ledger.ImageHold{}.Reject(digest1)}} {
		hold(t, m, nil, changes)
	}
	holds := readHolds(t, m)
	if got := holds.Of("api", when.Add(time.Minute)); !cmp.Equal(got, short) {
		t.Errorf("api: %s", cmp.Diff(short, got))
	}
	if holds.Of("api", until) != nil || holds.Of("proxy", when) != nil {
		t.Errorf("a hold is over at its end: %+v", holds)
	}
	if !holds["proxy"].Rejects(digest1) || holds["proxy"].Rejects(digest2) || holds["proxy"].Accept(digest1).Rejects(digest1) {
		t.Errorf("rejected: %+v", holds["proxy"])
	}
	hold(t, m, holds, ledger.Holds{"api": {}, ledger.AllImages: {Hold: whole}})
	holds = readHolds(t, m)
	if holds["api"].Hold != nil || !cmp.Equal(holds.Of("api", until), whole) || !cmp.Equal(holds.Of("proxy", until), whole) {
		t.Errorf("all are held: %+v", holds)
	}
}

// TestManyHolds has the parameter full: it says what to do instead.
func TestManyHolds(t *testing.T) {
	l := &ledger.Ledger{Store: memory()}
	changes := ledger.Holds{}
	for n := range 60 {
		held := ledger.ImageHold{}.Reject(digest1)
		held.Hold = &tagboat.Hold{Reason: strings.Repeat("because ", 99), By: "ada", Since: &when}
		changes[tagboat.ImageName(fmt.Sprint("image", n))] = held
	}
	draft := expect.Value(l.Draft(t.Context(), ledger.HoldsGroup(holdsParameter, "dev")))(t)
	_, err := draft.Hold(t.Context(), ledger.HoldsGroup(holdsParameter, "dev"), nil, changes, ledger.Why{})
	var full *tagboat.Error
	if !errors.As(err, &full) || full.Kind != tagboat.Usage || !strings.Contains(full.Hint, "tagboat hold --env dev") {
		t.Errorf("%v", err)
	}
}

// TestRejectedRevisions are kept beside the holds, where a program that knows nothing of them
// reads an image without a hold.
func TestRejectedRevisions(t *testing.T) {
	m := memory()
	web := ledger.OfService("web")
	hold(t, m, nil, ledger.Holds{"api": {Hold: &tagboat.Hold{By: "ada", Since: &when}}})
	hold(t, m, readHolds(t, m), ledger.Holds{web: ledger.ImageHold{}.RejectRevision("web:1").RejectRevision("web:2")})
	holds := readHolds(t, m)
	if got := holds[web].Revisions; !cmp.Equal(got, []string{"web:1", "web:2"}) || holds["api"].Hold == nil || holds.Of(web, when) != nil {
		t.Errorf("%+v", holds)
	}
	hold(t, m, holds, ledger.Holds{web: holds[web].AcceptRevision("web:1").RejectRevision("web:3").RejectRevision("web:4").RejectRevision("web:5")})
	if got := readHolds(t, m)[web].Revisions; !cmp.Equal(got, []string{"web:3", "web:4", "web:5"}) {
		t.Errorf("%v", got)
	}
}
