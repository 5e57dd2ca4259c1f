package ledger

import "context"

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
