package demo_test

import (
	"strings"
	"testing"

	"github.com/tagboat/tagboat/internal/demo"
	"github.com/tagboat/tagboat/internal/expect"
)

// first returns the first pushes of a seed.
func first(seed uint64, n int) []demo.Push {
	var all []demo.Push
	for p := range demo.Pushes(seed) {
		if all = append(all, p); len(all) == n {
			break
		}
	}
	return all
}

// TestASeedPushesTheSame holds that equal seeds push the same, others something else, and that all that
// the demo shows is among it.
func TestASeedPushesTheSame(t *testing.T) {
	expect.Equal(t, first(7, 200), first(7, 200))
	if a, b := first(1, 5), first(2, 5); a[0].Repository == b[0].Repository && a[1].Tag == b[1].Tag && a[2].Tag == b[2].Tag {
		t.Error("two seeds push the same")
	}
	seen, tags := map[string]int{}, map[string]bool{}
	for _, p := range first(1, 200) {
		if name := p.Repository + ":" + p.Tag; tags[name] {
			t.Errorf("%s is pushed twice", name)
		} else {
			tags[name] = true
		}
		switch {
		case strings.HasPrefix(p.Tag, "pr-"):
			seen["branch"]++
		case p.Labels["tagboat.sandbox.exit"] != "":
			seen["bad"]++
		case p.Labels["tagboat.sandbox.health"] != "":
			seen["slow "+p.Repository]++
		default:
			seen["good"]++
		}
	}
	expect.Equal(t, map[string]int{"branch": 190, "good": 5, "bad": 3, "slow shop/api": 2}, seen)
}
