package ledger

import (
	"context"

	"github.com/tagboat/tagboat"
)

// UpdateAll is Draft and its Update.
func (l *Ledger) UpdateAll(ctx context.Context, changes []Change, why Why) ([]Receipt, error) {
	d, err := l.Draft(ctx, groupsOf(changes)...)
	if err != nil {
		return nil, err
	}
	return d.Update(ctx, changes, why)
}

func groupsOf(changes []Change) []Group {
	groups := make([]Group, len(changes))
	for i, c := range changes {
		groups[i] = c.Group
	}
	return groups
}

// Repair brings back what a writer that died had overwritten. Where nothing is torn it
// is one call of the Store and writes nothing.
func (l *Ledger) Repair(ctx context.Context, g Group, why Why) (Receipt, error) {
	w := l.writer(g)
	w.why = why
	return w.settle(ctx)
}

// Preview is Draft.Preview of one group.
func (l *Ledger) Preview(ctx context.Context, g Group, changes map[tagboat.ImageName]tagboat.Reference, why Why) (Receipt, error) {
	return l.preview(ctx, g, changes, why)
}
