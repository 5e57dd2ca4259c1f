package trace_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/access"
	"github.com/tagboat/tagboat/internal/app"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/history"
	"github.com/tagboat/tagboat/internal/operation"
	"github.com/tagboat/tagboat/internal/promotion"
	"github.com/tagboat/tagboat/internal/sandbox"
)

// shop runs a story of six environments in three accounts, whose prod soaks and is approved.
func shop(t *testing.T, story func(w *apptest.World)) {
	t.Helper()
	apptest.Run(t, sandbox.Config{Quotas: "off"}, func(w *apptest.World) {
		apptest.Family{Stages: "[{name: dev, auto: newest}, {name: staging, auto: upstream}, {name: prod, auto: upstream, gates: {soak: 2h}}]"}.Open(w)
		story(w)
	})
}

// promote promotes to a stage as automation does.
func promote(w *apptest.World, stage tagboat.StageName) {
	w.Helper()
	w.Promote(promotion.Request{Selection: apptest.To(stage), Automation: true})
	w.Later(time.Minute)
}

// where returns what where says: HOW, and for each environment ENVIRONMENT STATE [CAUSE] [periods].
func where(w *apptest.World, arg string) []string {
	w.Helper()
	document, err := w.Open().Trace.Where(w.Context(), arg)
	if err != nil {
		w.Fatal(err)
	}
	if len(document.Errors) > 0 {
		w.Errorf("%+v", document.Errors)
	}
	lines := []string{}
	for _, f := range document.Found {
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s: %s %s", f.As, f.Release, f.Tag)))
		for _, p := range f.Places {
			line := strings.TrimSpace(fmt.Sprintf("%s %s %s", p.Environment, p.State, p.Cause))
			for _, period := range p.Periods {
				line += " " + length(period)
			}
			lines = append(lines, line)
		}
	}
	return lines
}

func length(p tagboat.Period) string {
	if p.To == nil {
		return "since"
	}
	return p.To.Sub(p.From).Round(time.Hour).String()
}

func same(w *apptest.World, got []string, want ...string) {
	w.Helper()
	if diff := cmp.Diff(append([]string{}, want...), got); diff != "" {
		w.Errorf("(-want +got)\n%s", diff)
	}
}

// TestWhere follows two releases from stage to stage: by name, id, digest, tag and commit.
func TestWhere(t *testing.T) {
	shop(t, func(w *apptest.World) {
		w.Push("shop/web:v1")
		promote(w, "dev")
		promote(w, "staging")
		w.Later(3 * time.Hour)
		promote(w, "prod")
		w.Push("shop/web:v2")
		promote(w, "dev")
		promote(w, "staging")
		first := []string{"dev ran 3h0m0s", "mb-dev ran 3h0m0s", "staging ran 3h0m0s", "mb-staging ran 3h0m0s", "prod runs since", "mb-prod runs since"}
		second := []string{"dev runs since", "mb-dev runs since", "staging runs since", "mb-staging runs since", "prod waits soaking-until", "mb-prod waits soaking-until"}
		same(w, where(w, "1"), append([]string{"the release 1: 1"}, first...)...)
		same(w, where(w, "v1"), append([]string{"a tag of image web: 1 v1"}, first...)...)
		same(w, where(w, "2"), append([]string{"the release 2: 2"}, second...)...)
		same(w, where(w, string(w.Pushed["shop/web:v2"])), append([]string{"a digest of image web: 2 v2"}, second...)...)
		same(w, where(w, w.Pushed["shop/web:v2"].Short()), append([]string{"a digest of image web: 2 v2"}, second...)...)
		releases := w.Open().Trace.Home
		numbers, err := releases.Numbers(w.Context())
		if err != nil {
			w.Fatal(err)
		}
		same(w, where(w, numbers[0].ID.Hex()[:8]), append([]string{"the beginning of the id of release 2: 2"}, second...)...)
		same(w, where(w, "nothing"))
	})
}

// TestWhereOfAnAmbiguousTag shows both images that have it.
func TestWhereOfAnAmbiguousTag(t *testing.T) {
	apptest.Run(t, sandbox.Config{Quotas: "off"}, func(w *apptest.World) {
		apptest.Shop{Services: []string{"web", "api"}}.Open(w, "web:v1", "api:v1")
		w.Pin("dev", "web=v1")
		same(w, where(w, "v1"), "a tag of image api:  v1", "dev never", "a tag of image web:  v1", "dev pinned")
	})
}

// TestWhereOfCommits finds versions by their label, and by tags that have the commit in them.
func TestWhereOfCommits(t *testing.T) {
	apptest.Run(t, sandbox.Config{Quotas: "off"}, func(w *apptest.World) {
		apptest.Shop{Services: []string{"web"}}.Open(w)
		w.Push("shop/web:v1", "org.opencontainers.image.revision=3f2a9c1d00000000000000000000000000000000")
		w.Push("shop/web:main-77aa88b")
		w.Pin("dev", "web=v1")
		w.Expect(w.One(), tagboat.VerdictSucceeded)
		same(w, where(w, "3f2a9c1"), "the git commit that a version of image web was built from:  v1", "dev runs since")
		same(w, where(w, "77aa88b"), "in a tag of image web:  main-77aa88b", "dev never")
		same(w, where(w, "3f2a9c"))
	})
}

// TestWhereOfWhatWasRejected says who rolled it back, and when it ran.
func TestWhereOfWhatWasRejected(t *testing.T) {
	apptest.Shop{}.Run(t, func(w *apptest.World) {
		w.Release("v2")
		w.Later(5 * time.Hour)
		w.Rollback()
		same(w, where(w, "v2"), "a tag of image web:  v2", "dev rejected rejected 5h0m0s")
		document, _ := w.Open().Trace.Where(w.Context(), "v2")
		if p := document.Found[0].Places[0]; !strings.Contains(p.Reason, "it is broken") || !strings.Contains(p.By, "arn:") {
			w.Errorf("%+v", p)
		}
		same(w, where(w, "v1"), "a tag of image web:  v1", "dev runs since 0s")
	})
}

// TestWhereOfABadRelease has it fail in dev and never come further.
func TestWhereOfABadRelease(t *testing.T) {
	shop(t, func(w *apptest.World) {
		w.Push("shop/web:v1")
		promote(w, "dev")
		w.Push("shop/web:v2", "exit=3@5s")
		promote(w, "dev")
		got := where(w, "2")
		want := []string{"the release 2: 2", "dev rejected rejected", "mb-dev rejected rejected", "staging waits unhealthy-upstream", "mb-staging waits unhealthy-upstream", "prod waits no-upstream-version", "mb-prod waits no-upstream-version"}
		same(w, got, want...)
	})
}

// TestPassedOver has a release that was replaced in dev before it came to staging.
func TestPassedOver(t *testing.T) {
	shop(t, func(w *apptest.World) {
		for _, tag := range []string{"v1", "v2", "v3"} {
			w.Push("shop/web:" + tag)
			promote(w, "dev")
		}
		promote(w, "staging")
		got := where(w, "2")
		same(w, got[:5], "the release 2: 2", "dev ran 0s", "mb-dev ran 0s", "staging passed-over", "mb-staging passed-over")
	})
}

// TestWhereWithoutTheRegistryOrAnAccount shows what can be seen: what is pinned, where it can be
// read.
func TestWhereWithoutTheRegistryOrAnAccount(t *testing.T) {
	shop(t, func(w *apptest.World) {
		w.Push("shop/web:v1")
		promote(w, "dev")
		for _, operation := range []string{"ecr.DescribeImages", "sts.AssumeRole"} {
			w.Fault(sandbox.Fault{Operation: operation, Kind: "error", Status: 400, Code: "AccessDeniedException"})
		}
		document, err := w.Open().Trace.Where(w.Context(), "v1")
		if err != nil {
			w.Fatal(err)
		}
		var states, unread []string
		for _, p := range document.Found[0].Places {
			states = append(states, string(p.Environment)+" "+p.State)
		}
		for _, e := range document.Errors {
			if !slices.Contains(unread, string(e.Environment)) {
				unread = append(unread, string(e.Environment))
			}
		}
		same(w, states, "dev runs", "mb-dev unknown", "staging waits", "mb-staging unknown", "prod unknown", "mb-prod unknown")
		same(w, unread, "mb-dev", "mb-staging", "prod", "mb-prod")
		if !w.Heard.Has("which versions of web there are is not known") {
			w.Errorf("told: %q", w.Heard.Notices)
		}
	})
}

// chain returns what why says of web: LINK STATE [CAUSE], and the link that is open.
func chain(w *apptest.World, env tagboat.EnvName) []string {
	w.Helper()
	document, err := w.Open().Trace.Why(w.Context(), env, "web")
	if err != nil {
		w.Fatal(err)
	}
	var lines []string
	for _, l := range document.Links {
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s %s", l.Link, l.State, l.Cause)))
		if l.State != tagboat.LinkClosed && l.Hint == "" && l.Cause == "" {
			w.Errorf("nobody learns what closes %+v", l)
		}
	}
	return append(lines, "open: "+document.Open)
}

// TestWhy follows a version through all links, and stops at each of them once.
func TestWhy(t *testing.T) {
	shop(t, func(w *apptest.World) {
		same(w, chain(w, "dev"), "pushed open", "pinned open", "deployed open", "running open", "open: pushed")
		w.Push("shop/web:v1")
		same(w, chain(w, "prod"), "pushed closed", "chosen closed", "pinned open", "deployed open", "running open", "open: pinned")
		promote(w, "dev")
		same(w, chain(w, "dev"), "pushed closed", "chosen closed", "released closed", "gates closed", "pinned closed", "deployed closed", "running closed", "open: ")
		same(w, chain(w, "prod"), "pushed closed", "chosen closed", "released closed", "upstream open", "gates open no-upstream-version", "pinned open", "deployed open", "running open", "open: upstream")
		promote(w, "staging")
		same(w, chain(w, "mb-prod"), "pushed closed", "chosen closed", "released closed", "upstream closed", "gates open soaking-until", "pinned open", "deployed open", "running open", "open: gates")
		w.Later(3 * time.Hour)
		same(w, chain(w, "mb-prod"), "pushed closed", "chosen closed", "released closed", "upstream closed", "gates closed", "pinned open", "deployed open", "running open", "open: pinned")
		promote(w, "prod")
		same(w, chain(w, "mb-prod"), "pushed closed", "chosen closed", "released closed", "upstream closed", "gates closed", "pinned closed", "deployed closed", "running closed", "open: ")
		w.Push("shop/web:v2")
		same(w, chain(w, "mb-prod"), "pushed closed", "chosen closed", "released open", "pinned open", "deployed open", "running open", "open: released")
	})
}

// TestWhyWithoutReleases is about pins alone.
func TestWhyWithoutReleases(t *testing.T) {
	apptest.Shop{}.Run(t, func(w *apptest.World) {
		w.Push("shop/web:v2")
		same(w, chain(w, "dev"), "pushed closed", "chosen closed", "pinned open", "deployed open", "running open", "open: pinned")
		w.Pin("dev", "web=v2")
		same(w, chain(w, "dev"), "pushed closed", "chosen closed", "pinned closed", "deployed open", "running open", "open: deployed")
	})
}

// asOf returns what status says of a time: ENVIRONMENT RELEASE PINNED RUNNING VERDICT.
func asOf(w *apptest.World, at time.Time, environments ...tagboat.EnvName) []string {
	w.Helper()
	document, err := w.Open().Trace.AsOf(w.Context(), fleet.Selection{Environments: environments}, access.When{At: at})
	if err != nil {
		w.Fatal(err)
	}
	lines := []string{}
	for _, s := range document.Services {
		i := s.Main()
		lines = append(lines, fmt.Sprintf("%s %s %s %s %s", s.Environment, s.Release, i.Tag, i.RunningTag, s.Verdict))
	}
	return lines
}

// TestAsOf asks for the moments between promotions, one that failed among them.
func TestAsOf(t *testing.T) {
	shop(t, func(w *apptest.World) {
		var moments []time.Time
		moment := func() {
			w.Later(time.Minute)
			moments = append(moments, time.Now())
			w.Later(time.Minute)
		}
		moment()
		w.Push("shop/web:v1")
		promote(w, "dev")
		moment()
		promote(w, "staging")
		moment()
		w.Push("shop/web:v2", "exit=3@5s")
		promote(w, "dev")
		moment()
		w.Push("shop/web:v3")
		promote(w, "dev")
		for i, want := range [][]string{
			{"dev    ", "staging    "},
			{"dev 1 v1 v1 succeeded", "staging    "},
			{"dev 1 v1 v1 succeeded", "staging 1 v1 v1 succeeded"},
			{"dev 1 v1 v1 rolled-back", "staging 1 v1 v1 succeeded"},
		} {
			same(w, asOf(w, moments[i], "dev", "staging"), want...)
		}
	})
}

// TestStatusOfReleases has a stage that is behind, a promotion that waits, and a freeze.
func TestStatusOfReleases(t *testing.T) {
	shop(t, func(w *apptest.World) {
		w.Push("shop/web:v1")
		promote(w, "dev")
		promote(w, "staging")
		w.Push("shop/web:v2")
		promote(w, "dev")
		w.Promote(promotion.Request{Selection: apptest.In("prod"), Release: "1"})
		status := func(s fleet.Selection) (lines []string) {
			document, err := w.Open().View.Status(w.Context(), s)
			if err != nil {
				w.Fatal(err)
			}
			for _, e := range document.Environments {
				lines = append(lines, fmt.Sprintf("%s %s behind %d next %s %s", e.Environment, e.Release, e.Behind, e.Next, e.Waits))
			}
			if document.Frozen != nil {
				lines = append(lines, "frozen: "+document.Frozen.Reason)
			}
			return lines
		}
		same(w, status(fleet.Selection{}), "dev 2 behind 0 next  ", "mb-dev 2 behind 0 next  ", "staging 1 behind 1 next  ", "mb-staging 1 behind 1 next  ",
			"prod  behind 1 next 1 soaking-until", "mb-prod  behind 1 next  ")
		now := time.Now()
		if err := w.Open().Promotions.Home.Freeze(w.Context(), &tagboat.Hold{Reason: "the sale", Since: &now}); err != nil {
			w.Fatal(err)
		}
		same(w, status(apptest.In("staging")), "staging 1 behind 1 next  ", "frozen: the sale")
	})
}

// TestWhoBroughtADigest answers who put a version into an environment, from where and why.
func TestWhoBroughtADigest(t *testing.T) {
	shop(t, func(w *apptest.World) {
		w.Push("shop/web:v1")
		promote(w, "dev")
		w.Promote(promotion.Request{Selection: apptest.In("mb-staging"), Release: "1", Message: "for the fair"})
		a, digest := w.Open(), w.Pushed["shop/web:v1"]
		selected := apptest.In("mb-staging")
		carrying, err := a.Trace.Carrying(w.Context(), selected, tagboat.Digest(digest.Short()))
		if err != nil {
			w.Fatal(err)
		}
		document := w.History(history.Request{Selection: selected, Digest: tagboat.Digest(digest.Short()), Releases: carrying})
		var got []string
		for _, e := range document.Events {
			got = append(got, fmt.Sprintf("%s %s %s %s", e.Command, e.Release, e.FromEnvironment, e.Message))
		}
		slices.Sort(got)
		same(w, got, "deploy   release 1: for the fair", "pin   release 1: for the fair", "promote 1 mb-dev for the fair")
	})
}

// TestCalls holds what tracing costs in six environments of three accounts, nothing cached.
func TestCalls(t *testing.T) {
	shop(t, func(w *apptest.World) {
		w.Push("shop/web:v1")
		promote(w, "dev")
		promote(w, "staging")
		calls := func(do func(ctx context.Context, a *app.App) error) int {
			ctx, counted := operation.Start(w.Context(), nil)
			if err := do(ctx, w.Open()); err != nil {
				w.Fatal(err)
			}
			return counted.Calls().Total
		}
		status := func(ctx context.Context, a *app.App) error {
			_, err := a.View.Status(ctx, fleet.Selection{})
			return err
		}
		for name, test := range map[string]struct {
			most int
			do   func(ctx context.Context, a *app.App) error
		}{
			"status":  {24, status},
			"release": {54, func(ctx context.Context, a *app.App) error { _, err := a.Trace.Where(ctx, "1"); return err }},
			"digest": {53, func(ctx context.Context, a *app.App) error {
				_, err := a.Trace.Where(ctx, string(w.Pushed["shop/web:v1"]))
				return err
			}},
			"why": {27, func(ctx context.Context, a *app.App) error { _, err := a.Trace.Why(ctx, "mb-prod", "web"); return err }},
			"as-of": {20, func(ctx context.Context, a *app.App) error {
				_, err := a.Trace.AsOf(ctx, fleet.Selection{}, access.When{Ago: time.Minute})
				return err
			}},
		} {
			if got := calls(test.do); got > test.most {
				w.Errorf("%s: %d calls, more than %d", name, got, test.most)
			}
		}
		with := calls(status)
		without := calls(func(ctx context.Context, a *app.App) error {
			_, _, err := a.View.Look(ctx, fleet.Selection{})
			return err
		})
		if with-without > 1 {
			w.Errorf("status makes %d calls, and %d without releases", with, without)
		}
	})
}
