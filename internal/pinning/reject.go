package pinning

import (
	"context"
	"maps"
	"slices"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/history"
	"github.com/tagboat/tagboat/internal/ledger"
	"github.com/tagboat/tagboat/internal/operation"
)

// Rejection is what a rollback takes away from an environment, and what it goes back to.
type Rejection struct {
	Pins map[tagboat.ImageName]tagboat.Digest    // the versions that were pinned, of images that change
	To   map[tagboat.ImageName]tagboat.Reference // the versions that it goes back to
	// Revisions are those of services that it leaves and that brought no other version, and
	// those that it goes back to though they were rejected.
	Revisions map[tagboat.ServiceName]RejectedRevisions
	NoHold    bool // automation may bring other versions
	Message   string
}

// RejectedRevisions are task definitions, as family:revision.
type RejectedRevisions struct{ Left, To []string }

// Reject stops automation from bringing back what a rollback takes away: it holds the
// images that change, and rejects the versions that were pinned and the revisions that are
// left. Where so many holds do not fit, all of the environment is held.
func (h *Holds) Reject(ctx context.Context, env config.Environment, r Rejection) error {
	if len(r.Pins) == 0 && len(r.Revisions) == 0 {
		return nil
	}
	hold, err := newHold(ctx, h.Access.Session(env), HoldRequest{Message: r.Message})
	if err != nil {
		return err
	}
	by := history.Origin{Command: "hold", Message: r.Message}
	if r.NoHold {
		by.Command = "reject"
	}
	_, err = h.change(ctx, env, holdsChange{by: by, again: true, change: func(now ledger.Holds) ledger.Holds { return r.changes(now, hold) }})
	if tagboat.KindOf(err) == tagboat.Usage && !r.NoHold {
		_, err = h.change(ctx, env, holdsChange{by: by, again: true, change: func(now ledger.Holds) ledger.Holds {
			held := now[ledger.AllImages]
			held.Hold = hold
			return ledger.Holds{ledger.AllImages: held}
		}})
	}
	if err == nil && len(r.Pins) > 0 && !r.NoHold {
		operation.Tell(ctx, Stopped{texts(slices.Sorted(maps.Keys(r.Pins))), env.Name})
	}
	return err
}

// changes returns what a rejection changes of the holds that there are.
func (r Rejection) changes(now ledger.Holds, hold *tagboat.Hold) ledger.Holds {
	changes := ledger.Holds{}
	for image, digest := range r.Pins {
		held := now[image].Reject(digest).Accept(r.To[image].Digest) // a person goes back to it
		if !r.NoHold {
			held.Hold = hold
		}
		changes[image] = held
	}
	for service, revisions := range r.Revisions {
		held := now[ledger.OfService(service)]
		for _, revision := range revisions.To {
			held = held.AcceptRevision(revision)
		}
		for _, revision := range revisions.Left {
			held = held.RejectRevision(revision)
		}
		changes[ledger.OfService(service)] = held
	}
	return changes
}

func texts(names []tagboat.ImageName) []string {
	all := make([]string, len(names))
	for i, name := range names {
		all[i] = string(name)
	}
	return all
}
