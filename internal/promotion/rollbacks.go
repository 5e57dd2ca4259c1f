package promotion

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/ledger"
	"github.com/tagboat/tagboat/internal/operation"
	"github.com/tagboat/tagboat/internal/release"
)

// CheckRollbacks finds out whether the last good releases that environments have had could be
// deployed there now: whether their artifacts, images, log groups, target groups, secrets and
// parameters are there. It changes nothing. It costs a call for ten parameters of pins, a request
// for each release and each image in each registry, and what a plan of the services asks ECS.
func (p *Promotions) CheckRollbacks(ctx context.Context, s fleet.Selection, last int) (tagboat.RollbacksDocument, error) {
	document := tagboat.RollbacksDocument{Rollbacks: []tagboat.RollbackCheck{}}
	environments, err := p.Fleet.Environments(s)
	if err != nil {
		return document, err
	}
	books, unread, err := p.Fleet.LookAtBooks(ctx, environments)
	if err != nil {
		return document, err
	}
	good := map[tagboat.EnvName][]ledger.Promoted{}
	current := map[tagboat.EnvName]tagboat.Digest{}
	for _, env := range environments {
		had, err := books[env.Name].Promotions(env.Name)
		if err != nil {
			unread = append(unread, fleet.Unread{Environment: env.Name, Err: err})
		}
		good[env.Name] = lastGood(had, last)
		now, _ := had.Current()
		current[env.Name] = now.ID
	}
	proof := proof{promotions: p, books: books, artifacts: p.artifacts(ctx, good)}
	checks, failed := make([][]tagboat.RollbackCheck, len(environments)), make([]error, len(environments))
	var group errgroup.Group
	group.SetLimit(lookingAtOnce)
	for i, env := range environments {
		group.Go(func() error {
			checks[i], failed[i] = proof.environment(ctx, env, good[env.Name])
			return nil
		})
	}
	_ = group.Wait()
	for i, env := range environments {
		if failed[i] != nil {
			unread = append(unread, fleet.Unread{Environment: env.Name, Err: failed[i]})
			continue
		}
		for _, c := range checks[i] {
			c.Current = c.ReleaseID == current[env.Name]
			c.Possible = len(c.Problems) == 0
			document.Rollbacks = append(document.Rollbacks, c)
		}
	}
	document.Errors = tagboat.List(fleet.Document(unread))
	document.Calls = operation.From(ctx).Calls()
	return document, ctx.Err()
}

// lastGood returns the last releases of a trail that did not fail, the newest first, each once.
func lastGood(had ledger.Promotions, most int) []ledger.Promoted {
	var all []ledger.Promoted
	for _, at := range slices.Backward(had.Trail) {
		known := slices.ContainsFunc(all, func(other ledger.Promoted) bool { return other.ID == at.ID })
		if at.ID != "" && !at.Failed && !known && len(all) < most {
			all = append(all, at)
		}
	}
	return all
}

// artifact is a release as it was read, or why it cannot be.
type artifact struct {
	release.Release
	err error
}

// artifacts reads releases, each once.
func (p *Promotions) artifacts(ctx context.Context, of map[tagboat.EnvName][]ledger.Promoted) map[tagboat.Digest]artifact {
	names := map[tagboat.Digest]string{}
	for _, all := range of {
		for _, had := range all {
			names[had.ID] = had.Name
		}
	}
	found := map[tagboat.Digest]artifact{}
	var mu sync.Mutex // guards found
	var group errgroup.Group
	group.SetLimit(lookingAtOnce)
	for id, name := range names {
		group.Go(func() error {
			r, err := p.Releases.At(ctx, id, name)
			mu.Lock()
			defer mu.Unlock()
			found[id] = artifact{r, err}
			return nil
		})
	}
	_ = group.Wait()
	return found
}

// proof finds out whether releases could be deployed.
type proof struct {
	promotions *Promotions
	books      map[tagboat.EnvName]ledger.Book
	artifacts  map[tagboat.Digest]artifact
	once       deploy.Proofs
}

// environment checks the releases of one environment.
func (p *proof) environment(ctx context.Context, env config.Environment, releases []ledger.Promoted) ([]tagboat.RollbackCheck, error) {
	checks := make([]tagboat.RollbackCheck, len(releases))
	type wanted struct {
		deploy.Target
		of int // which release
	}
	var all []wanted
	for i, had := range releases {
		checks[i] = tagboat.RollbackCheck{
			Environment: env.Name, Release: cmp.Or(had.Name, had.ID.Short()), ReleaseID: had.ID, Since: &had.At, Problems: []tagboat.Problem{}, Warnings: []tagboat.Problem{},
		}
		targets, err := p.targets(ctx, env, had, &checks[i])
		if err != nil {
			checks[i].Problems = append(checks[i].Problems, problem(env, err))
		}
		for _, t := range targets {
			all = append(all, wanted{t, i})
		}
	}
	// Those of one service together are described together.
	slices.SortStableFunc(all, func(a, b wanted) int { return cmp.Compare(a.Desired.Service, b.Desired.Service) })
	targets := make([]deploy.Target, len(all))
	for i, w := range all {
		targets[i] = w.Target
	}
	plans, err := p.once.Prove(ctx, targets)
	for i, plan := range plans {
		c := &checks[all[i].of]
		c.Problems, c.Warnings = append(c.Problems, plan.Problems...), append(c.Warnings, plan.Warnings...)
	}
	return checks, err
}

// targets returns what would run of a release, and checks the images that no service of it runs.
func (p *proof) targets(ctx context.Context, env config.Environment, had ledger.Promoted, check *tagboat.RollbackCheck) ([]deploy.Target, error) {
	found := p.artifacts[had.ID]
	if found.err != nil {
		return nil, found.err
	}
	frozen, err := found.Fleet(p.promotions.Fleet)
	if err != nil {
		return nil, err
	}
	cells, err := frozen.CellsOn(fleet.Selection{Environments: []tagboat.EnvName{env.Name}}, p.books)
	if err != nil {
		return nil, err
	}
	versions := found.Versions(frozen.Config, env)
	var targets []deploy.Target
	run := map[tagboat.ImageName]bool{}
	for _, c := range (fleet.Versions{env.Name: versions}).Pinned(cells) {
		target, err := c.Target(ctx, nil)
		if err != nil {
			check.Problems = append(check.Problems, problem(env, fmt.Errorf("service %s: %w", c.Service.Name, err)))
			continue
		}
		targets = append(targets, target)
		for _, image := range target.Desired.Images {
			run[image.Image] = true
		}
	}
	for _, image := range slices.Sorted(maps.Keys(versions)) {
		if run[image] {
			continue
		}
		switch there, err := p.once.Image(ctx, p.promotions.Access.Client(env).Images, versions[image]); {
		case err != nil:
			check.Warnings = append(check.Warnings, problem(env, fmt.Errorf("not checked: whether image %s is in the registry: %w", versions[image], err)))
		case !there:
			check.Problems = append(check.Problems, problem(env, fmt.Errorf("image %s is not in the registry", versions[image])))
		}
	}
	return targets, ctx.Err()
}

// problem returns what JSON says of an error.
func problem(env config.Environment, err error) tagboat.Problem {
	return tagboat.Problem{Environment: env.Name, Message: err.Error(), Hint: tagboat.HintOf(err)}
}
