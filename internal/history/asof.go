package history

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/access"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/journal"
	"github.com/tagboat/tagboat/internal/ledger"
)

// PinsAsOf returns the pins that an environment had at a time: from the versions of its
// parameters, and where those do not go back so far, or the images were in other parameters
// then, from the journal.
func (h *History) PinsAsOf(ctx context.Context, name tagboat.EnvName, when access.When) (tagboat.PinsDocument, error) {
	env, err := h.Fleet.Config.Environment(string(name))
	if err != nil {
		return tagboat.PinsDocument{}, err
	}
	at, err := h.Access.Moment(ctx, env, when)
	if err != nil {
		return tagboat.PinsDocument{}, err
	}
	document := tagboat.PinsDocument{Environment: env.Name, AsOf: &at}
	for _, g := range h.Fleet.Layout().Groups(env) {
		past, err := h.Access.Ledger(env).AsOf(ctx, g, at)
		if err != nil {
			return tagboat.PinsDocument{}, err
		}
		if err := h.Access.NotToCome(env, at); err != nil { // asked here, since the answer told the time
			return tagboat.PinsDocument{}, err
		}
		if !past.Since.IsZero() {
			if past.Pins, err = h.fromJournal(ctx, env, g, past, at); err != nil {
				return tagboat.PinsDocument{}, err
			}
		}
		document.Pins = append(document.Pins, past.Pins...)
	}
	moved, err := h.fromElsewhere(ctx, env, document.Pins, at)
	document.Pins = tagboat.List(append(document.Pins, moved...))
	return document, err
}

// fromElsewhere returns the pins at a time of images that no parameter of theirs had then:
// what the journal last said, where they were in another one.
func (h *History) fromElsewhere(ctx context.Context, env config.Environment, known []tagboat.Pin, at time.Time) ([]tagboat.Pin, error) {
	missing := map[tagboat.ImageName]ledger.Group{}
	for _, g := range h.Fleet.Layout().Groups(env) {
		for image := range g.Images {
			if !slices.ContainsFunc(known, func(pin tagboat.Pin) bool { return pin.Image == image }) {
				missing[image] = g
			}
		}
	}
	if len(missing) == 0 || h.Fleet.Config.Journal.Off {
		return nil, nil
	}
	events, err := h.events(ctx, env, h.Fleet.Layout().Groups(env), journal.Request{To: at.Add(time.Millisecond)})
	if err != nil {
		return nil, err
	}
	pins := map[tagboat.ImageName]tagboat.Pin{}
	for _, e := range events {
		if g, ok := missing[e.Image]; ok && e.Parameter != "" && e.Parameter != g.Parameter && !e.At.After(at) {
			set(pins, g, e, e.To, &e)
		}
	}
	return byImage(pins), nil
}

// fromJournal returns what a group had at a time that its versions do not go back to: what
// the last event before that pinned, or what the first one after it replaced. An image
// that no event names was what the oldest version says.
func (h *History) fromJournal(ctx context.Context, env config.Environment, g ledger.Group, past ledger.Snapshot, at time.Time) ([]tagboat.Pin, error) {
	if h.Fleet.Config.Journal.Off {
		return nil, tooOld(g, past, at).WithHint("without a journal only the last hundred versions are known; take off: true out of tagboat.yaml")
	}
	events, err := h.events(ctx, env, []ledger.Group{g}, journal.Request{To: past.Since.Add(recording)})
	if err != nil {
		return nil, err
	}
	events = slices.DeleteFunc(events, func(e tagboat.Event) bool {
		_, ours := g.Images[e.Image]
		told := e.ParameterVersion >= past.Version && !e.At.Before(past.Since) // by the versions
		return !ours || told || e.Parameter != g.Parameter
	})
	var before, after []tagboat.Event
	for _, e := range inOrder(events) {
		if e.At.After(at) {
			after = append(after, e)
		} else {
			before = append(before, e)
		}
	}
	if len(before) == 0 {
		return nil, tooOld(g, past, at).WithHint("tagboat history --env %s shows from when on it is known", env.Name)
	}
	return rewound(g, past.Pins, before, after), nil
}

func tooOld(g ledger.Group, past ledger.Snapshot, at time.Time) *tagboat.Error {
	return tagboat.Usagef("what %s held at %s is not known: its versions go back to %s, and the journal has nothing older",
		g.Parameter, at.UTC().Format(time.RFC3339), past.Since.UTC().Format(time.RFC3339))
}

// rewound returns the pins of a group between events.
func rewound(g ledger.Group, oldest []tagboat.Pin, before, after []tagboat.Event) []tagboat.Pin {
	pins := map[tagboat.ImageName]tagboat.Pin{}
	for _, pin := range oldest {
		pin.SetBy, pin.SetAt, pin.Message = "", nil, ""
		pins[pin.Image] = pin
	}
	for i := len(after) - 1; i >= 0; i-- {
		set(pins, g, after[i], after[i].From, nil)
	}
	for i := range before {
		set(pins, g, before[i], before[i].To, &before[i])
	}
	return byImage(pins)
}

func byImage(pins map[tagboat.ImageName]tagboat.Pin) []tagboat.Pin {
	return slices.SortedFunc(maps.Values(pins), func(a, b tagboat.Pin) int { return cmp.Compare(a.Image, b.Image) })
}

// inOrder returns events of one parameter, the oldest first. Of those that were told at
// about the same time the versions give the order: a writer's event follows its write, by
// the writer's own clock.
func inOrder(events []tagboat.Event) []tagboat.Event {
	late := func(a, b tagboat.Event) bool {
		return a.ParameterVersion > b.ParameterVersion && b.At.Sub(a.At) < recording
	}
	for i := range events {
		for j := i; j > 0 && late(events[j-1], events[j]); j-- {
			events[j-1], events[j] = events[j], events[j-1]
		}
	}
	return events
}

// set makes a pin what an event says of it; from is the event that set it.
func set(pins map[tagboat.ImageName]tagboat.Pin, g ledger.Group, e tagboat.Event, is tagboat.Observed, from *tagboat.Event) {
	if is == (tagboat.Observed{}) {
		delete(pins, e.Image)
		return
	}
	pin := tagboat.Pin{
		Image: e.Image, Repository: g.Images[e.Image].Name(), Tag: is.Tag, Digest: is.Digest, Parameter: e.Parameter,
	}
	if from != nil {
		at := from.At
		pin.ParameterVersion, pin.SetBy, pin.SetAt, pin.Message = from.ParameterVersion, from.By, &at, from.Message
	}
	pins[e.Image] = pin
}
