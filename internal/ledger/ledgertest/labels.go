package ledgertest

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat/internal/ledger"
)

// labelled returns the versions of a parameter that bear a label.
func labelled(t *testing.T, s ledger.Store, name, label string) []int64 {
	t.Helper()
	var versions []int64
	for _, p := range history(t, s, name) {
		if slices.Contains(p.Labels, label) {
			versions = append(versions, p.Version)
		}
	}
	return versions
}

func labelsMove(t *testing.T, s ledger.Store, name string) {
	for n := range 3 {
		put(t, s, ledger.Put{Name: name, Value: fmt.Sprint(n), Overwrite: n > 0})
	}
	for _, version := range []int64{1, 3} {
		if err := s.Label(t.Context(), name, version, "tagboat-test"); err != nil {
			t.Fatal(err)
		}
		if got := labelled(t, s, name, "tagboat-test"); !cmp.Equal(got, []int64{version}) {
			t.Errorf("the label is on %d, want %d", got, version)
		}
	}
	if err := s.Unlabel(t.Context(), name, 3, []string{"tagboat-test", "nosuch"}); err != nil {
		t.Error(err)
	}
	if got := labelled(t, s, name, "tagboat-test"); got != nil {
		t.Errorf("the label is gone, and on %d", got)
	}
}

func labelledVersionsStay(t *testing.T, s ledger.Store, name string) {
	for n := range 100 {
		put(t, s, ledger.Put{Name: name, Value: fmt.Sprint(n), Overwrite: n > 0})
	}
	if err := s.Label(t.Context(), name, 1, "tagboat-test"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Put(t.Context(), ledger.Put{Name: name, Value: "more", Overwrite: true}); !errors.Is(err, ledger.ErrFull) {
		t.Errorf("a version over a labelled one: %v, want ErrFull", err)
	}
	if err := s.Unlabel(t.Context(), name, 1, []string{"tagboat-test"}); err != nil {
		t.Fatal(err)
	}
	if got := put(t, s, ledger.Put{Name: name, Value: "more", Overwrite: true}); got != 101 {
		t.Errorf("version %d, want 101", got)
	}
}
