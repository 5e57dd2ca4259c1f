package app

import (
	"context"
	"errors"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/deploy"
)

// PlanSet is what a deployment would do, service by service.
type PlanSet struct {
	Message string // why, for the history and for webhooks
	plans   []deploy.Plan
}

// Document returns what plan prints.
func (s *PlanSet) Document() tagboat.PlanDocument { return deploy.Document(s.plans) }

// Plan finds out what deploying the selection would change, and whether it can. It
// changes nothing. An error of kind Usage tells what is wrong with the user's files
// or pins.
func (a *App) Plan(ctx context.Context, s Selection) (*PlanSet, error) {
	cells, err := a.cells(ctx, s)
	if err != nil {
		return nil, err
	}
	if err := a.distinctServices(cells); err != nil {
		return nil, err
	}
	targets, err := a.targets(ctx, cells, nil)
	if err != nil {
		return nil, err
	}
	plans, err := deploy.Prepare(ctx, targets)
	if err != nil {
		return nil, err
	}
	return &PlanSet{plans: plans}, a.addRevisions(ctx, cells, plans)
}

// targets returns what should run in each cell.
func (a *App) targets(ctx context.Context, cells []cell, revisions map[tagboat.Digest]string) ([]deploy.Target, error) {
	targets := make([]deploy.Target, len(cells))
	var failed []error
	for i, c := range cells {
		target, err := a.target(ctx, c, revisions)
		if err != nil {
			failed = append(failed, err)
		}
		targets[i] = target
	}
	return targets, distinct(failed)
}

// distinct joins errors, leaving out those that say what another one said: a mistake
// in a file shows once, however many environments it spoils.
func distinct(all []error) error {
	said := map[string]bool{}
	var kept []error
	for _, err := range all {
		if !said[err.Error()] {
			said[err.Error()] = true
			kept = append(kept, err)
		}
	}
	return errors.Join(kept...)
}

// addRevisions plans again those services that change, with the git commits of their
// versions for the labels. Looking commits up costs a request a version, so this is
// not done for services that stay as they are; labels alone never make a change.
func (a *App) addRevisions(ctx context.Context, cells []cell, plans []deploy.Plan) error {
	revisions := a.revisions(ctx, plans)
	for i, plan := range plans {
		if !plan.Changes() || len(plan.Problems) > 0 || len(revisions) == 0 {
			continue
		}
		target, err := a.target(ctx, cells[i], revisions)
		if err != nil {
			return err
		}
		plans[i] = deploy.NewPlan(target, plan.Observed)
		plans[i].Warnings = plan.Warnings
	}
	return nil
}

// revisions returns the commits that the versions in changing plans were built from,
// where the registry knows. What it does not know is no reason to stop.
func (a *App) revisions(ctx context.Context, plans []deploy.Plan) map[tagboat.Digest]string {
	wanted := map[tagboat.Digest]tagboat.Reference{}
	for _, plan := range plans {
		if !plan.Changes() {
			continue
		}
		for _, image := range plan.Desired.Images {
			wanted[image.Pinned.Digest] = image.Pinned
		}
	}
	found := map[tagboat.Digest]string{}
	var mu sync.Mutex
	var group errgroup.Group
	group.SetLimit(registriesAtOnce)
	for digest, ref := range wanted {
		group.Go(func() error {
			version, err := a.registry.Resolve(ctx, ref)
			if err != nil || version.Revision == "" {
				return nil // the plan has already checked that the image is there
			}
			mu.Lock()
			defer mu.Unlock()
			found[digest] = version.Revision
			return nil
		})
	}
	_ = group.Wait()
	return found
}

// Deploy carries plans out and returns how each ended, in the order of the plans.
func (a *App) Deploy(ctx context.Context, s *PlanSet, o deploy.Options) tagboat.DeployDocument {
	return a.carryOut(ctx, s, reason{"deploy", s.Message}, o)
}

func (a *App) carryOut(ctx context.Context, s *PlanSet, why reason, o deploy.Options) tagboat.DeployDocument {
	done := deploy.Run(ctx, s.plans, o)
	for i, p := range s.plans {
		done[i].ConsoleURL = a.consoleURL(p.Desired, done[i])
	}
	a.recordDeployments(ctx, why, done)
	a.notify(ctx, why, done)
	return tagboat.DeployDocument{Deployments: some(done), Calls: a.cloud.Calls()}
}
