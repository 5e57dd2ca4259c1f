package ledger_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/ledger"
)

// labels returns the versions of a store that bear one, with it.
func labels(t *testing.T, s ledger.Store) string {
	t.Helper()
	history := expect.Value(s.History(t.Context(), parameter))(t)
	var all []string
	for _, p := range history {
		for _, label := range p.Labels {
			all = append(all, fmt.Sprint(p.Version, " ", label))
		}
	}
	return strings.Join(all, ", ")
}

// TestALabelledOldestVersionMakesRoom has our own label on the version that would have to
// go, and then somebody else's.
func TestALabelledOldestVersionMakesRoom(t *testing.T) {
	m := memory()
	m.Versions = 4
	l := &ledger.Ledger{Store: m}
	pin := func(n int) error {
		return expect.Err(l.Update(t.Context(), images(), changes{"agent": version("shop/agent", fmt.Sprint(n), digest1)}, ledger.Why{}))
	}
	for n := range 2 {
		expect.OK(t, errors.Join(pin(n), l.Label(t.Context(), images(), int64(n+1), ledger.BeforeRollback)))
	}
	expect.EqualIn(t, "a label is on one version", "2 "+ledger.BeforeRollback, labels(t, m))
	for n := range 5 {
		expect.OK(t, pin(10+n))
	}
	expect.EqualIn(t, "it made room, and is there yet", "", labels(t, m))
	expect.OK(t, m.Label(t.Context(), parameter, 4, "release-7"))
	before := value(t, m)
	err := pin(20)
	var blocked *tagboat.Error
	if !errors.As(err, &blocked) || blocked.Kind != tagboat.Usage || !strings.Contains(err.Error(), "its label release-7") ||
		!strings.Contains(blocked.Hint, "aws ssm unlabel-parameter-version --name "+parameter+" --parameter-version 4 --labels release-7") {
		t.Errorf("%v", err)
	}
	expect.EqualIn(t, "it wrote", before, value(t, m))
	if err := errors.Join(m.Unlabel(t.Context(), parameter, 4, []string{"release-7", "other"}), pin(20)); err != nil {
		t.Error(err)
	}
}
