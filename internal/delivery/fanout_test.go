package delivery_test

import (
	"fmt"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/deploy/rollout"
)

// A hundred changed services go out as fast as AWS's buckets allow, 20 revisions at once
// and then one a second, and AWS refuses nothing: not even to a run that finds the
// buckets as the one before it has left them.
func TestM1HundredChangedServices(t *testing.T) {
	f := crowd{services: 100, accounts: 1}
	f.run(t, func(r *fleetRun) {
		r.came(r.deploy("v1"))
		r.came(r.deploy("v2"))
		r.Later(time.Minute)
		got := r.deploy("v3")
		r.came(got)
		if limit := f.bucketTime() * 11 / 10; got.took > limit {
			t.Errorf("it took %s, more than %s", got.took, limit)
		}
	})
}

// Accounts have buckets of their own: three take no longer than one.
func TestM1ThreeAccountsTakeNoLongerThanOne(t *testing.T) {
	took := map[int]time.Duration{}
	for _, accounts := range []int{1, 3} {
		crowd{services: sized(100, 40), accounts: accounts}.run(t, func(r *fleetRun) {
			got := r.deploy("v1")
			r.came(got)
			took[accounts] = got.took
		})
	}
	if took[3] > took[1]*105/100 {
		t.Errorf("three accounts took %s, one took %s", took[3], took[1])
	}
}

// Services that do not change cost a tenth of a call each, and the ledger's one.
func TestUnchangedServicesCostATenthOfACall(t *testing.T) {
	n := sized(500, 100)
	crowd{services: n, accounts: 1}.run(t, func(r *fleetRun) {
		r.came(r.deploy("v1"))
		got := r.deploy("v1")
		if got.calls.Total > n/10+1 || got.verdicts[tagboat.VerdictUnchanged] != n {
			t.Errorf("%d calls (%v) for %v", got.calls.Total, got.calls.ByOperation, got.verdicts)
		}
		if got.proven != n {
			t.Errorf("what runs is known of %d services", got.proven)
		}
	})
}

// TestFanOutTable prints what fanning out is worth, rollouts taking as long as on AWS.
// At full size: go test ./internal/delivery -run TestFanOutTable -v -args -full.
func TestFanOutTable(t *testing.T) {
	n := sized(100, 10)
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "RUN\tSERVICES\tVIRTUAL SECONDS\tCALLS\tA SERVICE\tTHROTTLED")
	row := func(name string, got outcome) {
		fmt.Fprintf(table, "%s\t%d\t%.0f\t%d\t%.1f\t%d\n", name, n, got.took.Seconds(), got.calls.Total, float64(got.calls.Total)/float64(n), got.calls.Throttled)
	}
	crowd{services: n, accounts: 1, speed: 1}.run(t, func(r *fleetRun) {
		row("created, all at once", r.deploy("v1"))
		r.Later(time.Minute)
		together := r.deploy("v2")
		row("changed, all at once", together)
		r.Later(time.Minute)
		alone := r.deployWith("v3", rollout.Options{Wait: true, MaxParallel: 1})
		row("changed, one after another", alone)
		row("unchanged", r.deploy("v3"))
		r.came(together)
		if alone.took < together.took*2 {
			t.Errorf("one after another took %s, all at once %s", alone.took, together.took)
		}
	})
	if err := table.Flush(); err != nil {
		t.Fatal(err)
	}
	t.Logf("\n%s", text.String())
}

// sized returns the first with -full, else the second.
func sized(fully, short int) int {
	if *full {
		return fully
	}
	return short
}

// came tells of refused calls and of services that did not come up.
func (r *fleetRun) came(got outcome) {
	r.Helper()
	if got.calls.Throttled > 0 {
		r.Errorf("%d calls were throttled: %v", got.calls.Throttled, got.calls.ByOperation)
	}
	if n := got.verdicts[tagboat.VerdictSucceeded]; n != r.services*r.accounts {
		r.Errorf("%d services came up: %v", n, got.verdicts)
	}
}
