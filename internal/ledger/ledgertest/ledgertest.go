// Package ledgertest holds what every ledger.Store must pass.
package ledgertest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat/internal/ledger"
)

// Run checks a Store. Each test writes to names of its own under prefix, which begins
// with a slash, so that the stores may be one and the same. Without is what to leave out
// for a store that is known to be wrong there.
func Run(t *testing.T, store ledger.Store, prefix string, without ...string) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, ledger.Store, string){
		"GetLeavesOutWhatIsMissing": getLeavesOutWhatIsMissing,
		"GetTakesManyNames":         getTakesManyNames,
		"CreateOnlyOnce":            createOnlyOnce,
		"OverwriteCreates":          overwriteCreates,
		"HistoryIsWhole":            historyIsWhole,
		"HistoryOfNothing":          historyOfNothing,
		"HundredVersions":           hundredVersions,
		"VersionsHaveNoGap":         versionsHaveNoGap,
		"ValueTooLong":              valueTooLong,
		"AdvancedTakesMore":         advancedTakesMore,
		"SameValueIsAVersion":       sameValueIsAVersion,
		"LabelsMove":                labelsMove,
		"LabelledVersionsStay":      labelledVersionsStay,
	} {
		if !slices.Contains(without, name) {
			t.Run(name, func(t *testing.T) { test(t, store, prefix+"/"+name) })
		}
	}
}

func put(t *testing.T, s ledger.Store, p ledger.Put) int64 {
	t.Helper()
	version, err := s.Put(t.Context(), p)
	if err != nil {
		t.Fatalf("putting %+v: %v", p, err)
	}
	return version
}

func history(t *testing.T, s ledger.Store, name string) []ledger.Parameter {
	t.Helper()
	h, err := s.History(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func getLeavesOutWhatIsMissing(t *testing.T, s ledger.Store, name string) {
	put(t, s, ledger.Put{Name: name + "/a", Value: "1"})
	got, err := s.Get(t.Context(), []string{name + "/a", name + "/b"})
	if err != nil {
		t.Fatal(err)
	}
	p, ok := got[name+"/a"]
	if len(got) != 1 || !ok || p.Value != "1" || p.Version != 1 || p.Type != "String" || p.At.IsZero() {
		t.Errorf("got %+v", got)
	}
}

func getTakesManyNames(t *testing.T, s ledger.Store, name string) {
	var names []string
	for i := range 23 {
		names = append(names, fmt.Sprintf("%s/%d", name, i))
		put(t, s, ledger.Put{Name: names[i], Value: fmt.Sprint(i)})
	}
	got, err := s.Get(t.Context(), names)
	if err != nil {
		t.Fatal(err)
	}
	for i, n := range names {
		if got[n].Value != fmt.Sprint(i) {
			t.Errorf("%s = %+v", n, got[n])
		}
	}
}

func createOnlyOnce(t *testing.T, s ledger.Store, name string) {
	var created sync.WaitGroup
	wins := make(chan int64, 8)
	for range cap(wins) {
		created.Go(func() {
			version, err := s.Put(context.WithoutCancel(t.Context()), ledger.Put{Name: name, Value: "x"})
			if err == nil {
				wins <- version
			} else if !errors.Is(err, ledger.ErrExists) {
				t.Errorf("the error is %v", err)
			}
		})
	}
	created.Wait()
	if len(wins) != 1 || <-wins != 1 {
		t.Errorf("%d created it", len(wins)+1)
	}
}

func overwriteCreates(t *testing.T, s ledger.Store, name string) {
	if v := put(t, s, ledger.Put{Name: name, Value: "x", Overwrite: true}); v != 1 {
		t.Errorf("version %d", v)
	}
}

func historyIsWhole(t *testing.T, s ledger.Store, name string) {
	for i := range 60 {
		put(t, s, ledger.Put{Name: name, Value: fmt.Sprint(i), Description: fmt.Sprint("why ", i), Overwrite: true})
	}
	h := history(t, s, name)
	if len(h) != 60 {
		t.Fatalf("%d versions", len(h))
	}
	for i, p := range h {
		got := [4]string{p.Name, p.Value, p.Description, fmt.Sprint(p.Version)}
		want := [4]string{name, fmt.Sprint(i), fmt.Sprint("why ", i), fmt.Sprint(i + 1)}
		if diff := cmp.Diff(want, got); diff != "" || p.User == "" || p.At.IsZero() {
			t.Errorf("%+v: %s", p, diff)
		}
	}
}

func historyOfNothing(t *testing.T, s ledger.Store, name string) {
	if h := history(t, s, name); len(h) != 0 {
		t.Errorf("%+v", h)
	}
}

func hundredVersions(t *testing.T, s ledger.Store, name string) {
	for i := range 104 {
		put(t, s, ledger.Put{Name: name, Value: fmt.Sprint(i), Overwrite: true})
	}
	h := history(t, s, name)
	if len(h) != 100 || h[0].Version != 5 || h[99].Version != 104 {
		t.Errorf("%d versions from %d", len(h), h[0].Version)
	}
}

func versionsHaveNoGap(t *testing.T, s ledger.Store, name string) {
	var all sync.WaitGroup
	var mu sync.Mutex
	seen := map[int64]bool{}
	for i := range 10 {
		all.Go(func() {
			v, err := s.Put(context.WithoutCancel(t.Context()), ledger.Put{Name: name, Value: fmt.Sprint(i), Overwrite: true})
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			seen[v] = true
		})
	}
	all.Wait()
	for v := range int64(10) {
		if !seen[v+1] {
			t.Errorf("no version %d among %v", v+1, seen)
		}
	}
}

func valueTooLong(t *testing.T, s ledger.Store, name string) {
	if _, err := s.Put(t.Context(), ledger.Put{Name: name, Value: strings.Repeat("x", 4097)}); err == nil {
		t.Error("4097 bytes were taken")
	}
	put(t, s, ledger.Put{Name: name, Value: strings.Repeat("x", 4096)})
}

func advancedTakesMore(t *testing.T, s ledger.Store, name string) {
	for _, tier := range []ledger.Tier{ledger.TierAdvanced, ledger.TierIntelligent} {
		put(t, s, ledger.Put{Name: name, Value: strings.Repeat("x", 8192), Tier: tier, Overwrite: true})
	}
	put(t, s, ledger.Put{Name: name + "/small", Value: "x", Tier: ledger.TierStandard})
}

func sameValueIsAVersion(t *testing.T, s ledger.Store, name string) {
	put(t, s, ledger.Put{Name: name, Value: "x", Overwrite: true})
	if v := put(t, s, ledger.Put{Name: name, Value: "x", Overwrite: true}); v != 2 {
		t.Errorf("version %d", v)
	}
}
