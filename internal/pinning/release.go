package pinning

import (
	"context"
	"errors"
	"fmt"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/history"
	"github.com/tagboat/tagboat/internal/ledger"
)

// Take writes all pins of a release to an environment whose groups, and holds, a draft has: as
// long as they are what the draft read, and without a line in the journal, which the promotion
// writes. The error is of kind Superseded where somebody pinned one of them meanwhile.
func (w *Writer) Take(ctx context.Context, d *ledger.Draft, env config.Environment, pins map[tagboat.ImageName]tagboat.Reference, why string) (Outcome, error) {
	want := request{pins: pins, conditional: map[tagboat.ImageName]bool{}}
	for image := range pins {
		want.conditional[image] = true
	}
	out, err := w.put(ctx, d, env, want, history.Origin{Message: why}, false)
	if err != nil {
		return out, err
	}
	if err := losers(env, out.lost, pins); err != nil {
		return out, tagboat.Errorf(tagboat.Superseded, "%w", err)
	}
	return out, nil
}

// PutBack brings images back to what they were before pins were written, as far as they are still
// what was written then.
func (w *Writer) PutBack(ctx context.Context, env config.Environment, out Outcome, why string) error {
	var failed []error
	for _, m := range out.writes {
		if _, err := w.Access.Ledger(env).TakeBack(ctx, m.group, m.receipt, []tagboat.ImageName{m.Image}, ledger.Why{Message: why}); err != nil {
			failed = append(failed, fmt.Errorf("bringing the pin of %s in %s back: %w", m.Image, env.Name, err))
		}
	}
	return errors.Join(failed...)
}
