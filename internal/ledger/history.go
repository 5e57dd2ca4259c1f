package ledger

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/wait"
)

// Step is what one version of a parameter meant for one image.
type Step struct {
	Image    tagboat.ImageName
	From, To tagboat.Reference // the zero value for no pin
	Version  int64
	At       time.Time
	By       string
	Message  string
	Foreign  bool // its writer knows nothing of the protocol
	// Overwrote says that such a writer put back what was there before an update.
	Overwrote bool
}

// Steps returns what happened to a group's images, the oldest first, as far as Parameter
// Store keeps it, and from when on that is; the zero time where it is from the beginning.
func (l *Ledger) Steps(ctx context.Context, g Group) (steps []Step, since time.Time, err error) {
	history, _, err := versions(ctx, l.Store, g.Parameter)
	if err != nil {
		return nil, time.Time{}, err
	}
	s := nothing(l.retention())
	whole := len(history) > 0 && history[0].Version == 1
	begin := firstCertain(history, l.retention())
	for n, p := range history {
		before := s.copy()
		unreadable := s.take(n, p) != nil // nobody's pins
		if !whole {
			since, whole = p.At, !unreadable && n >= begin // what it changed is not known any more
			continue
		}
		if unreadable {
			continue
		}
		steps = append(steps, g.steps(history[:n+1], before, s)...)
	}
	return steps, since, nil
}

// firstCertain returns the index of the first version from which on it is certain what a
// parameter held; 0 where there is none.
func firstCertain(history []Parameter, kept int) int {
	s := nothing(kept)
	for n, p := range history {
		if s.take(n, p) == nil && s.certain {
			return n
		}
	}
	return 0
}

// steps returns what the newest version of a history meant, which made before become after.
func (g Group) steps(history []Parameter, before, after state) []Step {
	p, meant := history[len(history)-1], after.intent[len(after.intent)-1]
	_, ours := noteOf(p)
	by, message := author(p)
	var steps []Step
	for _, image := range slices.Sorted(maps.Keys(g.Images)) {
		key := g.key(image)
		_, set := meant.set[key]
		if !set && !slices.Contains(meant.gone, key) {
			continue
		}
		s := Step{
			Image: image, From: g.reference(image, before.values), To: g.reference(image, after.values),
			Version: p.Version, At: p.At, By: by, Message: message, Foreign: !ours,
		}
		if s.From != s.To {
			s.Overwrote = s.Foreign && undoes(history, before, key, after.values[key])
			steps = append(steps, s)
		}
	}
	return steps
}

// undoes reports whether a value is what a key had before the version that last set it, or
// none: nobody who keeps to the protocol takes a key out.
func undoes(history []Parameter, s state, key, value string) bool {
	at, ok := s.origin[key]
	if !ok || value == "" {
		return ok
	}
	return slices.ContainsFunc(history[:at], func(p Parameter) bool {
		v, err := valuesOf(p)
		return err == nil && v[key] == value
	})
}

// lostUpdates returns the updates of a group that are lost, by image: the last to change
// the image knows nothing of the protocol, and put back what was there before, or nothing.
func (g Group) lostUpdates(history []Parameter, s state) []tagboat.Overwritten {
	var lost []tagboat.Overwritten
	for _, image := range slices.Sorted(maps.Keys(g.Images)) {
		key := g.key(image)
		last := len(s.intent) - 1
		for last > 0 && !s.intent[last].changes(key) {
			last--
		}
		if last <= 0 {
			continue // nobody changed it, or it is not known what they changed
		}
		if _, ours := noteOf(history[last]); ours {
			continue
		}
		before, err := replay(history[:last], s.retention)
		if err != nil || before.values[key] == s.values[key] || !undoes(history, before, key, s.values[key]) {
			continue
		}
		ref := g.reference(image, before.values)
		at := before.origin[key]
		o := tagboat.Overwritten{
			Pin:           tagboat.Pin{Image: image, Repository: ref.Name(), Tag: ref.Tag, Digest: ref.Digest, Parameter: g.Parameter, ParameterVersion: history[at].Version},
			OverwrittenBy: history[last].User, OverwrittenAt: history[last].At,
		}
		sign(&o.Pin, history[at])
		lost = append(lost, o)
	}
	return lost
}

// reference returns what v says of an image; the zero value for nothing, or nothing that
// can be read.
func (g Group) reference(image tagboat.ImageName, v values) tagboat.Reference {
	value, ok := v[g.key(image)]
	if !ok {
		return tagboat.Reference{}
	}
	ref, err := g.Form.Parse(value, g.Images[image])
	if err != nil {
		return tagboat.Reference{}
	}
	return ref
}

// Snapshot is what a group held at a time.
type Snapshot struct {
	Entry
	// Since is where the answer cannot be had from the parameter's versions: the time of
	// the oldest that is kept. Entry then holds what that version holds.
	Since time.Time
}

// AsOf returns what a group held at a time, with who set each pin, when and why.
func (l *Ledger) AsOf(ctx context.Context, g Group, at time.Time) (Snapshot, error) {
	history, _, err := versions(ctx, l.Store, g.Parameter)
	if err != nil {
		return Snapshot{}, err
	}
	then := slices.IndexFunc(history, func(p Parameter) bool { return p.At.After(at) })
	switch {
	case then < 0:
		then = len(history)
	case then == 0 && history[0].Version > 1:
		e, err := l.entryFrom(g, history[:1])
		return Snapshot{e, history[0].At}, err
	}
	e, err := l.entryFrom(g, history[:then])
	return Snapshot{Entry: e}, err
}

// A history is read again until no version is missing from its middle, so often.
const (
	readings = 8
	enough   = 3 // after which the newest versions do, if they tell all by themselves
)

// versions returns the versions of a parameter that Parameter Store keeps, the oldest
// first, none missing between two of them, and how many calls that took.
//
// A history comes in pages, and each write while it is read takes the oldest version away
// once there are a hundred, so that the next page may begin too late. Versions never
// change, so what one reading missed another fills in.
func versions(ctx context.Context, store Store, parameter string) (history []Parameter, calls int, err error) {
	seen := map[int64]Parameter{}
	for pause := 10 * time.Millisecond; ; pause *= 2 {
		calls++
		read, err := store.History(ctx, parameter)
		if err != nil {
			return nil, calls, fmt.Errorf("reading the history of parameter %s: %w", parameter, err)
		}
		for _, p := range read {
			seen[p.Version] = p
		}
		all := slices.SortedFunc(maps.Values(seen), func(a, b Parameter) int { return cmp.Compare(a.Version, b.Version) })
		last := unbroken(all)
		switch {
		case len(last) == len(all), calls >= enough && tellsAll(last):
			return last, calls, nil
		case calls == readings:
			return nil, calls, errBusy(parameter)
		}
		if err := wait.For(ctx, rand.N(pause)); err != nil {
			return nil, calls, err
		}
	}
}

// unbroken returns the newest versions among which none is missing.
func unbroken(history []Parameter) []Parameter {
	for i := len(history) - 1; i > 0; i-- {
		if history[i-1].Version+1 != history[i].Version {
			return history[i:]
		}
	}
	return history
}

// tellsAll reports whether nothing is lost by leaving out what is older than a history: one
// of its writers had read the version before it or a later one, and wrote all of that.
func tellsAll(history []Parameter) bool {
	return slices.ContainsFunc(history, func(p Parameter) bool {
		n, ours := noteOf(p)
		return ours && !n.Unsure && n.Base >= history[0].Version-1 && p.Version > history[0].Version
	})
}
