package delivery_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/deploy/rollout"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/operation"
	"github.com/tagboat/tagboat/internal/promotion"
	"github.com/tagboat/tagboat/internal/release"
	"github.com/tagboat/tagboat/internal/sandbox"
)

// TestReleaseCosts is the part of TestCosts that is about releases, with fewer of everything.
func TestReleaseCosts(t *testing.T) {
	c := costs{T: t}
	c.releases()
	t.Logf("\n%s", &c.table)
}

// releases measures what releases cost, and that it does not grow with their number.
func (c *costs) releases() {
	services, many := sized(20, 2), sized(500, 120)
	few, lots := promoted(c.T, services, 0), promoted(c.T, services, many)
	what := fmt.Sprintf("promote %d services × 6 environments in 3 accounts, nothing cached", services)
	c.Logf("%s:%s", what, byName(few.promote))
	c.table.AtMost(c.T, what, float64(few.promote.Total), float64(sized(1750, 520)), "calls")
	c.table.AtMost(c.T, "that without watching, and per service", settled(few.promote)/float64(6*services), float64(sized(7, 11)), "calls") // what an environment costs is shared by fewer
	c.table.AtMost(c.T, "its three plans", float64(few.plans.Total), float64(sized(540, 100)), "calls")
	c.table.AtMost(c.T, fmt.Sprintf("its three plans where there are %d releases", many), float64(lots.plans.Total-few.plans.Total), 0, "calls more")
	c.table.AtMost(c.T, "all of it without watching there", settled(lots.promote)-settled(few.promote), 0, "calls more")
	c.table.AtMost(c.T, "plan to promote a release by its name there", float64(lots.named.Total-few.named.Total), 1, "calls more") // 100 numbers are two pages
	c.table.AtMost(c.T, "release create", float64(few.create.Total), 6, "calls")
	c.table.AtMost(c.T, "release create there", float64(lots.create.Total), 6, "calls")
	c.table.AtMost(c.T, "status of 6 environments with releases, beside without", float64(few.status.Total-few.plain.Total), 6, "calls more")
}

// settled counts the calls whose number does not depend on how long a deployment takes.
func settled(calls tagboat.Calls) float64 {
	n := calls.Total
	for _, watching := range []string{"ecs.DescribeServices", "ecs.DescribeTasks", "ecs.ListTasks", "ssm.GetParameters"} {
		n -= calls.ByOperation[watching]
	}
	return float64(n)
}

// promotedCosts are the calls that things made.
type promotedCosts struct {
	create, named, plans, promote, plain, status tagboat.Calls
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
		newest := ""
		for i := range others + 1 {
			got.create = cost(w, func(ctx context.Context, a *app.App) error {
				made, err := a.Releases.Create(ctx, release.Request{Environment: "dev", Notes: fmt.Sprint(i)})
				newest = made.Release.Name
				return err
			})
		}
		w.Later(time.Hour)
		got.named = cost(w, func(ctx context.Context, a *app.App) error {
			_, err := a.Promotions.Plan(ctx, promotion.Request{Selection: apptest.To("dev"), Release: newest})
			return err
		})
		push("v2")
		got.plans, got.promote = throughStages(w)
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

// throughStages promotes from stage to stage, each command as a process of its own at a distance of
// AWS, and returns the calls of their plans and of all that they did.
func throughStages(w *apptest.World) (plans, all tagboat.Calls) {
	w.Helper()
	plans, all = tagboat.Calls{ByOperation: map[string]int{}}, tagboat.Calls{ByOperation: map[string]int{}}
	add := func(sum *tagboat.Calls, calls tagboat.Calls) {
		sum.Total += calls.Total
		for name, n := range calls.ByOperation {
			sum.ByOperation[name] += n
		}
	}
	for n, to := range []tagboat.StageName{"dev", "staging", "prod"} {
		ctx, counted := operation.Start(w.Context(), nil)
		a := w.Open(func(next http.RoundTripper) http.RoundTripper {
			return &distant{next: next, random: rand.New(rand.NewPCG(1, uint64(n)))}
		})
		set, err := a.Promotions.Plan(ctx, promotion.Request{Selection: apptest.To(to)})
		if err != nil {
			w.Fatal(err)
		}
		add(&plans, counted.Calls())
		document, err := a.Promotions.Do(ctx, set, rollout.Options{Wait: true, MaxParallel: rollout.DefaultParallel})
		if err != nil {
			w.Fatal(err)
		}
		for _, r := range document.Promotions {
			if r.State != tagboat.PromotionDone {
				w.Errorf("%s: %s: %s", r.Environment, r.State, r.Reason)
			}
		}
		add(&all, counted.Calls())
	}
	return plans, all
}

// byName lists calls by their operation.
func byName(calls tagboat.Calls) string {
	var lines strings.Builder
	for _, name := range slices.Sorted(maps.Keys(calls.ByOperation)) {
		fmt.Fprintf(&lines, "\n%6d %s", calls.ByOperation[name], name)
	}
	return lines.String()
}
