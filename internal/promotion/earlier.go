package promotion

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/ledger"
	"github.com/tagboat/tagboat/internal/operation"
	"github.com/tagboat/tagboat/internal/pinning"
	"github.com/tagboat/tagboat/internal/stage"
)

// ErrNoneEarlier says that no environment of a request has a release to go back to: what was
// deployed last can be undone all the same.
var ErrNoneEarlier = errors.New("no environment has an earlier release")

// earlier chooses what environments go back to where no release is named: the last good one that
// each had before, or what it began to go back to. The error wraps ErrNoneEarlier where none has
// one, and is of kind Usage where only some have.
func (p *Promotions) earlier(ctx context.Context, s *Set) error {
	var with, without []tagboat.EnvName
	for _, m := range s.moves {
		if m.unread != nil {
			return m.unread
		}
		to, err := p.backTo(ctx, m)
		if err != nil {
			return err
		}
		if to.ID == "" {
			without = append(without, m.env.Name)
			continue
		}
		with = append(with, m.env.Name)
		found, err := p.Releases.At(ctx, to.ID, to.Name)
		if err != nil {
			return fmt.Errorf("going back to release %s, which %s had before: %w", to.Name, m.env.Name, err)
		}
		m.release = &found
		operation.Tell(ctx, Back{m.env.Name, m.here, to})
	}
	switch {
	case len(with) == 0:
		return ErrNoneEarlier
	case len(without) > 0:
		return tagboat.Usagef("%s has a release to go back to, and %s has none", with[0], without[0]).
			WithHint("go back one by one: tagboat rollback --env %s, then: tagboat rollback --env %s", with[0], without[0])
	}
	return nil
}

// backTo returns the release that an environment goes back to of itself; the zero value for none,
// also where something else was deployed since it got the release that it has.
func (p *Promotions) backTo(ctx context.Context, m *move) (ledger.Promoted, error) {
	if a := m.here.Active; a != nil && a.Back && a.Waits == "" {
		return ledger.Promoted{Name: a.Name, ID: a.ID, At: a.Since}, nil
	}
	current, has := m.here.Current()
	if !has {
		return ledger.Promoted{}, nil
	}
	amid := m.here.Active != nil && m.here.Active.Waits == ""
	if !amid {
		differs, err := p.differs(ctx, m, current)
		if err != nil {
			return ledger.Promoted{}, err
		}
		failed := m.here.Trail[len(m.here.Trail)-1].Failed
		if differs && !failed && m.here.Active == nil {
			operation.Tell(ctx, NotOfRelease{m.env.Name, current.Name})
			return ledger.Promoted{}, nil
		}
		amid = differs
	}
	return p.good(ctx, stage.Earlier(m.here, amid))
}

// differs reports whether what is pinned in an environment is not that of the release that it has.
// Of one that cannot be read, nobody knows.
func (p *Promotions) differs(ctx context.Context, m *move, current ledger.Promoted) (bool, error) {
	now, err := p.Releases.At(ctx, current.ID, current.Name)
	if err != nil {
		operation.Tell(ctx, Beside{fmt.Errorf("whether %s has what release %s has is not known: %w", m.env.Name, current.Name, err)})
		return false, ctx.Err()
	}
	return !pinned(m.book, m, now.Versions(p.Fleet.Config, m.env)), nil
}

// good returns the first of some releases that nobody rejected.
func (p *Promotions) good(ctx context.Context, all []ledger.Promoted) (ledger.Promoted, error) {
	if len(all) == 0 {
		return ledger.Promoted{}, nil
	}
	ids := make([]tagboat.Digest, len(all))
	for i, had := range all {
		ids[i] = had.ID
	}
	known, err := p.Home.Look(ctx, ids...)
	if err != nil {
		operation.Tell(ctx, Beside{fmt.Errorf("which releases were rejected is not known: %w", err)}) // going back is urgent
	}
	i := slices.IndexFunc(all, func(had ledger.Promoted) bool { return known.Rejected[had.ID] == nil })
	if i < 0 {
		return ledger.Promoted{}, ctx.Err()
	}
	return all[i], ctx.Err()
}

// differences finds out what differs between what environments have and what they go back to.
func (p *Promotions) differences(ctx context.Context, s *Set) {
	for _, m := range s.moves {
		current, ok := m.here.Current()
		if m.release == nil || !ok {
			continue
		}
		has, err := p.Releases.At(ctx, current.ID, current.Name)
		if err != nil {
			operation.Tell(ctx, Beside{fmt.Errorf("what differs from release %s is not known: %w", current.Name, err)})
			continue
		}
		diff := p.Releases.Compare(ctx, has, *m.release)
		m.diff = &diff
	}
}

// leave stops automation before an environment goes back: what it leaves is rejected there, and
// held. The claim's draft is read anew, so that what was rejected is known.
func (p *Promotions) leave(ctx context.Context, m *move, c claim) error {
	book, err := c.draft.Book(ctx)
	if err != nil {
		return err
	}
	rejection := pinning.Rejection{
		Pins: map[tagboat.ImageName]tagboat.Digest{}, To: m.pins(), Revisions: m.set.Left(m.env.Name), Message: "rolled back: " + p.message(m),
	}
	for image, ref := range rejection.To {
		if pin, ok := book.Pin(m.env.Name, image); ok && pin.Digest != ref.Digest {
			rejection.Pins[image] = pin.Digest
		}
	}
	if err := p.Pinning.Holds.Reject(ctx, m.env, rejection); err != nil {
		return fmt.Errorf("holding what %s goes back to: %w", m.env.Name, err)
	}
	return nil
}
