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

// wanted is what to pin in an environment.
type wanted struct {
	pins map[tagboat.ImageName]tagboat.Reference
	// conditional are the images that are pinned only as long as they are what was read.
	conditional map[tagboat.ImageName]bool
}

// changes sorts what to pin by the groups of an environment that hold it.
func (a *App) changes(env config.Environment, want wanted) []ledger.Change {
	var changes []ledger.Change
	for _, g := range a.groups(env) {
		c := ledger.Change{Group: g, Pins: map[tagboat.ImageName]tagboat.Reference{}, Conditional: want.conditional}
		for name, ref := range want.pins {
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
	before   []tagboat.Pin // all of the groups'
	pins     []tagboat.Pin // those asked for, as they are now, by image
	made     []made        // those of them that this changed
	lost     []ledger.Overtaken
	replaced []tagboat.Replaced
	changed  bool // false where they were so already
}

// made is a pin that was written, with the version that wrote it.
type made struct {
	tagboat.Pin
	was     tagboat.Reference // what the image was right before; the zero value for no pin
	group   ledger.Group
	receipt ledger.Receipt
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
	return a.writeOn(ctx, d, env, wanted{pins: pins}, why, dryRun)
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

// writeOn is writePins on groups that were read before, of what was decided on them.
func (a *App) writeOn(ctx context.Context, d *ledger.Draft, env config.Environment, want wanted, why reason, dryRun bool) (written, error) {
	book, err := d.Book(ctx)
	if err != nil {
		return written{}, err
	}
	write := d.Update
	if dryRun {
		write = d.Preview
	}
	changes := a.changes(env, want)
	receipts, err := write(ctx, changes, ledger.Why{Message: why.message})
	w := written{before: book.Pins(env.Name)}
	for i, receipt := range receipts {
		a.tellReceipt(receipt)
		w.add(changes[i], receipt)
	}
	slices.SortFunc(w.pins, func(a, b tagboat.Pin) int { return cmp.Compare(a.Image, b.Image) })
	if !dryRun {
		a.record(ctx, env, pinned(w, why)...)
	}
	return w, err
}

// add notes what came of one group.
func (w *written) add(c ledger.Change, receipt ledger.Receipt) {
	w.changed = w.changed || receipt.Written
	w.lost = append(w.lost, receipt.Lost...)
	for _, r := range receipt.Replaced {
		w.replaced = append(w.replaced, tagboat.Replaced{
			Image: r.Image, Tag: r.Was.Tag, Digest: r.Was.Digest, By: r.By, ParameterVersion: r.Version, Message: r.Message,
		})
	}
	others := append(slices.Clone(receipt.Lost), receipt.Overtaken...)
	for _, pin := range receipt.Pins {
		if _, asked := c.Pins[pin.Image]; !asked {
			continue
		}
		w.pins = append(w.pins, pin)
		theirs := slices.ContainsFunc(others, func(o ledger.Overtaken) bool { return o.Image == pin.Image })
		if receipt.Wrote == 0 || theirs {
			continue
		}
		pin.ParameterVersion = receipt.Wrote
		was := receipt.Was(c.Group, pin.Image)
		if was.Tag != pin.Tag || was.Digest != pin.Digest {
			w.made = append(w.made, made{pin, was, c.Group, receipt})
		}
	}
}

// tellReceipt tells what others did at the same time.
func (a *App) tellReceipt(r ledger.Receipt) {
	for _, o := range r.Overtaken {
		if o.Version == 0 {
			a.notice(fmt.Sprintf("%s was changed after it was pinned, to %s, by a version that is not kept any more", o.Image, orNothing(o.Is)))
			continue
		}
		a.notice(fmt.Sprintf("%s was pinned by %s at the same time, and later: theirs counts", o.Image, o.By))
	}
	for _, o := range r.Replaced {
		a.notice(fmt.Sprintf("%s was pinned to %s by %s meanwhile%s; this pin took the place of that", o.Image, orNothing(o.Was), cmp.Or(o.By, "somebody"), becauseOf(o.Message)))
	}
	if len(r.Forgotten) > 0 {
		a.notice(fmt.Sprintf("somebody deleted the parameter %s meanwhile, and what it held went with it: %s; pin it again", r.Parameter, strings.Join(r.Forgotten, ", ")))
	}
	if r.Uncertain {
		a.tellUncertain(r.Parameter)
	}
}

// tellUncertain says that nobody can tell whether a parameter lacks an update.
func (a *App) tellUncertain(parameter string) {
	a.notice(fmt.Sprintf("none of the versions of %s that are kept says what all before it came to, so that a pin may be missing from it or be older than what was pinned last; tagboat history tells what the journal knows", parameter))
}

func orNothing(ref tagboat.Reference) string {
	if ref == (tagboat.Reference{}) {
		return "nothing"
	}
	return readable(ref)
}

func becauseOf(message string) string {
	if message == "" {
		return ""
	}
	return " (" + message + ")"
}

// tellShared tells of pins that other environments have too, on purpose.
func (a *App) tellShared(env config.Environment, pins map[tagboat.ImageName]tagboat.Reference) {
	for _, c := range a.changes(env, wanted{pins: pins}) {
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
