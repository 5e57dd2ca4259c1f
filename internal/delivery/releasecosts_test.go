package delivery_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/deploy/rollout"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/promotion"
	"github.com/tagboat/tagboat/internal/release"
	"github.com/tagboat/tagboat/internal/sandbox"
)

// TestReleaseCosts promotes a few services through three stages of two families in three
// accounts; -full promotes twenty, and prints the calls.
func TestReleaseCosts(t *testing.T) {
	c := costs{T: t}
	c.releases(sized(20, 2), sized(500, 20))
	t.Logf("\n%s", &c.table)
}

// releases measures what releases cost, and that it does not grow with their number.
func (c *costs) releases(services, many int) {
	n := float64(services)
	few := promoted(c.T, services, 0)
	lots := promoted(c.T, services, many)
	c.Logf("promote %d services × 6 environments in 3 accounts, nothing cached:%s", services, byName(few.promote))
	c.table.AtMost(c.T, fmt.Sprintf("promote %d services × 6 environments in 3 accounts, nothing cached", services), float64(few.promote.Total), 1000*n, "calls")
	c.table.AtMost(c.T, fmt.Sprintf("the same where there are %d releases", many), float64(lots.promote.Total-few.promote.Total), 0, "calls more")
	c.table.AtMost(c.T, "release create", float64(few.create.Total), 6, "calls")
	c.table.AtMost(c.T, fmt.Sprintf("release create where there are %d", many), float64(lots.create.Total), 6, "calls")
	c.table.AtMost(c.T, "status of 6 environments with releases, beside without", float64(few.status.Total-few.plain.Total), 6, "calls more")
}

// promotedCosts are the calls that things made.
type promotedCosts struct {
	create, promote, plain, status tagboat.Calls
}

// promoted promotes a second version of all services through all stages, beside so many releases.
func promoted(t *testing.T, services, others int) (got promotedCosts) {
	var f apptest.Family
	for i := range services {
		f.Services = append(f.Services, fmt.Sprintf("s%02d", i))
	}
	apptest.Run(t, sandbox.Config{Quotas: "off"}, func(w *apptest.World) {
		f.Open(w)
		push := func(tag string) {
			for _, name := range f.Services {
				w.Push("shop/" + name + ":" + tag)
			}
		}
		push("v1")
		throughStages(w)
		for i := range others {
			if _, err := w.Open().Releases.Create(w.Context(), release.Request{Environment: "dev", Notes: fmt.Sprint(i)}); err != nil {
				w.Fatal(err)
			}
		}
		w.Later(time.Hour)
		got.create = cost(w, func(ctx context.Context, a *app.App) error {
			_, err := a.Releases.Create(ctx, release.Request{Environment: "dev", Notes: "one more"})
			return err
		})
		push("v2")
		got.promote = throughStages(w)
		w.Later(time.Hour)
		status := func(with bool) tagboat.Calls {
			return cost(w, func(ctx context.Context, a *app.App) error {
				if !with {
					a.View.Releases = nil
				}
				_, err := a.View.Status(ctx, fleet.Selection{})
				return err
			})
		}
		got.plain, got.status = status(false), status(true)
	})
	return got
}

// throughStages promotes from stage to stage, each command as a process of its own, and returns the
// calls of all three.
func throughStages(w *apptest.World) tagboat.Calls {
	w.Helper()
	sum := tagboat.Calls{ByOperation: map[string]int{}}
	for _, to := range []tagboat.StageName{"dev", "staging", "prod"} {
		calls := cost(w, func(ctx context.Context, a *app.App) error {
			set, err := a.Promotions.Plan(ctx, promotion.Request{Selection: apptest.To(to)})
			if err != nil {
				return err
			}
			document, err := a.Promotions.Do(ctx, set, rollout.Options{Wait: true, MaxParallel: rollout.DefaultParallel})
			for _, r := range document.Promotions {
				if r.State != tagboat.PromotionDone {
					w.Errorf("%s: %s: %s", r.Environment, r.State, r.Reason)
				}
			}
			return err
		})
		w.Logf("%s %d%s", to, calls.Total, byName(calls))
		sum.Total += calls.Total
		for name, n := range calls.ByOperation {
			sum.ByOperation[name] += n
		}
	}
	return sum
}

// byName lists calls by their operation.
func byName(calls tagboat.Calls) string {
	var lines strings.Builder
	for _, name := range slices.Sorted(maps.Keys(calls.ByOperation)) {
		fmt.Fprintf(&lines, "\n%6d %s", calls.ByOperation[name], name)
	}
	return lines.String()
}
