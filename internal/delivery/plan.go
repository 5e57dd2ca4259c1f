package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/deploy/rollout"
	"github.com/tagboat/tagboat/internal/operation"
	"github.com/tagboat/tagboat/internal/registry"
)

// PlanSet is what a deployment would do, service by service.
type PlanSet struct {
	Message string // why, for the history and for webhooks
	plans   []deploy.Plan
	cells   []cell // with what was pinned then; none where that does not matter
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
	return &PlanSet{plans: plans, cells: cells}, a.addRevisions(ctx, cells, plans)
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
// versions for the labels, and refuses versions that cannot run. Looking versions up costs
// a request or two each, so this is not done for services that stay as they are; labels
// alone never make a change.
func (a *App) addRevisions(ctx context.Context, cells []cell, plans []deploy.Plan) error {
	versions := a.lookUp(ctx, plans)
	revisions := map[tagboat.Digest]string{}
	for digest, version := range versions {
		if version.Revision != "" {
			revisions[digest] = version.Revision
		}
	}
	for i, plan := range plans {
		if !plan.Changes() {
			continue
		}
		plans[i].Problems = append(plans[i].Problems, unfit(cells[i], plan.Desired, versions)...)
		if len(plans[i].Problems) > 0 || len(revisions) == 0 {
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

// unfit returns which of a service's images its task definition cannot run.
func unfit(c cell, d deploy.Desired, versions map[tagboat.Digest]registry.Version) []tagboat.Problem {
	var problems []tagboat.Problem
	wanted := d.Definition.Platform()
	for _, image := range d.Images {
		version, known := versions[image.Pinned.Digest]
		message, hint := "", ""
		switch {
		case !known:
		case version.Artifact != "":
			message = fmt.Sprintf("image %s %s %s, and no container can run it", image.Image, readable(image.Pinned), version.Artifact)
			hint = fmt.Sprintf("pin another version: tagboat pin %s=TAG --env %s", image.Image, d.Environment)
		case wanted != "" && !runsOn(version.Platforms, wanted):
			message = fmt.Sprintf("image %s %s is for %s, and the task definition runs %s", image.Image, readable(image.Pinned), strings.Join(version.Platforms, " and "), wanted)
			hint = fmt.Sprintf("build it for %s and pin that version, or set the task definition's runtimePlatform", wanted)
		}
		if message == "" {
			continue
		}
		at := c.service.ContainerPlaces[image.Container]
		if at.File == "" {
			at = c.service.Where
		}
		problems = append(problems, tagboat.Problem{
			Environment: d.Environment, Service: d.Service, Message: message, Hint: hint, Where: at.String(), At: at,
		})
	}
	return problems
}

// lookUp returns what is known of the pinned versions in changing plans. What the registry
// does not tell is no reason to stop.
func (a *App) lookUp(ctx context.Context, plans []deploy.Plan) map[tagboat.Digest]registry.Version {
	wanted := map[tagboat.Digest]tagboat.Reference{}
	for _, plan := range plans {
		if !plan.Changes() {
			continue
		}
		for _, image := range plan.Desired.Images {
			wanted[image.Pinned.Digest] = image.Pinned
		}
	}
	found := map[tagboat.Digest]registry.Version{}
	var mu sync.Mutex
	var group errgroup.Group
	group.SetLimit(registriesAtOnce)
	for digest, ref := range wanted {
		group.Go(func() error {
			version, err := a.registry.Resolve(ctx, ref)
			if err != nil {
				return nil // the plan has already checked that the image is there
			}
			mu.Lock()
			defer mu.Unlock()
			found[digest] = version
			return nil
		})
	}
	_ = group.Wait()
	return found
}

// Deploy carries plans out and returns how each ended, in the order of the plans.
func (a *App) Deploy(ctx context.Context, s *PlanSet, o rollout.Options) tagboat.DeployDocument {
	return a.carryOut(ctx, s, reason{"deploy", s.Message}, o)
}

func (a *App) carryOut(ctx context.Context, s *PlanSet, why reason, o rollout.Options) tagboat.DeployDocument {
	o.Pins = a.movedPins(s.cells)
	done := rollout.Run(ctx, s.plans, o)
	for i, p := range s.plans {
		done[i].ConsoleURL = a.consoleURL(p.Desired, done[i])
	}
	a.recordDeployments(ctx, why, done)
	a.notify(ctx, why, done)
	return tagboat.DeployDocument{Deployments: some(done), Calls: operation.From(ctx).Calls()}
}
