package ledger_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/ledger"
)

// TestStepsAfterWhatIsNoValue has somebody write what nobody can read, and somebody mend it
// with another version.
func TestStepsAfterWhatIsNoValue(t *testing.T) {
	m := memory()
	update(t, m, group(), changes{"api": version("shop/api", "1", digest1)})
	for _, value := range []string{"oops", `{"api":"2@` + string(digest2) + `"}`} {
		expect.Value(m.Put(t.Context(), ledger.Put{Name: parameter, Value: value, Overwrite: true}))(t)
	}
	update(t, m, group(), changes{"api": version("shop/api", "3", digest1)})
	steps, since, err := (&ledger.Ledger{Store: m}).Steps(t.Context(), group())
	if err != nil || !since.IsZero() {
		t.Fatal(since, err)
	}
	var got []string
	for _, s := range steps {
		got = append(got, fmt.Sprintf("%d: %s>%s %v", s.Version, s.From.Tag, s.To.Tag, s.Foreign))
	}
	expect.Equal(t, []string{"1: >1 false", "3: 1>2 true", "4: 2>3 false"}, got)
}

func BenchmarkSteps(b *testing.B) {
	m := memory()
	l := &ledger.Ledger{Store: m}
	for n := range 100 {
		pins := changes{"api": version("shop/api", fmt.Sprint(n), digest1), "proxy": version("shop/proxy", fmt.Sprint(n), digest1)}
		expect.Value(l.Update(b.Context(), group(), pins, ledger.Why{}))(b)
	}
	for b.Loop() {
		if _, _, err := l.Steps(b.Context(), group()); err != nil {
			b.Fatal(err)
		}
	}
}

// TestADroppedPinIsOverwritten has somebody write a value of theirs over all pins.
func TestADroppedPinIsOverwritten(t *testing.T) {
	m := memory()
	update(t, m, group(), changes{"api": version("shop/api", "1", digest1), "proxy": version("shop/proxy", "1", digest1)})
	expect.Value(m.Put(t.Context(), ledger.Put{Name: parameter, Value: `{"api":"2"}`, Overwrite: true}))(t)
	book := expect.Value((&ledger.Ledger{Store: m}).Audit(t.Context(), group()))(t)
	lost := book.Entries[0].Overwritten
	if len(lost) != 1 || lost[0].Image != "proxy" || lost[0].Digest != digest1 {
		t.Errorf("lost: %+v", lost)
	}
}

// pagedStore is a store whose histories miss a version where one page ends and the next
// begins, as they do while others write; how many times.
type pagedStore struct {
	*ledger.Memory
	torn int
}

func (s *pagedStore) History(ctx context.Context, name string) ([]ledger.Parameter, error) {
	history, err := s.Memory.History(ctx, name)
	if s.torn > 0 && len(history) > 2 {
		s.torn--
		history = slices.Delete(history, len(history)-2, len(history)-1)
	}
	return history, err
}

// TestHistoriesReadWhileOthersWrite has a version missing from the middle of a history: it
// is that of an update which the newest version lacks.
func TestHistoriesReadWhileOthersWrite(t *testing.T) {
	m := memory()
	s := &pagedStore{Memory: m}
	for n := range 5 {
		update(t, m, images(), changes{"agent": version("shop/agent", fmt.Sprint(n), digest1)})
	}
	stale := expect.Value(m.History(t.Context(), parameter))(t)
	update(t, m, images(), apiOne)
	last := stale[len(stale)-1]
	expect.Value(m.Put(t.Context(), ledger.Put{Name: parameter, Value: last.Value, Description: last.Description, Overwrite: true}))(t)
	s.torn = 2
	r := update(t, s, images(), proxyOne)
	want := map[string]string{"agent": "4@" + string(digest1)}
	set(want, apiOne)
	set(want, proxyOne)
	if diff := cmp.Diff(want, holds(m)); diff != "" || !r.Repaired {
		t.Errorf("repaired %t: %s", r.Repaired, diff)
	}
	s.torn = 2 // before those do that are left
	if _, err := (&ledger.Ledger{Store: s}).Audit(t.Context(), images()); err != nil {
		t.Error(err)
	}
	s.torn = 1000
	if _, err := (&ledger.Ledger{Store: s}).Update(t.Context(), images(), apiTwo, ledger.Why{}); err != nil {
		t.Errorf("a whole newest version needs no history: %v", err)
	}
	if _, err := (&ledger.Ledger{Store: s}).Audit(t.Context(), images()); tagboat.KindOf(err) != tagboat.Internal {
		t.Errorf("a history that is never whole: %v", err)
	}
}
