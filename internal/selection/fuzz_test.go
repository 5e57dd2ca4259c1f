package selection_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tagboat/tagboat/internal/selection"
)

var habits = []spec{
	{Semver: ">=1.0.0"}, {Semver: "*"}, {Semver: ">=0.0.0-0"},
	{Match: `^[a-z]+-(?P<n>\d+)`, Order: "numeric"}, {Order: "numeric"}, {Order: "alphabetical", Ignore: []string{"^x"}},
	{Match: `(?P<at>\d{8}(-\d{4})?)`, Order: "time", By: []string{"at"}}, {Newest: "push"}, {Newest: "push", Untagged: true},
	{Order: "version"}, {Match: `^(?P<d>\d*)\.?(?P<n>\d*)`, Order: "numeric", By: []string{"d", "n"}},
	{Match: `^(?P<v>[^_]*)_?(?P<n>.*)$`, Semver: "*", By: []string{"v", "n"}}, {Match: `^(?P<a>\d+)?\D*(?P<b>.*)`, Order: "version", By: []string{"a", "b"}},
	{Match: `^(?P<at>\d{8})(-(?P<n>\d+))?`, Order: "time", By: []string{"at", "n"}}, {Match: `^(?P<a>\w)(?P<b>.*)`, Order: "alphabetical", By: []string{"b", "a"}},
	{Semver: "*", MinAge: time.Hour}, {Order: "alphabetical", Platform: "linux/arm64"}, {Follow: "stable"}, {Tag: "1.0.0"},
}

// FuzzChoice holds what a user relies on: the order in which a registry lists its tags
// makes no difference, and neither does a tag that the rule skips.
func FuzzChoice(f *testing.F) {
	f.Add("1.0.0 1.0.1 v1.0.1 1.0.1-rc.10 1.0.1-rc.9 latest", uint64(1))
	f.Add("main-10 main-9 feature-11 20260101 20260101-1030 stable", uint64(2))
	f.Add("20240115123456001 20240115123456002 7e10 deadbee 1234567 x1", uint64(3))
	f.Fuzz(func(t *testing.T, text string, seed uint64) {
		dice := rand.New(rand.NewPCG(seed, 0))
		candidates := random(dice, strings.Fields(text))
		for _, s := range habits {
			r := rule(t, s)
			choice := r.Choose(candidates, now)
			want, ok := choice.Chosen()
			checkSame(t, r, shuffled(dice, candidates), want, ok)
			for _, v := range choice.Skipped {
				checkSame(t, r, without(candidates, v.Candidate), want, ok)
			}
			for _, v := range choice.Accepted {
				if v.Skipped != "" || r.Choose([]selection.Candidate{v.Candidate}, now).Accepted == nil {
					t.Errorf("%s accepts %+v, but not by itself", r, v)
				}
			}
		}
	})
}

func checkSame(t *testing.T, r selection.Rule, candidates []selection.Candidate, want selection.Evaluation, ok bool) {
	t.Helper()
	got, found := r.Choose(candidates, now).Chosen()
	if found != ok || !cmp.Equal(want.Candidate, got.Candidate, cmpopts.EquateEmpty()) {
		t.Errorf("%s: %+v %t, and then %+v %t", r, want, ok, got, found)
	}
}

func random(dice *rand.Rand, names []string) []selection.Candidate {
	seen := map[string]bool{}
	var all []selection.Candidate
	for i, name := range names[:min(len(names), 40)] {
		if seen[name] {
			continue // a repository has a tag once
		}
		seen[name] = true
		c := selection.Candidate{Tag: name, Digest: digest(i), PushedAt: now.Add(-time.Duration(dice.IntN(4)) * 40 * time.Minute), Complete: true}
		if dice.IntN(2) == 0 {
			c.Platforms = []string{"linux/arm64/v8"}
		}
		all = append(all, c)
	}
	return append(all, selection.Candidate{Digest: digest(99), PushedAt: now, Complete: true})
}

func shuffled(dice *rand.Rand, candidates []selection.Candidate) []selection.Candidate {
	mixed := append([]selection.Candidate(nil), candidates...)
	dice.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
	return mixed
}

func without(candidates []selection.Candidate, c selection.Candidate) []selection.Candidate {
	var rest []selection.Candidate
	for _, other := range candidates {
		if other.Digest != c.Digest {
			rest = append(rest, other)
		}
	}
	return rest
}

// FuzzOrder holds that every order is total: of two tags one ranks higher, whichever is
// named first, and what ranks above a tag ranks above all that rank below it.
func FuzzOrder(f *testing.F) {
	f.Add("1.2.3", "1.2.3-rc.1", "1.2.4")
	f.Add("2024.9", "2024.10", "2024.10.1")
	f.Add("20260920.9", "20260920.10", "20260920")
	f.Add("7.2.4-debian-12-r9", "7.2.4_debian-12-r10", "v7.2.4")
	f.Add("00", "0", "000-a")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		if a == b || b == c || a == c {
			return
		}
		for _, s := range habits {
			r := rule(t, s)
			all := tags(a, b, c)
			order := r.Choose(all, now).Accepted
			for i := range order {
				for j := i + 1; j < len(order); j++ {
					above, below := order[i].Candidate, order[j].Candidate
					for _, pair := range [][]selection.Candidate{{above, below}, {below, above}} {
						if got, _ := r.Choose(pair, now).Chosen(); got.Tag != above.Tag {
							t.Errorf("%s: %q ranks above %q, and below it where they are alone", r, above.Tag, below.Tag)
						}
					}
					if older, why := r.Older(below, above); older {
						t.Errorf("%s: from %q up to %q is a step back: %s", r, below.Tag, above.Tag, why)
					}
				}
			}
		}
	})
}
