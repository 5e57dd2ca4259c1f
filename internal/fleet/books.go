package fleet

import (
	"context"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/access"
	"github.com/tagboat/tagboat/internal/cloud"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/ledger"
	"github.com/tagboat/tagboat/internal/operation"
)

// Books reads the pins and holds of all given environments: one call for ten parameters in
// each account and region. Whatever cannot be read is an error.
func (f *Fleet) Books(ctx context.Context, environments []config.Environment) (map[tagboat.EnvName]ledger.Book, error) {
	books := map[tagboat.EnvName]ledger.Book{}
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	for _, there := range ByPlace(environments) {
		group.Go(func() error {
			book, err := f.Access.Ledger(there[0]).Read(ctx, f.groups(there)...)
			mu.Lock()
			defer mu.Unlock()
			shelve(ctx, books, there, book)
			return err
		})
	}
	return books, group.Wait()
}

// Unread is what could not be read of an environment. The others are not less true for it.
type Unread struct {
	Environment tagboat.EnvName
	Err         error
}

// Document returns what JSON says of unread environments. What one remedy mends in an environment
// is said once, however many calls it failed.
func Document(unread []Unread) []tagboat.EnvironmentError {
	var all []tagboat.EnvironmentError
	for _, u := range unread {
		e := tagboat.EnvironmentError{Environment: u.Environment, ErrorDetail: tagboat.DetailOf(u.Err)}
		same := func(o tagboat.EnvironmentError) bool { return o.Environment == e.Environment && o.Hint == e.Hint }
		if e.Hint == "" || !slices.ContainsFunc(all, same) {
			all = append(all, e)
		}
	}
	return all
}

// LookAtBooks is Books for who changes nothing. An environment without a book is one of which
// nothing could be read; one with both has a parameter that could not be read, or a pin in it.
// The error is that of a context that ended.
func (f *Fleet) LookAtBooks(ctx context.Context, environments []config.Environment) (map[tagboat.EnvName]ledger.Book, []Unread, error) {
	books := map[tagboat.EnvName]ledger.Book{}
	failed := map[tagboat.EnvName]error{}
	var mu sync.Mutex
	EachPlace(environments, func(there []config.Environment) error {
		book, err := f.Access.Ledger(there[0]).Look(ctx, f.groups(there)...)
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			for _, env := range there {
				failed[env.Name] = err
			}
			return err
		}
		for _, env := range there {
			delete(failed, env.Name)
		}
		shelve(ctx, books, there, book)
		return nil
	})
	var unread []Unread
	for _, env := range environments {
		if err := failed[env.Name]; err != nil {
			unread = append(unread, Unread{env.Name, err})
		}
		for _, e := range books[env.Name].Entries {
			if e.Err != nil && e.Group.Environment == env.Name {
				unread = append(unread, Unread{env.Name, e.Err})
			}
		}
	}
	return books, unread, ctx.Err()
}

// EachPlace calls do with the environments of each account and region, at the same time, and
// where that fails with each of them alone: what one of them lacks is not the others' fault.
func EachPlace(environments []config.Environment, do func(there []config.Environment) error) {
	var all sync.WaitGroup
	for _, there := range ByPlace(environments) {
		all.Go(func() {
			if do(there) == nil || len(there) == 1 {
				return
			}
			var each sync.WaitGroup
			for _, env := range there {
				each.Go(func() { _ = do([]config.Environment{env}) })
			}
			each.Wait()
		})
	}
	all.Wait()
}

// ByPlace returns environments by account and region, in their order.
func ByPlace(environments []config.Environment) [][]config.Environment {
	at := map[cloud.Place]int{}
	var all [][]config.Environment
	for _, env := range environments {
		i, ok := at[access.Place(env)]
		if !ok {
			i = len(all)
			at[access.Place(env)] = i
			all = append(all, nil)
		}
		all[i] = append(all[i], env)
	}
	return all
}

func (f *Fleet) groups(environments []config.Environment) []ledger.Group {
	var groups []ledger.Group
	for _, env := range environments {
		groups = append(groups, f.Layout().All(env)...)
	}
	return groups
}

// shelve puts a book where each environment that is in it finds it.
func shelve(ctx context.Context, books map[tagboat.EnvName]ledger.Book, there []config.Environment, book ledger.Book) {
	for _, env := range there {
		books[env.Name] = book
	}
	var told []string
	for _, e := range book.Entries {
		if e.Uncertain && !slices.Contains(told, e.Group.Parameter) {
			told = append(told, e.Group.Parameter)
			operation.Tell(ctx, Uncertain{e.Group.Parameter})
		}
	}
}

// Uncertain says that nobody can tell whether a parameter lacks an update.
type Uncertain struct{ Parameter string }

// String implements operation.Event.
func (u Uncertain) String() string {
	return "none of the versions of " + u.Parameter + " that are kept says what all before it came to, so that a pin may be missing from it or be older than what was pinned last; tagboat history shows what the journal has"
}
