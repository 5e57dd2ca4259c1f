package app

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/ledger"
)

// groups returns the groups of an environment's pins, by name.
func (a *App) groups(env config.Environment) []ledger.Group {
	groups := make([]ledger.Group, len(a.config.Ledger.Groups))
	for i, g := range a.config.Ledger.Groups {
		groups[i] = a.group(env, g)
	}
	return groups
}

func (a *App) group(env config.Environment, from config.Group) ledger.Group {
	g := ledger.Group{
		Name:        from.Name,
		Parameter:   a.config.ParameterName(env, from),
		Environment: env.Name,
		Images:      map[tagboat.ImageName]tagboat.Reference{},
		Keys:        map[tagboat.ImageName]string{},
		Form:        ledger.Form(from.Form),
		Tier:        ledger.Tier(from.Tier),
	}
	for _, name := range from.Images {
		image := a.config.Images[name]
		g.Images[name], g.Keys[name] = image.Repository, from.KeyOf(image)
	}
	g.Projections = a.projections(env, from)
	return g
}

// changes sorts what to pin by the groups of an environment that hold it.
func (a *App) changes(env config.Environment, pins map[tagboat.ImageName]tagboat.Reference) []ledger.Change {
	var changes []ledger.Change
	for _, g := range a.groups(env) {
		c := ledger.Change{Group: g, Pins: map[tagboat.ImageName]tagboat.Reference{}}
		for name, ref := range pins {
			if _, ok := g.Images[name]; ok {
				c.Pins[name] = ref
			}
		}
		if len(c.Pins) > 0 {
			changes = append(changes, c)
		}
	}
	return changes
}

// written is what came of writing pins.
type written struct {
	before  []tagboat.Pin // all of the groups'
	pins    []tagboat.Pin // those asked for, as they are now, by image
	made    []tagboat.Pin // those of them that this wrote, with the version that it wrote
	changed bool          // false where they were so already
}

// reason says what changes pins, for the history.
type reason struct{ command, message string }

// writePins writes the pins of an environment to the groups that hold them, or says what
// that would come to. Uncontended it is one read for all groups and one write for each.
func (a *App) writePins(ctx context.Context, env config.Environment, pins map[tagboat.ImageName]tagboat.Reference, why reason, dryRun bool) (written, error) {
	d, err := a.draft(ctx, env, slices.Collect(maps.Keys(pins)))
	if err != nil {
		return written{}, err
	}
	return a.writeOn(ctx, d, env, pins, why, dryRun)
}

// draft reads the groups that hold images of an environment, and what is held in it.
func (a *App) draft(ctx context.Context, env config.Environment, images []tagboat.ImageName) (*ledger.Draft, error) {
	var groups []ledger.Group
	for _, g := range a.groups(env) {
		if slices.ContainsFunc(images, func(image tagboat.ImageName) bool { _, ok := g.Images[image]; return ok }) {
			groups = append(groups, g)
		}
	}
	return a.ledger(env).Draft(ctx, append(groups, a.holdsOf(env))...)
}

// writeOn is writePins on groups that were read before.
func (a *App) writeOn(ctx context.Context, d *ledger.Draft, env config.Environment, pins map[tagboat.ImageName]tagboat.Reference, why reason, dryRun bool) (written, error) {
	book, err := d.Book(ctx)
	if err != nil {
		return written{}, err
	}
	write := d.Update
	if dryRun {
		write = d.Preview
	}
	receipts, err := write(ctx, a.changes(env, pins), ledger.Why{Message: why.message})
	w := written{before: book.Pins(env.Name)}
	for _, receipt := range receipts {
		for _, o := range receipt.Overtaken {
			a.notice(fmt.Sprintf("%s was pinned by %s at the same time, and later: theirs counts", o.Image, o.By))
		}
		w.changed = w.changed || receipt.Written
		for _, pin := range receipt.Pins {
			if _, asked := pins[pin.Image]; asked {
				w.pins = append(w.pins, pin)
				w.made = append(w.made, made(receipt, pin)...)
			}
		}
	}
	slices.SortFunc(w.pins, func(a, b tagboat.Pin) int { return cmp.Compare(a.Image, b.Image) })
	if !dryRun {
		a.record(ctx, env, pinned(w, why)...)
	}
	return w, err
}

// made returns a pin as an update wrote it; none where it wrote nothing, or somebody else
// pinned the image later.
func made(receipt ledger.Receipt, pin tagboat.Pin) []tagboat.Pin {
	overtaken := slices.ContainsFunc(receipt.Overtaken, func(o ledger.Overtaken) bool { return o.Image == pin.Image })
	if receipt.Wrote == 0 || overtaken {
		return nil
	}
	pin.ParameterVersion = receipt.Wrote
	return []tagboat.Pin{pin}
}

// tellShared tells of pins that other environments have too, on purpose.
func (a *App) tellShared(env config.Environment, pins map[tagboat.ImageName]tagboat.Reference) {
	for _, c := range a.changes(env, pins) {
		var others []string
		for _, other := range a.config.Sharing(env, a.config.GroupOf(slices.Sorted(maps.Keys(c.Pins))[0])) {
			if other.Name != env.Name {
				others = append(others, string(other.Name))
			}
		}
		if len(others) > 0 {
			a.notice(fmt.Sprintf("%s is shared: what is pinned there is pinned in %s, too", c.Group.Parameter, strings.Join(others, " and ")))
		}
	}
}
