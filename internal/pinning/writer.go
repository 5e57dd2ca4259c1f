package pinning

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/access"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/history"
	"github.com/tagboat/tagboat/internal/ledger"
	"github.com/tagboat/tagboat/internal/operation"
)

// Writer writes pins to the parameters that hold them, and to the journal.
type Writer struct {
	Fleet    *fleet.Fleet
	Access   *access.Access
	Recorder *history.Recorder
}

// request is what to pin in an environment.
type request struct {
	pins map[tagboat.ImageName]tagboat.Reference
	// conditional are the images that are pinned only as long as they are what was read.
	conditional map[tagboat.ImageName]bool
}

// changes sorts what to pin by the groups of an environment that hold it.
func (w *Writer) changes(env config.Environment, want request) []ledger.Change {
	var changes []ledger.Change
	for _, g := range w.Fleet.Layout().Groups(env) {
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

// Outcome is what came of writing pins.
type Outcome struct {
	Pins     []tagboat.Pin // those asked for, as they are now, by image
	Changed  bool          // false where they were so already
	writes   []write       // those of the pins that this changed
	lost     []ledger.Conflict
	replaced []tagboat.Replaced
}

// write is a pin that was written, with the version that wrote it.
type write struct {
	tagboat.Pin
	was     tagboat.Reference // what the image was right before; the zero value for no pin
	group   ledger.Group
	receipt ledger.Receipt
}

// Write writes the pins of an environment to the groups that hold them, or says what
// that would come to. Uncontended it is one read for all groups and one write for each.
func (w *Writer) Write(ctx context.Context, env config.Environment, pins map[tagboat.ImageName]tagboat.Reference, by history.Origin, dryRun bool) (Outcome, error) {
	d, err := w.draft(ctx, env, slices.Collect(maps.Keys(pins)))
	if err != nil {
		return Outcome{}, err
	}
	return w.writeOn(ctx, d, env, request{pins: pins}, by, dryRun)
}

// draft reads the groups that hold images of an environment, and what is held in it.
func (w *Writer) draft(ctx context.Context, env config.Environment, images []tagboat.ImageName) (*ledger.Draft, error) {
	layout := w.Fleet.Layout()
	return w.Access.Ledger(env).Draft(ctx, append(layout.Holding(env, images), layout.Holds(env))...)
}

// writeOn is Write on groups that were read before, of what was decided on them.
func (w *Writer) writeOn(ctx context.Context, d *ledger.Draft, env config.Environment, want request, by history.Origin, dryRun bool) (Outcome, error) {
	out, err := w.put(ctx, d, env, want, by, dryRun)
	if !dryRun {
		w.Recorder.Record(ctx, env, out.events(by)...)
	}
	return out, err
}

// put is writeOn without a line in the journal.
func (w *Writer) put(ctx context.Context, d *ledger.Draft, env config.Environment, want request, by history.Origin, dryRun bool) (Outcome, error) {
	put := d.Update
	if dryRun {
		put = d.Preview
	}
	changes := w.changes(env, want)
	receipts, err := put(ctx, changes, ledger.Why{Message: by.Message})
	var out Outcome
	for i, receipt := range receipts {
		tellReceipt(ctx, receipt)
		out.add(changes[i], receipt)
	}
	slices.SortFunc(out.Pins, func(a, b tagboat.Pin) int { return cmp.Compare(a.Image, b.Image) })
	return out, err
}

// add notes what came of one group.
func (w *Outcome) add(c ledger.Change, receipt ledger.Receipt) {
	w.Changed = w.Changed || receipt.Written
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
		w.Pins = append(w.Pins, pin)
		theirs := slices.ContainsFunc(others, func(o ledger.Conflict) bool { return o.Image == pin.Image })
		if receipt.Wrote == 0 || theirs {
			continue
		}
		pin.ParameterVersion = receipt.Wrote
		was := receipt.Was(c.Group, pin.Image)
		if was.Tag != pin.Tag || was.Digest != pin.Digest {
			w.writes = append(w.writes, write{pin, was, c.Group, receipt})
		}
	}
}

// events returns those of pins that were written. Who was overtaken pinned nothing that
// counts.
func (w Outcome) events(by history.Origin) []tagboat.Event {
	var events []tagboat.Event
	for _, pin := range w.writes {
		events = append(events, tagboat.Event{
			Command: by.Command, Message: by.Message, Image: pin.Image,
			From: tagboat.Observed{Tag: pin.was.Tag, Digest: pin.was.Digest},
			To:   tagboat.Observed{Tag: pin.Tag, Digest: pin.Digest}, Parameter: pin.Parameter, ParameterVersion: pin.ParameterVersion,
		})
	}
	return events
}

// TellShared tells of pins that other environments have too, on purpose.
func (w *Writer) TellShared(ctx context.Context, env config.Environment, pins map[tagboat.ImageName]tagboat.Reference) {
	for _, c := range w.changes(env, request{pins: pins}) {
		var others []string
		for _, other := range w.Fleet.Config.Sharing(env, w.Fleet.Config.GroupOf(slices.Sorted(maps.Keys(c.Pins))[0])) {
			if other.Name != env.Name {
				others = append(others, string(other.Name))
			}
		}
		if len(others) > 0 {
			operation.Tell(ctx, Shared{c.Group.Parameter, others})
		}
	}
}
