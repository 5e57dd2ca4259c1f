package delivery_test

import (
	"testing"
	"time"

	"github.com/tagboat/tagboat/internal/deploy/rollout"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/operation"
)

// Twenty changed services, fifty milliseconds a call.
func TestTwentyChangedServices(t *testing.T) {
	crowd{services: 20, accounts: 1, away: 50 * time.Millisecond}.run(t, func(r *fleetRun) {
		r.came(r.deploy("v1"))
		r.Later(time.Minute)
		got := r.deploy("v2")
		r.came(got)
		if got.calls.Total > 110 || got.took > 3*time.Second {
			t.Errorf("%d calls in %s: %v", got.calls.Total, got.took, got.calls.ByOperation)
		}
	})
}

// A hundred changed services at AWS's rates, with rollouts as slow as AWS's.
func TestHundredChangedServicesAtAWSsSpeed(t *testing.T) {
	crowd{services: 100, accounts: 1, speed: 1}.run(t, func(r *fleetRun) {
		r.came(r.deploy("v1"))
		r.Later(time.Minute)
		got := r.deploy("v2")
		r.came(got)
		if got.calls.Total > 1300 {
			t.Errorf("%d calls: %v", got.calls.Total, got.calls.ByOperation)
		}
	})
}

// Services that go back to revisions which exist wait for AWS's rates alone, and for nothing
// of ours: go test ./internal/delivery -run TestGoingBackWaitsForAWSAlone -args -full.
func TestGoingBackWaitsForAWSAlone(t *testing.T) {
	if !*full {
		t.Skip("it takes a minute; -full runs it")
	}
	took := map[int]time.Duration{}
	for _, atOnce := range []int{rollout.DefaultParallel, 100 * rollout.DefaultParallel} {
		crowd{services: 200, accounts: 1, speed: 1}.run(t, func(r *fleetRun) {
			r.came(r.deploy("v1"))
			r.came(r.deploy("v2"))
			r.Later(time.Minute)
			got := r.deployWith("v1", rollout.Options{Wait: true, MaxParallel: atOnce})
			r.came(got)
			took[atOnce] = got.took
		})
	}
	if fast := took[100*rollout.DefaultParallel]; took[rollout.DefaultParallel] > fast*105/100 {
		t.Errorf("it takes %v", took)
	}
}

// A plan with an empty cache, as in CI, reads the revisions before the latest only where the
// version was pinned before it was registered.
func TestPlanWithAnEmptyCache(t *testing.T) {
	n := sized(100, 30)
	crowd{services: n, accounts: 1}.run(t, func(r *fleetRun) {
		for _, tag := range []string{"v1", "v2", "v3", "v4", "v5", "v6"} {
			r.came(r.deploy(tag))
			r.Later(time.Minute)
		}
		plan := func(tag string) (calls int) {
			r.Cache = t.TempDir()
			r.pinAll(tag)
			ctx, op := operation.Start(r.Context(), nil)
			set, err := r.open().Delivery.Plan(ctx, fleet.Selection{Stage: "dev"})
			if err != nil {
				t.Fatal(err)
			}
			if len(set.Document().Changes) != n {
				t.Errorf("%d services change", len(set.Document().Changes))
			}
			t.Logf("%s: %v", tag, op.Calls().ByOperation)
			return op.Calls().Total
		}
		if got := plan("v7"); got > n+n/10+6 { // 1.2 a service for a hundred
			t.Errorf("%d calls for a new version of %d services", got, n)
		}
		if got := plan("v2"); got < 2*n {
			t.Errorf("%d calls for a version that %d services had before", got, n)
		}
	})
}
