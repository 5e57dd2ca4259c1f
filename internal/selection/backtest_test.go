package selection_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestBacktest(t *testing.T) {
	day := 24 * time.Hour
	candidates := tags("1.0.0", "1.1.0", "1.0.1", "2.0.0-rc.1", "1.2.0", "0.9.0")
	for i, age := range []time.Duration{100 * day, 50 * day, 40 * day, 30 * day, 2 * time.Hour, 200 * day} {
		candidates[i].PushedAt = now.Add(-age)
	}
	type row struct {
		At  time.Time
		Tag string
	}
	run := func(s spec, since time.Duration) []row {
		changes, needs := rule(t, s).Backtest(candidates, now.Add(-since), now)
		if len(needs) > 0 {
			t.Fatalf("needs %v", needs)
		}
		var rows []row
		for _, c := range changes {
			if c.Why == "" {
				t.Errorf("%+v has no reason", c)
			}
			rows = append(rows, row{c.At, c.Chosen.Tag})
		}
		return rows
	}
	want := []row{{now.Add(-90 * day), "1.0.0"}, {now.Add(-50 * day), "1.1.0"}, {now.Add(-2 * time.Hour), "1.2.0"}}
	if diff := cmp.Diff(want, run(spec{Semver: ">=1.0.0"}, 90*day)); diff != "" {
		t.Error(diff)
	}
	want = []row{{now.Add(-49 * day), "1.1.0"}}
	if diff := cmp.Diff(want, run(spec{Semver: ">=1.1.0", MinAge: day}, 90*day)); diff != "" {
		t.Error(diff)
	}
	if got := run(spec{Semver: ">=3.0.0"}, 90*day); got != nil {
		t.Errorf("%v", got)
	}
	candidates[1].PushedAt, candidates[1].Looked = time.Time{}, false
	if _, needs := rule(t, spec{Semver: "*"}).Backtest(candidates, now, now); len(needs) != 1 || needs[0] != 1 {
		t.Errorf("needs %v", needs)
	}
}

func TestBacktestLooksAtPlatforms(t *testing.T) {
	candidates := tags("1.0.0", "1.1.0")
	candidates[1].Looked = false
	candidates[1].PushedAt = now
	candidates[0].Platforms = []string{"linux/arm64"}
	r := rule(t, spec{Semver: "*", Platform: "linux/arm64"})
	if _, needs := r.Backtest(candidates, now.Add(-time.Hour), now); len(needs) != 1 || needs[0] != 1 {
		t.Errorf("needs %v", needs)
	}
	candidates[1].Looked, candidates[1].Platforms = true, []string{"linux/amd64"}
	changes, needs := r.Backtest(candidates, now.Add(-time.Hour), now)
	if len(needs) > 0 || len(changes) != 1 || changes[0].Chosen.Tag != "1.0.0" {
		t.Errorf("%+v %v", changes, needs)
	}
}
