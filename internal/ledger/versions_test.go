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
