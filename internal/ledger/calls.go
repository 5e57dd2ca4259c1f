package ledger

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/wait"
)

// newest returns what the newest version holds, and whether that is certain to be all.
func (w *writer) newest(ctx context.Context) (values, bool, error) {
	w.calls++
	got, err := w.store.Get(ctx, []string{w.group.Parameter})
	if err != nil {
		return nil, false, fmt.Errorf("reading parameter %s: %w", w.group.Parameter, err)
	}
	p, ok := got[w.group.Parameter]
	if !ok {
		w.head, w.on = 0, ""
		return values{}, true, nil
	}
	v, err := valuesOf(p)
	whole := err == nil && p.whole(v)
	w.head, w.on, w.unsure = p.Version, sum(p.Value), w.unsure && !whole
	w.crowded = w.crowded || err == nil && p.missed(v) > few
	return v, whole, err
}

// put writes v over version base, meaning what we want, or nothing. A value that could not
// be read back is not written.
func (w *writer) put(ctx context.Context, base int64, v values, means bool) (int64, error) {
	if err := w.group.checkSize(v); err != nil {
		return 0, err
	}
	if _, err := w.group.pins(v, 0); err != nil {
		return 0, err
	}
	value := w.group.write(v, base)
	n := note{Base: base, Set: v.bits(nil), Sum: sum(value), On: w.on, Unsure: w.unsure}
	if means {
		n = w.note(n, v)
		w.base = base
	}
	version, err := w.attempt(ctx, Put{
		Name: w.group.Parameter, Value: value, Description: n.String(), Overwrite: base > 0, Tier: w.group.Tier,
	})
	if tagboat.KindOf(err) == tagboat.Usage {
		return 0, err
	}
	if err != nil {
		return 0, fmt.Errorf("writing parameter %s: %w", w.group.Parameter, err)
	}
	w.head, w.between = version, version-base-1
	if means {
		w.wrote, w.touched = version, true
	}
	return version, nil
}

// note returns the note of a write of v that means what we want.
func (w *writer) note(n note, v values) note {
	n.ID, n.Set, n.Gone = w.id, v.bits(w.want), w.gone
	n.If = conditions(w.keys(), func(key string) bool { return w.conditional[key] }, w.read)
	if w.together && len(w.keys()) > 1 {
		n.If = condition(w.keys(), w.read)
	}
	n.By, n.Message = w.why.Actor, w.why.Message
	if most := w.group.Tier.maxValue(); most > maxStandard {
		n.Max = most
	}
	return n
}

// history returns the versions, once they include the newest that we know of: the
// answer of a read may be older than that of the write before it. Where they never do,
// somebody deleted the parameter.
func (w *writer) history(ctx context.Context) ([]Parameter, state, error) {
	for pause := 50 * time.Millisecond; ; pause *= 2 {
		history, calls, err := versions(ctx, w.store, w.group.Parameter)
		w.calls += calls
		if err != nil {
			return nil, state{}, err
		}
		s, err := replay(history, w.retention)
		if err != nil || s.head.Version >= w.head {
			return history, s, err
		}
		if pause > 5*time.Second {
			w.deleted, w.head = true, s.head.Version
			return history, s, nil
		}
		if err := wait.For(ctx, pause); err != nil {
			return nil, state{}, err
		}
	}
}

// BeforeRollback is the label of the version that a rollback left behind:
// aws ssm get-parameter --name NAME:tagboat-before-rollback.
const BeforeRollback = "tagboat-before-rollback"

// ourLabels begins our labels, which may go where a new version needs the room.
const ourLabels = "tagboat-"

// Label gives a version of a group's parameter a label, which leaves any other version.
func (l *Ledger) Label(ctx context.Context, g Group, version int64, label string) error {
	if err := l.Store.Label(ctx, g.Parameter, version, label); err != nil {
		return fmt.Errorf("labelling version %d of parameter %s: %w", version, g.Parameter, err)
	}
	return nil
}

// attempt writes a version. Parameter Store keeps a hundred and lets no labelled one go, so
// labels of ours make room.
func (w *writer) attempt(ctx context.Context, p Put) (int64, error) {
	for range rooms {
		w.calls++
		version, err := w.store.Put(ctx, p)
		if !errors.Is(err, ErrFull) {
			return version, err
		}
		if err := w.makeRoom(ctx); err != nil {
			return 0, err
		}
	}
	return 0, errBusy(p.Name)
}

// rooms is how often a write makes room.
const rooms = 5

// makeRoom takes our labels off the oldest version. Labels of others stay.
func (w *writer) makeRoom(ctx context.Context) error {
	history, calls, err := versions(ctx, w.store, w.group.Parameter)
	w.calls += calls
	if err != nil || len(history) == 0 {
		return err
	}
	oldest := history[0]
	mine, others := labelsOf(oldest)
	if len(others) > 0 {
		return w.inTheWay(oldest, others)
	}
	if len(mine) == 0 {
		return nil // somebody else made room
	}
	w.calls++
	if err := w.store.Unlabel(ctx, w.group.Parameter, oldest.Version, mine); err != nil {
		return fmt.Errorf("making room in parameter %s: %w", w.group.Parameter, err)
	}
	return nil
}

// ensureRoom makes sure that a write and a repair of it fit, with some to spare for others
// who write at the same time: a write that cannot be repaired would take an update of
// somebody else's out of the value for good. history is nil where it was not read; then it
// costs a call, and only where so many versions were made that the oldest have to go.
func (w *writer) ensureRoom(ctx context.Context, history []Parameter) error {
	spare := max(2, min(w.retention/2, mostSpare))
	if w.room || w.head < int64(w.retention-spare) {
		return nil
	}
	count := len(history)
	if history == nil {
		w.calls++
		var err error
		if history, err = w.store.Oldest(ctx, w.group.Parameter, spare); err != nil || len(history) == 0 {
			return err
		}
		count = int(w.head - history[0].Version + 1)
	}
	for _, p := range history[:min(max(0, spare-(w.retention-count)), len(history))] {
		if _, others := labelsOf(p); len(others) > 0 {
			return w.inTheWay(p, others)
		}
	}
	w.room = true
	return nil
}

// mostSpare is how many versions have to be free to go where a hundred are kept.
const mostSpare = 8

// labelsOf returns our labels of a version and those of others.
func labelsOf(p Parameter) (mine, others []string) {
	for _, label := range p.Labels {
		if strings.HasPrefix(label, ourLabels) {
			mine = append(mine, label)
		} else {
			others = append(others, label)
		}
	}
	return mine, others
}

func (w *writer) inTheWay(p Parameter, labels []string) error {
	return tagboat.Usagef("parameter %s keeps %d versions, and one of the oldest, %d, has to stay for its label %s", w.group.Parameter, w.retention, p.Version, strings.Join(labels, " and ")).
		WithHint("put the label on a newer version, or take it off: aws ssm unlabel-parameter-version --name %s --parameter-version %d --labels %s",
			w.group.Parameter, p.Version, strings.Join(labels, " "))
}

// ErrExists is what Store.Put wraps where Overwrite is false and the parameter exists.
var ErrExists = errors.New("the parameter exists")

// ErrFull is what Store.Put wraps where the parameter has all versions that are kept, and
// the oldest bears a label, so that it cannot go.
var ErrFull = errors.New("the oldest version of the parameter bears a label")

// ErrThrottled is what Store.Put wraps where too many write at once: nothing was written,
// and after a while there may be a turn.
var ErrThrottled = errors.New("too many writes at once")

// ErrUnknown is what Store.Put wraps where the answer got lost: the write may have taken
// effect, or may do so yet. A Store does not make it again: the history tells.
var ErrUnknown = errors.New("whether it was written is not known")

// Parameter is one version of a parameter. Get fills Name, Value, Version, Type and
// At; History fills the rest too.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ParameterHistory.html
type Parameter struct {
	Name        string
	Value       string
	Version     int64  // counts from 1
	Type        string // String, StringList, SecureString
	At          time.Time
	Description string
	User        string // ARN of who wrote it
	Labels      []string
}

// Put is one write to a parameter, always of type String.
type Put struct {
	Name        string
	Value       string // at most what the tier takes
	Description string // at most 1024 characters
	Overwrite   bool   // false: create it, and fail with ErrExists where it exists
	Tier        Tier
}

// Store is Parameter Store as the ledger needs it: the last writer wins, every write
// makes a version, and versions are numbered without a gap. Package ledgertest holds
// what every Store must pass.
type Store interface {
	// Get returns the newest versions of the named parameters, however many, and of
	// NAME:VERSION that one. Names that do not exist are left out; that is not an error.
	Get(ctx context.Context, names []string) (map[string]Parameter, error)
	// Put writes a version and returns its number. A client may make it again where an
	// answer got lost.
	Put(ctx context.Context, put Put) (int64, error)
	// History returns the versions that are kept, up to 100, oldest first; none where
	// the parameter does not exist.
	History(ctx context.Context, name string) ([]Parameter, error)
	// Oldest returns the n oldest versions that are kept, up to 50, in one call.
	Oldest(ctx context.Context, name string, n int) ([]Parameter, error)
	// Label gives a version a label. A label is on one version: it leaves another one.
	Label(ctx context.Context, name string, version int64, label string) error
	// Unlabel takes labels off a version; one that is not there is no error, nor is a
	// version that is gone.
	Unlabel(ctx context.Context, name string, version int64, labels []string) error
}
