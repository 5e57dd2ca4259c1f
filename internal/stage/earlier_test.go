package stage_test

import (
	"strings"
	"testing"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/ledger"
	"github.com/tagboat/tagboat/internal/stage"
)

// TestEarlier holds what an environment can go back to, the last good one first. A trail has the names
// of releases, with -f for one that failed, -b for one that it went back to; - went back to
// no release, and -w is a deployment without one.
func TestEarlier(t *testing.T) {
	for name, c := range map[string]struct {
		trail, want string
		amid        bool
	}{
		"nothing":                             {"", "", false},
		"one":                                 {"1", "", false},
		"one, amid the next":                  {"1", "1", true},
		"the one before":                      {"1 2 3", "2 1", false},
		"amid another":                        {"1 2 3", "3 2 1", true},
		"further back, not to and fro":        {"1 2 3 2-b", "1", false},
		"after it went on":                    {"1 2 3 2-b 4", "2 1", false},
		"a failure went back of itself":       {"1 2 3-f", "1", false},
		"a failure that is still there":       {"1 2 3-f", "2 1", true},
		"not to what failed there since":      {"1 2 1-f 3", "2", false},
		"going back failed":                   {"1 2 3 2-bf", "1", true},
		"going back failed, the same pins":    {"1 2 3 2-bf", "1", false},
		"again, by itself":                    {"1 2 1", "2", false},
		"no release":                          {"1 2 -", "", false},
		"back to no release, and on":          {"1 2 - 3", "", false},
		"deployed without one, and on":        {"1 2 -w 3", "2 1", false},
		"of the first one that it remembers":  {"2-b", "", false},
		"to one that it no longer remembered": {"3 4 1-b", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			var had ledger.Promotions
			for word := range strings.FieldsSeq(c.trail) {
				name, flags, _ := strings.Cut(word, "-")
				p := ledger.Promoted{Name: name, Failed: strings.Contains(flags, "f"), Back: strings.Contains(flags, "b") || word == "-"}
				if name != "" {
					p.ID = id(name)
				}
				had.Trail = append(had.Trail, p)
			}
			var got []string
			for _, p := range stage.Earlier(had, c.amid) {
				got = append(got, p.Name)
			}
			expect.Equal(t, c.want, strings.Join(got, " "))
		})
	}
}
