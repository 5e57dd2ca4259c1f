package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tagboat/tagboat"
)

// Promotions is what an environment has had of releases. It is kept beside its holds, by the
// same protocol: the trail and the promotion each under a key of its own, so that a promotion
// that begins is never lost to one that ends.
type Promotions struct {
	Trail  []Promoted // the oldest first; the last one is what the environment has
	Active *Promotion // the one under way, or that waits; nil for none
}

// Promoted is a release that an environment was given.
type Promoted struct {
	Name string `json:"n"` // readable
	// ID is "" where the environment went back to what no known release has.
	ID tagboat.Digest `json:"id"`
	At time.Time      `json:"at"` // when its deployments had ended, by AWS's clock
	// Failed says that its deployments did not succeed, so that the environment went back.
	Failed bool `json:"f,omitempty"`
	// Back says that the environment went back to it.
	Back bool `json:"b,omitempty"`
}

// Promotion is one that is under way, or that waits for a gate.
type Promotion struct {
	Key   string         `json:"k"` // tells it from all others: its idempotency key
	Name  string         `json:"n"`
	ID    tagboat.Digest `json:"id"`
	Since time.Time      `json:"at"`
	By    string         `json:"by,omitempty"` // who AWS says began it
	// Waits is what it waits for, as a cause; "" while it is under way.
	Waits string `json:"w,omitempty"`
	Auto  bool   `json:"a,omitempty"` // no person asked
	Back  bool   `json:"b,omitempty"` // the environment goes back
	// Was are the versions that the parameters of the environment's pins had before, in the
	// order of its groups; 0 for one that was not there.
	Was []int64 `json:"was,omitempty"`
}

// TrailKept is how many releases an environment remembers; the journal has all of them.
const TrailKept = 10

// Current returns the release that the environment has; false where it has had none that stayed,
// and where it went back to what no known release has.
func (p Promotions) Current() (Promoted, bool) {
	for _, at := range slices.Backward(p.Trail) {
		if !at.Failed {
			return at, at.ID != ""
		}
	}
	return Promoted{}, false
}

// Had returns p with one more release in its trail. One that fails again takes the place of its
// last failure.
func (p Promotions) Had(r Promoted) Promotions {
	r.At = r.At.UTC().Truncate(time.Second)
	p.Trail = slices.Clone(p.Trail)
	if n := len(p.Trail); n > 0 && r.Failed && p.Trail[n-1].Failed && p.Trail[n-1].ID == r.ID {
		p.Trail = p.Trail[:n-1]
	}
	p.Trail = append(p.Trail, r)
	p.Trail = p.Trail[max(0, len(p.Trail)-TrailKept):]
	return p
}

// The keys, beside those of holds: no image's name has a blank.
const (
	trailKey     = "release trail"
	promotionKey = "release promotion"
)

// ofReleases reports whether a key of the parameter is about releases.
func ofReleases(key string) bool { return key == trailKey || key == promotionKey }

// trailJSON and promotionJSON are how both are written. A program that knows nothing of them
// reads an image that no hold is on.
type trailJSON struct {
	Trail []Promoted `json:"trail,omitempty"`
}

type promotionJSON struct {
	Promotion *Promotion `json:"promotion,omitempty"`
}

func (p Promotions) values() values {
	active := p.Active
	if active != nil {
		whole := *active
		whole.Since = whole.Since.UTC().Truncate(time.Second)
		active = &whole
	}
	return values{trailKey: encode(trailJSON{p.Trail}), promotionKey: encode(promotionJSON{active})}
}

// Promotions returns what an environment has had of releases, where its HoldsGroup was read, too.
func (b Book) Promotions(env tagboat.EnvName) (Promotions, error) {
	var p Promotions
	var failed []error
	for _, e := range b.Entries {
		if e.Group.Environment != env || !e.Group.holds {
			continue
		}
		var trail trailJSON
		var promotion promotionJSON
		for key, into := range map[string]any{trailKey: &trail, promotionKey: &promotion} {
			value, ok := e.Others[key]
			if !ok {
				continue
			}
			if err := json.Unmarshal([]byte(value), into); err != nil {
				failed = append(failed, tagboat.Usagef("parameter %s does not say what was promoted to %s, at %q: %w", e.Group.Parameter, env, key, err).
					WithHint("put a good value there, such as that of an earlier version: aws ssm get-parameter-history --name %s", e.Group.Parameter))
			}
		}
		p = Promotions{Trail: trail.Trail, Active: promotion.Promotion}
	}
	return p, errors.Join(failed...)
}

// Promote writes what changes of what an environment has had of releases to the parameter of
// a HoldsGroup. It counts only if nobody changed the same since the draft was read; the receipt
// lists what was lost to others.
func (d *Draft) Promote(ctx context.Context, g Group, was, is Promotions, why Why) (Receipt, error) {
	if _, err := d.Book(ctx); err != nil {
		return Receipt{}, err
	}
	before, want := was.values(), values{}
	for key, value := range is.values() {
		if before[key] != value {
			want[key] = value
		}
	}
	return d.put(ctx, g, want, putting{conditional: true, why: why})
}

// rememberTries is how often others may come before a change of what an environment remembers.
const rememberTries = 20

// Remember changes what an environment has had of releases, in the parameter of its HoldsGroup. It
// asks change again where others came between, which says whether there is something to change.
func (l *Ledger) Remember(ctx context.Context, holds Group, why Why, change func(was Promotions) (is Promotions, changes bool)) error {
	for range rememberTries {
		draft, err := l.Draft(ctx, holds)
		if err != nil {
			return err
		}
		book, err := draft.Book(ctx)
		if err != nil {
			return err
		}
		was, err := book.Promotions(holds.Environment)
		if err != nil {
			return err
		}
		is, changes := change(was)
		if !changes {
			return nil
		}
		receipt, err := draft.Promote(ctx, holds, was, is, why)
		if err != nil {
			return fmt.Errorf("noting which release %s has: %w", holds.Environment, err)
		}
		if len(receipt.Lost) == 0 {
			return nil
		}
	}
	return tagboat.Errorf(tagboat.Internal, "what %s remembers changes too often", holds.Environment).WithHint("run the command again")
}

// At returns what groups held in given versions of their parameters, with one Get of the Store.
// A group whose version is 0, or not kept any more, holds nothing.
func (l *Ledger) At(ctx context.Context, groups []Group, versions []int64) (Book, error) {
	if len(versions) != len(groups) {
		return Book{}, fmt.Errorf("there are %d versions of %d parameters", len(versions), len(groups))
	}
	var selectors []string
	of := func(i int) string { return fmt.Sprintf("%s:%d", groups[i].Parameter, versions[i]) }
	for i := range groups {
		if versions[i] > 0 {
			selectors = append(selectors, of(i))
		}
	}
	var book Book
	found, err := map[string]Parameter(nil), error(nil)
	if len(selectors) > 0 {
		found, err = l.Store.Get(ctx, selectors)
	}
	if err != nil {
		return Book{}, fmt.Errorf("reading what was pinned before: %w", err)
	}
	for i, g := range groups {
		e := Entry{Group: g}
		if p, ok := found[of(i)]; ok && versions[i] > 0 {
			v, err := valuesOf(p)
			if err == nil {
				e, err = entry(g, v, p.Version)
			}
			if err != nil {
				return Book{}, err
			}
		}
		book.Entries = append(book.Entries, e)
	}
	return book, nil
}
