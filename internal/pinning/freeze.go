package pinning

import (
	"context"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/cloud"
	"github.com/tagboat/tagboat/internal/home"
	"github.com/tagboat/tagboat/internal/ledger"
)

// Freezer keeps the freeze of all applications.
type Freezer interface {
	// Frozen returns the freeze; nil where there is none.
	Frozen(ctx context.Context) (*tagboat.Hold, error)
	// Freeze freezes everything, or with nil lets it go on.
	Freeze(ctx context.Context, hold *tagboat.Hold) error
	// Session returns the way to where the freeze is kept.
	Session() *cloud.Session
}

var _ Freezer = (*home.Home)(nil)

// Thawed returns an error of kind Blocked where everything is frozen. It binds automation
// alone, and nobody who goes back.
func (h *Holds) Thawed(ctx context.Context) error {
	frozen, err := h.Freezer.Frozen(ctx)
	if err != nil || frozen == nil {
		return err
	}
	return tagboat.Errorf(tagboat.Blocked, "everything is frozen%s", describe(frozen)).
		WithHint("a person can act, without --automation, and a rollback passes; to end the freeze: tagboat unhold --all")
}

// HoldAll freezes all applications in all accounts.
func (h *Holds) HoldAll(ctx context.Context, r HoldRequest) (tagboat.HoldsDocument, error) {
	hold, err := newHold(ctx, h.Freezer.Session(), r)
	if err != nil {
		return tagboat.HoldsDocument{}, err
	}
	return h.freeze(ctx, r, hold)
}

// UnholdAll ends the freeze of everything. Holds on environments and images stay.
func (h *Holds) UnholdAll(ctx context.Context, r HoldRequest) (tagboat.HoldsDocument, error) {
	return h.freeze(ctx, r, nil)
}

func (h *Holds) freeze(ctx context.Context, r HoldRequest, hold *tagboat.Hold) (tagboat.HoldsDocument, error) {
	if r.Automation {
		if frozen, err := h.Freezer.Frozen(ctx); err != nil || frozen != nil {
			if err == nil {
				err = tagboat.Errorf(tagboat.Blocked, "everything is frozen%s", describe(frozen)).
					WithHint("automation neither ends nor replaces a freeze; a person can: tagboat unhold --all")
			}
			return tagboat.HoldsDocument{}, err
		}
	}
	document := tagboat.HoldsDocument{Holds: []tagboat.HeldImage{}}
	if hold != nil {
		document.Holds = append(document.Holds, tagboat.HeldImage{Image: ledger.AllImages, Hold: *hold})
	}
	if r.DryRun {
		return document, nil
	}
	if err := h.Freezer.Freeze(ctx, hold); err != nil {
		return tagboat.HoldsDocument{}, err
	}
	event := tagboat.Event{Command: "freeze", Message: r.Message}
	if hold == nil {
		event.Command = "unfreeze"
	}
	h.Recorder.AtHome(ctx, event)
	return document, nil
}
