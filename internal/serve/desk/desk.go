package desk

import (
	"context"
	"time"

	"github.com/tagboat/tagboat/internal/catalog"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/history"
	"github.com/tagboat/tagboat/internal/pinning"
	"github.com/tagboat/tagboat/internal/promotion"
	"github.com/tagboat/tagboat/internal/release"
	"github.com/tagboat/tagboat/internal/trace"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/delivery"
	"github.com/tagboat/tagboat/internal/serve/board"
	"github.com/tagboat/tagboat/internal/serve/door"
)

// Tools are the use cases that a Desk works with, with the credentials of one caller.
type Tools struct {
	View       delivery.View
	Trace      *trace.Trace
	History    *history.History
	Images     catalog.Images
	Releases   *release.Releases
	Promotions *promotion.Promotions
	Rollbacks  *delivery.Rollbacks
	Holds      *pinning.Holds
}

// Board is what everybody sees.
type Board interface {
	// Now returns what was seen last.
	Now() *board.State
	// Fresh returns what was seen no longer ago than that, and waits for it until ctx ends.
	Fresh(ctx context.Context, within time.Duration) *board.State
	// Nudge has environments looked at soon, since something was done there.
	Nudge(environments ...tagboat.EnvName)
	// Operate reports that an operation proceeded or ended.
	Operate(id string)
}

// Options are what a Desk works with.
type Options struct {
	Config *config.Config
	Board  Board
	Tools  Tools // with the server's own credentials
	// As returns the tools of a person, whose name is that of the sessions in AWS where tagboat.yaml
	// names a role for that, and the journal's actor.
	As       func(ctx context.Context, name string) (Tools, error)
	ReadOnly bool // nothing is done for anybody
}

var _ Board = (*board.Board)(nil)

// Desk answers and acts. It is safe for concurrent use.
type Desk struct {
	options    Options
	answers    answers
	operations operations
}

// New returns a Desk whose operations end with ctx.
func New(ctx context.Context, o Options) *Desk {
	d := &Desk{options: o, answers: answers{ctx: ctx, state: func() uint64 { return o.Board.Now().ID }}}
	d.operations.ctx, d.operations.stop = context.WithCancelCause(ctx)
	return d
}

// tools returns what a person acts with: the user of the machine with the server's own credentials,
// which are the user's, and anybody else in sessions of the person's own.
func (d *Desk) tools(ctx context.Context, p door.Person) (Tools, error) {
	if p.Local || d.options.As == nil {
		return d.options.Tools, nil
	}
	return d.options.As(context.WithoutCancel(ctx), p.Name)
}
