package app

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/ledger"
)

// PinsAsOf returns the pins that an environment had at a time: from the versions of its
// parameters, and where those do not go back so far, from the journal.
func (a *App) PinsAsOf(ctx context.Context, name tagboat.EnvName, when When) (tagboat.PinsDocument, error) {
	env, err := a.config.Environment(string(name))
	if err != nil {
		return tagboat.PinsDocument{}, err
	}
	at, err := a.moment(ctx, env, when)
	if err != nil {
		return tagboat.PinsDocument{}, err
	}
	if now := a.session(env).Now(); at.After(now.Add(time.Minute)) {
		return tagboat.PinsDocument{}, tagboat.Usagef("%s is in the future", at.UTC().Format(time.RFC3339))
	}
	document := tagboat.PinsDocument{Environment: env.Name, AsOf: &at}
	for _, g := range a.groups(env) {
		past, err := a.ledger(env).AsOf(ctx, g, at)
		if err != nil {
			return tagboat.PinsDocument{}, err
		}
		if !past.Since.IsZero() {
			if past.Pins, err = a.fromJournal(ctx, env, g, past, at); err != nil {
				return tagboat.PinsDocument{}, err
			}
		}
		document.Pins = append(document.Pins, past.Pins...)
	}
	document.Pins = some(document.Pins)
	return document, nil
}

// fromJournal returns what a group had at a time that its versions do not go back to: what
// the last event before that pinned, or what the first one after it replaced. An image
// that no event names was what the oldest version says.
func (a *App) fromJournal(ctx context.Context, env config.Environment, g ledger.Group, past ledger.Past, at time.Time) ([]tagboat.Pin, error) {
	if a.config.Journal.Off {
		return nil, tooOld(g, past, at).WithHint("without a journal only the last hundred versions are known; take off: true out of tagboat.yaml")
	}
	events, err := a.events(ctx, env, []ledger.Group{g}, time.Time{}, past.Since)
	if err != nil {
		return nil, err
	}
	var before, after []tagboat.Event
	for _, e := range events {
		switch {
		case e.Parameter != g.Parameter:
		case e.At.After(at):
			after = append(after, e)
		default:
			before = append(before, e)
		}
	}
	if len(before) == 0 {
		return nil, tooOld(g, past, at).WithHint("tagboat history --env %s shows from when on it is known", env.Name)
	}
	return rewound(g, past.Pins, before, after), nil
}

func tooOld(g ledger.Group, past ledger.Past, at time.Time) *tagboat.Error {
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
	return slices.SortedFunc(maps.Values(pins), func(a, b tagboat.Pin) int { return cmp.Compare(a.Image, b.Image) })
}

// set makes a pin what an event says of it; from is the event that set it.
func set(pins map[tagboat.ImageName]tagboat.Pin, g ledger.Group, e tagboat.Event, is tagboat.Observed, from *tagboat.Event) {
	if is == (tagboat.Observed{}) {
		delete(pins, e.Image)
		return
	}
	pin := tagboat.Pin{
		Image: e.Image, Repository: g.Images[e.Image].Name(), Tag: is.Tag, Digest: is.Digest, Parameter: g.Parameter,
	}
	if from != nil {
		at := from.At
		pin.ParameterVersion, pin.SetBy, pin.SetAt, pin.Message = from.ParameterVersion, from.By, &at, from.Message
	}
	pins[e.Image] = pin
}
