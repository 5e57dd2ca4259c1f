package ledger

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"
)

// Ledger reads and writes pins in one account and region. It may be used at once by
// any number of goroutines, as may any number of Ledgers on the same Store.
type Ledger struct {
	Store Store
}

// historiesAtOnce bounds Audit: Parameter Store answers three a second.
const historiesAtOnce = 3

// Read returns what the groups' parameters hold. It is one Get of the Store for all.
func (l *Ledger) Read(ctx context.Context, groups ...Group) (Book, error) {
	var book Book
	if len(groups) == 0 {
		return book, nil
	}
	parameters, err := l.Store.Get(ctx, names(groups))
	if err != nil {
		return Book{}, fmt.Errorf("reading the ledger: %w", err)
	}
	for _, g := range groups {
		e := Entry{Group: g}
		if p, ok := parameters[g.Parameter]; ok {
			v, err := valuesOf(p)
			if err != nil {
				return Book{}, err
			}
			if e, err = entry(g, v, p.Version); err != nil {
				return Book{}, err
			}
		}
		book.Entries = append(book.Entries, e)
	}
	return book, nil
}

func names(groups []Group) []string {
	var names []string
	seen := map[string]bool{}
	for _, g := range groups {
		if !seen[g.Parameter] {
			seen[g.Parameter] = true
			names = append(names, g.Parameter)
		}
	}
	return names
}

// Audit is Read with who set each pin, when and why. It reads the history of each
// parameter, of which Parameter Store answers three a second.
func (l *Ledger) Audit(ctx context.Context, groups ...Group) (Book, error) {
	book := Book{Entries: make([]Entry, len(groups))}
	all, ctx := errgroup.WithContext(ctx)
	all.SetLimit(historiesAtOnce)
	for i, g := range groups {
		all.Go(func() error {
			e, err := l.audit(ctx, g)
			book.Entries[i] = e
			return err
		})
	}
	if err := all.Wait(); err != nil {
		return Book{}, err
	}
	return book, nil
}

func (l *Ledger) audit(ctx context.Context, g Group) (Entry, error) {
	history, err := l.Store.History(ctx, g.Parameter)
	if err != nil {
		return Entry{}, fmt.Errorf("reading the history of parameter %s: %w", g.Parameter, err)
	}
	s, err := replay(history)
	if err != nil {
		return Entry{}, err
	}
	e, err := entry(g, s.stored, s.head.Version)
	if err != nil {
		return Entry{}, err
	}
	e.Torn = s.torn()
	for i := range e.Pins {
		if at, ok := s.origin[g.key(e.Pins[i].Image)]; ok {
			sign(&e.Pins[i], history[at])
		}
	}
	return e, nil
}
