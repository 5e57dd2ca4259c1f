package delivery

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/access"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/deploy/rollout"
	"github.com/tagboat/tagboat/internal/deploy/status"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/history"
	"github.com/tagboat/tagboat/internal/ledger"
	"github.com/tagboat/tagboat/internal/operation"
	"github.com/tagboat/tagboat/internal/pinning"
)

// Rollbacks plans going back and carries it out.
type Rollbacks struct {
	*Delivery
	Pinning *pinning.Pinning
	History *history.History
}

// Rollback is what going back would do: the pins, and a plan to make ECS match them.
type Rollback struct {
	PlanSet
	ways   []way // of the plans
	noHold bool
	good   []tagboat.ServiceName
	pins   map[tagboat.EnvName]map[tagboat.ImageName]tagboat.Reference
}

// RollbackRequest says what goes back, and how far.
type RollbackRequest struct {
	fleet.Selection
	To         access.When // the zero value for the last good version
	Automation bool        // no person asks: holds count
	NoHold     bool        // what it leaves is rejected, and nothing held
	// Good are services that ran well and go back beside those that did not: what they leave is not
	// rejected for that.
	Good []tagboat.ServiceName
}

// Plan finds the last good version of the services, or that of a time, and what it takes to go
// back there, all of them as one. The services are those that are named, with a time all that
// are selected, and else those that the last deployment of each environment changed. Those
// that have nothing to go back to, and those that automation must leave alone, stay as they
// are; that there are no others is an error of kind Usage or Blocked. So is that two want
// different versions of one image. It changes nothing.
func (b *Rollbacks) Plan(ctx context.Context, r RollbackRequest) (*Rollback, error) {
	cells, err := b.Fleet.Cells(ctx, r.Selection)
	if err != nil {
		return nil, err
	}
	undone, err := b.undone(ctx, cells, r)
	if err != nil {
		return nil, err
	}
	back := &Rollback{noHold: r.NoHold, good: r.Good, pins: map[tagboat.EnvName]map[tagboat.ImageName]tagboat.Reference{}}
	for _, u := range undone {
		back.cells = append(back.cells, u.cells...)
	}
	if back.ways, err = b.waysBack(ctx, undone, r); err != nil {
		return nil, err
	}
	var going []deploy.Target
	for _, w := range back.ways {
		if w.none != nil {
			continue
		}
		if w.Desired.Stack != nil {
			w.Desired.Images = b.tagged(ctx, w.Desired.Images)
		}
		if err := back.pin(w.Desired); err != nil {
			return nil, err
		}
		if w.Desired.Stack != nil { // its parameters read what is pinned back before it is updated
			stack := *w.Desired.Stack
			stack.PinFirst = true
			w.Desired.Stack = &stack
		}
		going = append(going, w.Target)
	}
	if len(going) == 0 {
		return nil, nowhere(back.ways)
	}
	plans, err := deploy.Prepare(ctx, going)
	if err != nil {
		return nil, err
	}
	for _, w := range back.ways {
		if w.none != nil {
			back.plans = append(back.plans, deploy.Plan{Target: w.Target, LeftAlone: leftAlone(w.none)})
			continue
		}
		back.plans, plans = append(back.plans, plans[0]), plans[1:]
	}
	return back, nil
}

// tagged names versions by tags of the registry where a revision that a stack registered has digests
// alone. A version without a tag can be pinned as well.
func (b *Rollbacks) tagged(ctx context.Context, images []deploy.Image) []deploy.Image {
	images = slices.Clone(images)
	for i, image := range images {
		if image.Pinned.Tag != "" {
			continue
		}
		if tag, err := b.Pinning.Catalog.TagOf(ctx, image.Image, image.Pinned.Digest); err == nil {
			images[i].Pinned.Tag = tag
		}
	}
	return images
}

// way is what a service goes back to.
type way struct {
	status.Back
	none error // why it does not go back; nil where it does
}

// nowhere returns the error of services none of which goes back.
func nowhere(ways []way) error {
	if len(ways) == 0 {
		return tagboat.Usagef("nothing was deployed that could be undone").WithHint("tagboat status shows what runs")
	}
	failed := make([]error, len(ways))
	for i, w := range ways {
		failed[i] = w.none
	}
	return errors.Join(failed...)
}

// servicesAtOnce is of how many services the history is read at the same time.
const servicesAtOnce = 16

// waysBack returns what the services go back to, in their order. Of several errors it
// returns that of the first service.
func (b *Rollbacks) waysBack(ctx context.Context, undone []undo, r RollbackRequest) ([]way, error) {
	var ways []*way
	var failed []*error
	var group errgroup.Group
	group.SetLimit(servicesAtOnce)
	for _, u := range undone {
		for _, c := range u.cells {
			w, err := new(way), new(error)
			ways, failed = append(ways, w), append(failed, err)
			group.Go(func() error {
				w.Back, *err = b.wayBack(ctx, c, r, u.unfinished[c.Service.Name])
				if none := (status.Nothing{}); errors.As(*err, &none) || tagboat.KindOf(*err) == tagboat.Blocked {
					w.none, *err = *err, nil
				}
				return nil
			})
		}
	}
	_ = group.Wait()
	all := make([]way, len(ways))
	for i, err := range failed {
		if *err != nil {
			return nil, *err
		}
		all[i] = *ways[i]
	}
	return all, nil
}

// wayBack returns what a service goes back to.
func (b *Rollbacks) wayBack(ctx context.Context, c fleet.Cell, r RollbackRequest, unfinished bool) (status.Back, error) {
	target, err := c.Visible(ctx)
	if err != nil {
		return status.Back{Target: target}, err
	}
	holds, err := c.Book().Holds(c.Env.Name)
	if err != nil {
		return status.Back{Target: target}, err
	}
	if r.Automation {
		if err := b.Pinning.Holds.MayRollBack(c.Env, c.Book(), target.Desired.Images); err != nil {
			return status.Back{Target: target}, err
		}
	}
	history, bad := b.Access.Session(c.Env).ECS(), rejected{holds, c.Service.Name}
	if r.To == (access.When{}) {
		return status.LastGood(ctx, history, target, bad, unfinished)
	}
	at, err := b.Access.PastMoment(ctx, c.Env, r.To)
	if err != nil {
		return status.Back{Target: target}, err
	}
	back, err := status.GoodAt(ctx, history, target, at)
	if err == nil && r.Automation {
		err = b.Pinning.Holds.MayDeploy(c.Env, c.Book(), back.Desired.Images)
		if revision := ecs.LastPart(back.Desired.Revision); err == nil && bad.Revision(revision) {
			err = revisionRejected(c, revision)
		}
	}
	return back, err
}

// Document is what the rollback would change: pins, and what ECS runs.
func (r *Rollback) Document() tagboat.PlanDocument {
	document := r.PlanSet.Document()
	for i, p := range r.plans {
		if p.LeftAlone == nil {
			document.Back = append(document.Back, goingBack(p, r.ways[i].Since))
		}
	}
	for _, env := range slices.Sorted(maps.Keys(r.pins)) {
		for _, pin := range r.leaves(env) {
			to := r.pins[env][pin.Image]
			document.Pins = append(document.Pins, tagboat.PinChange{
				Environment: env, Image: pin.Image,
				From: tagboat.Observed{Tag: pin.Tag, Digest: pin.Digest}, To: tagboat.Observed{Tag: to.Tag, Digest: to.Digest},
			})
		}
	}
	return document
}

// leaves returns the pins of an environment, as they were when the rollback was planned,
// that others take the place of, by image. Of an image that had none it has the name alone.
func (r *Rollback) leaves(env tagboat.EnvName) []tagboat.Pin {
	var left []tagboat.Pin
	for _, image := range slices.Sorted(maps.Keys(r.pins[env])) {
		pin, ok := r.book(env).Pin(env, image)
		if !ok {
			pin.Image = image
		}
		if pin.Digest != r.pins[env][image].Digest {
			left = append(left, pin)
		}
	}
	return left
}

// innocent reports whether only services that ran well have an image.
func (r *Rollback) innocent(env tagboat.EnvName, image tagboat.ImageName) bool {
	return len(r.good) > 0 && !slices.ContainsFunc(r.plans, func(p deploy.Plan) bool {
		has := slices.ContainsFunc(p.Desired.Images, func(i deploy.Image) bool { return i.Image == image })
		return has && p.Desired.Environment == env && !slices.Contains(r.good, p.Desired.Service)
	})
}

// book returns what an environment had when the rollback was planned.
func (r *Rollback) book(name tagboat.EnvName) ledger.Book {
	for _, c := range r.cells {
		if c.Env.Name == name {
			return c.Book()
		}
	}
	return ledger.Book{}
}

// Active returns the promotions that were under way, or waited, when the rollback was planned.
func (r *Rollback) Active() map[tagboat.EnvName]ledger.Promotion {
	all := map[tagboat.EnvName]ledger.Promotion{}
	for _, c := range r.cells {
		if had, err := c.Book().Promotions(c.Env.Name); err == nil && had.Active != nil {
			all[c.Env.Name] = *had.Active
		}
	}
	return all
}

// label marks the versions of the parameters that a rollback is about to leave. Without
// the label all is as well, so a failure is only told.
func (b *Rollbacks) label(ctx context.Context, env config.Environment, left []tagboat.Pin) {
	done := map[string]bool{}
	for _, pin := range left {
		if pin.Parameter == "" || done[pin.Parameter] {
			continue
		}
		done[pin.Parameter] = true
		if err := b.Access.Ledger(env).Label(ctx, ledger.Group{Parameter: pin.Parameter}, pin.ParameterVersion, ledger.BeforeRollback); err != nil {
			operation.Tell(ctx, Undone{err})
		}
	}
}

// pin notes the versions that a service goes back to.
func (r *Rollback) pin(d deploy.Desired) error {
	pins := r.pins[d.Environment]
	if pins == nil {
		pins = map[tagboat.ImageName]tagboat.Reference{}
		r.pins[d.Environment] = pins
	}
	for _, image := range d.Images {
		if other, ok := pins[image.Image]; ok && other.Digest != image.Pinned.Digest {
			return tagboat.Usagef("services of %s ran different versions of image %s well: %s and %s", d.Environment, image.Image, other.Digest.Short(), image.Pinned.Digest.Short()).
				WithHint("roll them back one by one: tagboat rollback --env %s %s", d.Environment, d.Service)
		}
		pins[image.Image] = image.Pinned
	}
	return nil
}

// Do makes sure of all that it needs. Then it stops automation, so that nothing brings
// the bad version back, then writes the pins, so that nothing deploys it again, and then
// makes ECS match them. Services that ECS has brought back itself are unchanged.
func (b *Rollbacks) Do(ctx context.Context, r *Rollback, message string, o rollout.Options) (tagboat.DeployDocument, error) {
	if message == "" {
		message = "rollback"
	}
	if err := b.makeSure(ctx, r, message); err != nil {
		return tagboat.DeployDocument{}, err
	}
	var done []pinnedBack
	for _, name := range slices.Sorted(maps.Keys(r.pins)) {
		back, err := b.pinBack(ctx, name, r, message)
		if err != nil {
			return tagboat.DeployDocument{}, err
		}
		done = append(done, back)
	}
	document := b.carryOut(ctx, &r.PlanSet, origin(message), o)
	for _, back := range done { // last, since going back is urgent
		if err := b.Pinning.Tags.Keep(ctx, back.env, back.pins); err != nil {
			operation.Tell(ctx, Undone{err})
		}
	}
	return document, nil
}

func origin(message string) history.Origin {
	return history.Origin{Command: history.Rollback, Message: message}
}

// makeSure finds out, before anything changes, whether a rollback can end: whether its plans
// have problems, the pins can be written, and the revisions be deployed.
func (b *Rollbacks) makeSure(ctx context.Context, r *Rollback, message string) error {
	if problems := r.PlanSet.Document().Problems; len(problems) > 0 {
		return tagboat.Usagef("%s", problems[0].Message).WithHint("%s", problems[0].Hint)
	}
	for _, name := range slices.Sorted(maps.Keys(r.pins)) {
		env, err := b.Fleet.Config.Environment(string(name))
		if err != nil {
			return err
		}
		if _, err := b.Pinning.Write(ctx, env, r.pins[name], origin(message), true); err != nil {
			return fmt.Errorf("pinning what %s goes back to: %w", name, err)
		}
	}
	return b.Runner.Ready(ctx, r.plans)
}

// pinnedBack is what a rollback pinned in an environment.
type pinnedBack struct {
	env  config.Environment
	pins []tagboat.Pin
}

func (b *Rollbacks) pinBack(ctx context.Context, name tagboat.EnvName, r *Rollback, message string) (pinnedBack, error) {
	env, err := b.Fleet.Config.Environment(string(name))
	if err != nil {
		return pinnedBack{}, err
	}
	left := r.leaves(name)
	rejection := pinning.Rejection{
		Pins: map[tagboat.ImageName]tagboat.Digest{}, To: r.pins[name], Revisions: r.rejects(name), Message: "rolled back: " + message, NoHold: r.noHold,
	}
	for _, pin := range left {
		if pin.Parameter != "" && !r.innocent(name, pin.Image) {
			rejection.Pins[pin.Image] = pin.Digest
		}
	}
	for _, service := range r.good {
		delete(rejection.Revisions, service)
	}
	if err := b.Pinning.Holds.Reject(ctx, env, rejection); err != nil {
		return pinnedBack{}, fmt.Errorf("holding what %s goes back to: %w", name, err)
	}
	b.label(ctx, env, left)
	out, err := b.Pinning.Write(ctx, env, r.pins[name], origin(message), false)
	if err != nil { // automation is held by now
		return pinnedBack{}, tagboat.Errorf(tagboat.Internal, "pinning what %s goes back to: %w", name, err).WithHint("%s", tagboat.HintOf(err))
	}
	if out.Changed {
		b.Pinning.TellShared(ctx, env, r.pins[name])
	}
	return pinnedBack{env, out.Pins}, nil
}

// Undone says what a rollback, which goes on all the same, could not do beside it.
type Undone struct{ Err error }

// String implements operation.Event.
func (u Undone) String() string { return u.Err.Error() }
