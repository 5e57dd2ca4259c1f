package ledger_test

import (
	"fmt"
	"testing"

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
