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

// Reject stops automation from bringing back what a rollback takes away: it holds the
// images that change, and rejects the versions that were pinned. Where so many holds do
// not fit, all of the environment is held.
func (h *Holds) Reject(ctx context.Context, env config.Environment, left []tagboat.Pin, to map[tagboat.ImageName]tagboat.Reference, message string) error {
	bad := map[tagboat.ImageName]tagboat.Digest{}
	for _, pin := range left {
		if pin.Parameter != "" {
			bad[pin.Image] = pin.Digest
		}
	}
	if len(bad) == 0 {
		return nil
	}
	hold, err := h.newHold(ctx, env, HoldRequest{Message: message})
	if err != nil {
		return err
	}
	by := history.Origin{Command: "hold", Message: message}
	_, err = h.change(ctx, env, holdsChange{by: by, again: true, change: func(now ledger.Holds) ledger.Holds {
		changes := ledger.Holds{}
		for image, digest := range bad {
			held := now[image].Reject(digest).Accept(to[image].Digest) // a person goes back to it
			held.Hold = hold
			changes[image] = held
		}
		return changes
	}})
	if tagboat.KindOf(err) == tagboat.Usage {
		_, err = h.change(ctx, env, holdsChange{by: by, again: true, change: func(now ledger.Holds) ledger.Holds {
			held := now[ledger.AllImages]
			held.Hold = hold
			return ledger.Holds{ledger.AllImages: held}
		}})
	}
	if err == nil {
		operation.Tell(ctx, Stopped{texts(slices.Sorted(maps.Keys(bad))), env.Name})
	}
	return err
}

func texts(names []tagboat.ImageName) []string {
	all := make([]string, len(names))
	for i, name := range names {
		all[i] = string(name)
	}
	return all
}
