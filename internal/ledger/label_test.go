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

// crowd is a group of n images, and versions of all of them.
func crowd(n int, tier ledger.Tier) (ledger.Group, changes) {
	g := ledger.Group{Name: "shop", Parameter: parameter, Environment: "dev", Images: changes{}, Tier: tier}
	pins := changes{}
	for i := range n {
		name := tagboat.ImageName(fmt.Sprintf("service%02d", i))
		g.Images[name], pins[name] = repository(string(name)), version(string(name), "1.0", digest1)
	}
	return g, pins
}

func TestGroupThatDoesNotFit(t *testing.T) {
	for _, tc := range []struct {
		images int
		tier   ledger.Tier
		says   []string // nothing where it fits
		hides  string
	}{
		{45, "", nil, ""}, // 90 bytes each
		{46, "", []string{
			"would hold 4141 bytes, and a parameter of its tier takes 4096: service00 90, service01 90",
			"write tier: advanced for it", "shop-1: {images: [service00, ", "shop-2: {images: [service23, ", "tagboat pins --import " + parameter + " --env dev",
		}, "shop-3"},
		{91, ledger.TierStandard, []string{"would hold 8191 bytes", "tier: advanced"}, ""},
		{92, "", []string{"would hold 8281 bytes", "shop-1", "shop-3"}, "tier: advanced"},
		{91, ledger.TierAdvanced, nil, ""},
		{92, ledger.TierAdvanced, []string{"takes 8192", "shop-1", "shop-2"}, "tier: advanced"},
		{91, ledger.TierIntelligent, nil, ""},
	} {
		t.Run(fmt.Sprint(tc.images, tc.tier), func(t *testing.T) {
			s := &scripted{Store: memory()}
			g, pins := crowd(tc.images, tc.tier)
			_, err := (&ledger.Ledger{Store: s}).Update(t.Context(), g, pins, ledger.Why{})
			if len(tc.says) == 0 {
				if err != nil {
					t.Error(err)
				}
				return
			}
			var e *tagboat.Error
			if !errors.As(err, &e) || e.Kind != tagboat.Usage || len(s.puts) > 0 {
				t.Fatalf("%d writes, %v", len(s.puts), err)
			}
			text := e.Error() + "\n" + e.Hint
			for _, word := range tc.says {
				if !strings.Contains(text, word) {
					t.Errorf("no %q in %s", word, text)
				}
			}
			if tc.hides != "" && strings.Contains(text, tc.hides) {
				t.Errorf("%q in %s", tc.hides, text)
			}
		})
	}
}

// TestOthersCountToo: keys of others stay where they are, and are named as what they take.
func TestOthersCountToo(t *testing.T) {
	m := memory()
	expect.Value(m.Put(t.Context(), ledger.Put{Name: parameter, Value: `{"theirs":"` + strings.Repeat("x", 4010) + `"}`}))(t)
	_, err := (&ledger.Ledger{Store: m}).Update(t.Context(), group(), changes{"api": version("shop/api", "1", digest1)}, ledger.Why{})
	if err == nil || !strings.Contains(err.Error(), "api 82, keys of others 4022") {
		t.Errorf("the error is %v", err)
	}
}
