// Package delivery makes ECS match what a selection of the fleet wants, brings it back, and
// tells how it stands:
//
//	Plan: cells (fleet) ──▶ targets ──▶ deploy.Prepare ──▶ what would change
//	Deploy: rollout.Run ──▶ verdicts ──▶ the journal, webhooks
//	Rollback: what ran well (status) ──▶ holds, pins (pinning) ──▶ Deploy
package delivery

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/access"
	"github.com/tagboat/tagboat/internal/catalog"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/deploy/rollout"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/history"
	"github.com/tagboat/tagboat/internal/ledger"
	"github.com/tagboat/tagboat/internal/operation"
	"github.com/tagboat/tagboat/internal/pinning"
	"github.com/tagboat/tagboat/internal/registry"
)

// Delivery plans deployments and carries them out.
type Delivery struct {
	Fleet    *fleet.Fleet
	Access   *access.Access
	Registry *registry.Client
	Recorder *history.Recorder
	Webhooks *Webhooks
	Holds    *pinning.Holds
	Runner   *rollout.Runner // of the process
	Releases Releases        // nil where there are none
	// Unseen are versions that were pushed just now, and that no deployment has brought: no
	// revision with them is looked for.
	Unseen map[tagboat.Digest]bool
}

// PlanSet is what a deployment would do, service by service.
type PlanSet struct {
	Message string // why, for the history and for webhooks
	plans   []deploy.Plan
	cells   []fleet.Cell        // with what was pinned then; none where that does not matter
	pinned  []tagboat.PinChange // what has to be pinned first
	// automation says that no person asks: holds and rejections bind.
	automation bool
	workTree   bool // releases do not matter
	// back says that the set brings services back, and known is what their environment had once
	// what it leaves was rejected.
	back  bool
	known ledger.Book
	// may is asked before a service changes: an error of kind Blocked leaves it alone. Nil lets
	// all change.
	may func(ctx context.Context, now ledger.Book) error
	// read is what was read of the environments a moment ago, once all was pinned.
	read map[tagboat.EnvName]reading
}

// HasRead tells the set what an environment has, once all was pinned: the services that change at
// once need not read it anew.
func (s *PlanSet) HasRead(env tagboat.EnvName, book ledger.Book) {
	s.read = maps.Clone(s.read)
	if s.read == nil {
		s.read = map[tagboat.EnvName]reading{}
	}
	s.read[env] = reading{done: true, book: book, at: time.Now()}
}

// Ready registers the revisions that the set deploys, so that nothing is left but to change the
// services. What ECS refuses of them shows again where they are deployed.
func (d *Delivery) Ready(ctx context.Context, s *PlanSet) error { return d.Runner.Ready(ctx, s.plans) }

// While has may asked before each service changes, with what the environment has then: with an
// error of kind Blocked the service stays as it is. What rolls already goes on.
func (s *PlanSet) While(may func(ctx context.Context, now ledger.Book) error) { s.may = may }

// Of returns the part of the set that is about an environment.
func (s *PlanSet) Of(env tagboat.EnvName) *PlanSet {
	of := *s
	of.plans, of.cells, of.pinned = nil, nil, nil
	for i, c := range s.cells {
		if c.Env.Name == env {
			of.cells, of.plans = append(of.cells, c), append(of.plans, s.plans[i])
		}
	}
	for _, pin := range s.pinned {
		if pin.Environment == env {
			of.pinned = append(of.pinned, pin)
		}
	}
	return &of
}

// On returns d for the same environments with what a release, or another source, has for them.
func (d *Delivery) On(f *fleet.Fleet) *Delivery {
	on := *d
	on.Fleet = f
	return &on
}

// Document returns what plan prints.
func (s *PlanSet) Document() tagboat.PlanDocument {
	document := deploy.Document(s.plans)
	document.Pins = s.pinned
	return document
}

// Plan finds out what deploying the selection would change, and whether it can. It
// changes nothing. An error of kind Usage tells what is wrong with the user's files
// or pins.
func (d *Delivery) Plan(ctx context.Context, s fleet.Selection) (*PlanSet, error) {
	return d.PlanWith(ctx, s, nil)
}

// PlanWith is Plan as if versions were pinned.
func (d *Delivery) PlanWith(ctx context.Context, s fleet.Selection, versions fleet.Versions) (*PlanSet, error) {
	cells, err := d.Fleet.Cells(ctx, s)
	if err != nil {
		return nil, err
	}
	cells, failed := released(ctx, d.Releases, s, cells)
	for _, name := range slices.Sorted(maps.Keys(failed)) {
		return nil, failed[name]
	}
	set, err := d.PlanCells(ctx, cells, versions)
	if err == nil {
		set.workTree = s.WorkTree
	}
	return set, err
}

// PlanCells is PlanWith of cells that were read before.
func (d *Delivery) PlanCells(ctx context.Context, cells []fleet.Cell, versions fleet.Versions) (*PlanSet, error) {
	if err := d.Fleet.DistinctServices(cells); err != nil {
		return nil, err
	}
	set := &PlanSet{cells: versions.Pinned(cells), pinned: changes(cells, versions)}
	targets, err := targets(ctx, set.cells, nil)
	if err != nil {
		return nil, err
	}
	d.tellFirstPinned(cells, targets)
	for i := range targets {
		targets[i].Desired.Unseen = slices.ContainsFunc(targets[i].Desired.Images, func(image deploy.Image) bool { return d.Unseen[image.Pinned.Digest] })
	}
	if set.plans, err = deploy.Prepare(ctx, targets); err != nil {
		return nil, err
	}
	return set, d.addRevisions(ctx, set.cells, set.plans)
}

// changes returns the pins that versions take the place of, environment by environment.
func changes(cells []fleet.Cell, versions fleet.Versions) []tagboat.PinChange {
	var all []tagboat.PinChange
	for i, c := range cells {
		if i == 0 || cells[i-1].Env.Name != c.Env.Name {
			all = append(all, fleet.PinChanges(c.Book(), c.Env.Name, versions[c.Env.Name])...)
		}
	}
	return all
}

// targets returns what should run in each cell.
func targets(ctx context.Context, cells []fleet.Cell, revisions map[tagboat.Digest]string) ([]deploy.Target, error) {
	targets := make([]deploy.Target, len(cells))
	var failed []error
	for i, c := range cells {
		target, err := c.Target(ctx, revisions)
		if err != nil {
			failed = append(failed, err)
		}
		targets[i] = target
	}
	return targets, fleet.Distinct(failed)
}

// addRevisions plans again those services that change, with the git commits of their
// versions for the labels, and refuses versions that cannot run. Looking versions up costs
// a request or two each, so this is not done for services that stay as they are; labels
// alone never make a change.
func (d *Delivery) addRevisions(ctx context.Context, cells []fleet.Cell, plans []deploy.Plan) error {
	versions := d.lookUp(ctx, plans)
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
		target, err := cells[i].Target(ctx, revisions)
		if err != nil {
			return err
		}
		plans[i] = deploy.NewPlan(target, plan.Observed)
		plans[i].Warnings = plan.Warnings
	}
	return nil
}

// unfit returns which of a service's images its task definition cannot run.
func unfit(c fleet.Cell, d deploy.Desired, versions map[tagboat.Digest]registry.Version) []tagboat.Problem {
	var problems []tagboat.Problem
	wanted := d.Definition.Platform()
	for _, image := range d.Images {
		version, known := versions[image.Pinned.Digest]
		message, hint := "", ""
		switch {
		case !known:
		case version.Artifact != "":
			message = fmt.Sprintf("image %s %s %s, and no container can run it", image.Image, image.Pinned.Readable(), version.Artifact)
			hint = fmt.Sprintf("pin another version: tagboat pin %s=TAG --env %s", image.Image, d.Environment)
		case wanted != "" && !pinning.RunsOn(version.Platforms, wanted):
			message = fmt.Sprintf("image %s %s is for %s, and the task definition runs %s", image.Image, image.Pinned.Readable(), strings.Join(version.Platforms, " and "), wanted)
			hint = fmt.Sprintf("build it for %s and pin that version, or set the task definition's runtimePlatform", wanted)
		}
		if message == "" {
			continue
		}
		at := c.Service.ContainerPlaces[image.Container]
		if at.File == "" {
			at = c.Service.Where
		}
		problems = append(problems, tagboat.Problem{
			Environment: d.Environment, Service: d.Service, Message: message, Hint: hint, Where: at.String(), At: at,
		})
	}
	return problems
}

// lookUp returns what is known of the pinned versions in changing plans. What the registry
// does not tell is no reason to stop.
func (d *Delivery) lookUp(ctx context.Context, plans []deploy.Plan) map[tagboat.Digest]registry.Version {
	wanted := map[tagboat.Digest]tagboat.Reference{}
	for _, plan := range plans {
		if !plan.Changes() {
			continue
		}
		for _, image := range plan.Desired.Images {
			wanted[image.Pinned.Digest] = image.Pinned
		}
	}
	versions := map[tagboat.Digest]registry.Version{}
	var mu sync.Mutex
	var group errgroup.Group
	group.SetLimit(catalog.AtOnce)
	for digest, ref := range wanted {
		group.Go(func() error {
			version, err := d.Registry.Resolve(ctx, ref)
			if err != nil {
				return nil // the plan has already checked that the image is there
			}
			mu.Lock()
			defer mu.Unlock()
			versions[digest] = version
			return nil
		})
	}
	_ = group.Wait()
	return versions
}

// Deploy carries plans out and returns how each ended, in the order of the plans.
func (d *Delivery) Deploy(ctx context.Context, s *PlanSet, o rollout.Options) tagboat.DeployDocument {
	by := history.Origin{Command: history.Deploy, Message: s.Message}
	if s.back {
		by.Command = history.Rollback
	}
	return d.carryOut(ctx, s, by, o)
}

func (d *Delivery) carryOut(ctx context.Context, s *PlanSet, by history.Origin, o rollout.Options) tagboat.DeployDocument {
	o.Pins = d.movedPins(s)
	done := d.Runner.Run(ctx, s.plans, o)
	for i, p := range s.plans {
		done[i].ConsoleURL = consoleURL(d.Fleet, p.Desired, done[i].DeploymentID)
	}
	d.Recorder.Deployments(ctx, by, done)
	if by.Command == history.Deploy || s.back {
		d.accept(ctx, s, done)
		d.leaveRelease(ctx, s, done)
	}
	d.Webhooks.tell(ctx, by, done)
	return tagboat.DeployDocument{Deployments: tagboat.List(done), Calls: operation.From(ctx).Calls()}
}

// consoleURL returns where AWS's console shows a deployment, or "" where nothing was
// deployed and where calls do not go to AWS itself.
func consoleURL(f *fleet.Fleet, want deploy.Desired, deployment string) string {
	if !f.Access.IsAWS() || deployment == "" {
		return ""
	}
	region := want.Region
	if region == "" {
		if env, err := f.Config.Environment(string(want.Environment)); err == nil {
			region = f.Access.Located(env).Region
		}
	}
	return ecs.ConsoleURL(region, want.Cluster, want.ServiceName)
}
