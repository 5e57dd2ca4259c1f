// Package trace tells where a version or a release is and was, why a version does not run yet,
// and what environments had at another time. It changes nothing:
//
//	Where:  argument ──▶ releases and versions ──▶ books, tasks, journal, checklist ──▶ places
//	Why:    registry ──▶ rule ──▶ release ──▶ stage before ──▶ gates ──▶ pin ──▶ definition ──▶ tasks
//	AsOf:   pins, releases and deployments of a time
//
// What is concluded from what was read is pure; past.go and places.go have it.
package trace

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/access"
	"github.com/tagboat/tagboat/internal/catalog"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/delivery"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/history"
	"github.com/tagboat/tagboat/internal/home"
	"github.com/tagboat/tagboat/internal/journal"
	"github.com/tagboat/tagboat/internal/ledger"
	"github.com/tagboat/tagboat/internal/operation"
	"github.com/tagboat/tagboat/internal/promotion"
	"github.com/tagboat/tagboat/internal/release"
)

// Trace finds things. It is safe for concurrent use.
type Trace struct {
	Fleet      *fleet.Fleet
	Access     *access.Access
	Catalog    *catalog.Catalog
	View       delivery.View
	History    *history.History
	Home       *home.Home
	Releases   *release.Releases
	Promotions *promotion.Promotions
}

// sight is what was read of environments.
type sight struct {
	document tagboat.StatusDocument
	books    map[tagboat.EnvName]ledger.Book
	had      map[tagboat.EnvName]ledger.Promotions
}

// look reads how services stand and what is pinned, held and promoted.
func (t *Trace) look(ctx context.Context, s fleet.Selection) (sight, error) {
	document, books, err := t.View.Look(ctx, s)
	seen := sight{document, books, map[tagboat.EnvName]ledger.Promotions{}}
	for name, book := range books {
		had, broken := book.Promotions(name)
		if broken != nil {
			seen.document.Errors = append(seen.document.Errors, fleet.Document([]fleet.Unread{{Environment: name, Err: broken}})...)
		}
		seen.had[name] = had
	}
	return seen, err
}

// numbers returns the releases that were numbered; what cannot be read is told, since who may look
// at environments need not be let into the home's account.
func (t *Trace) numbers(ctx context.Context) []home.Numbered {
	numbers, err := t.Home.Numbers(ctx)
	if err != nil {
		operation.Tell(ctx, unknown("which releases there are", err))
	}
	return numbers
}

// atOnce bounds what is read side by side.
const atOnce = 8

// told returns what the journals of environments have, by environment, and what could not be read.
func (t *Trace) told(ctx context.Context, environments []config.Environment, wanted func(tagboat.Event) bool) (map[tagboat.EnvName][]tagboat.Event, []fleet.Unread) {
	var mu sync.Mutex
	all, failed := map[tagboat.EnvName][]tagboat.Event{}, map[tagboat.EnvName]error{}
	var group errgroup.Group
	group.SetLimit(atOnce)
	for _, env := range environments {
		group.Go(func() error {
			events, err := t.History.Told(ctx, env, journal.Request{Wanted: wanted})
			mu.Lock()
			defer mu.Unlock()
			all[env.Name], failed[env.Name] = events, err
			return nil
		})
	}
	_ = group.Wait()
	var unread []fleet.Unread
	for _, env := range environments {
		if err := failed[env.Name]; err != nil {
			unread = append(unread, fleet.Unread{Environment: env.Name, Err: fmt.Errorf("what ran before: %w", err)})
		}
	}
	return all, unread
}

// checklist returns what the gates say of a release in environments, by environment. None of it
// is an error: who only looks is told what could not be found out.
func (t *Trace) checklist(ctx context.Context, name string, environments []tagboat.EnvName) map[tagboat.EnvName]tagboat.PromotionResult {
	if len(environments) == 0 {
		return nil
	}
	set, err := t.Promotions.Plan(ctx, promotion.Request{Look: true, Selection: fleet.Selection{Environments: environments}, Release: name, DryRun: true})
	if err != nil {
		operation.Tell(ctx, unknown("what release "+name+" waits for", err))
		return nil
	}
	of := map[tagboat.EnvName]tagboat.PromotionResult{}
	for _, r := range set.Document().Promotions {
		of[r.Environment] = r
	}
	return of
}

// carriers returns those of some releases that have a version of an image, in their order. Each
// is one artifact, which is read once.
func (t *Trace) carriers(ctx context.Context, all []ledger.Promoted, image tagboat.ImageName, version tagboat.Digest) []ledger.Promoted {
	has := make([]bool, len(all))
	var group errgroup.Group
	group.SetLimit(atOnce)
	for i, r := range all {
		group.Go(func() error {
			found, err := t.Releases.At(ctx, r.ID, r.Name)
			has[i] = err == nil && found.Content.Images[image].Digest == version
			return nil // one that is gone has nothing that could be said
		})
	}
	_ = group.Wait()
	var carry []ledger.Promoted
	for i, r := range all {
		if has[i] {
			carry = append(carry, r)
		}
	}
	return carry
}

// Carrying returns which of the releases that environments have had lately have a version of any
// image. The digest may be the first digits of one.
func (t *Trace) Carrying(ctx context.Context, s fleet.Selection, version tagboat.Digest) ([]tagboat.Digest, error) {
	environments, err := t.Fleet.Environments(s)
	if err != nil {
		return nil, err
	}
	books, _, err := t.Fleet.LookAtBooks(ctx, environments) // what cannot be read of them the history says
	if err != nil {
		return nil, err
	}
	var ids []tagboat.Digest
	for _, env := range environments {
		had, _ := books[env.Name].Promotions(env.Name) // status says what is wrong with it
		for _, p := range had.Trail {
			if !slices.Contains(ids, p.ID) {
				ids = append(ids, p.ID)
			}
		}
	}
	return slices.DeleteFunc(ids, func(id tagboat.Digest) bool {
		found, err := t.Releases.At(ctx, id, "")
		has := func(i release.Image) bool { return strings.HasPrefix(i.Digest.Hex(), version.Hex()) }
		return err != nil || !slices.ContainsFunc(slices.Collect(maps.Values(found.Content.Images)), has)
	}), nil
}

// newestReleases is how many numbers are looked into for a version that no environment has had.
const newestReleases = 3

// candidates returns the releases that may have a version: what environments have, have had last
// and wait for, and the newest ones. Their number does not grow with that of all releases.
func candidates(had map[tagboat.EnvName]ledger.Promotions, numbers []home.Numbered) []ledger.Promoted {
	var all []ledger.Promoted
	add := func(name string, id tagboat.Digest) {
		if !slices.ContainsFunc(all, func(p ledger.Promoted) bool { return p.ID == id }) {
			all = append(all, ledger.Promoted{Name: name, ID: id})
		}
	}
	for _, n := range numbers[:min(newestReleases, len(numbers))] {
		add(n.Name, n.ID)
	}
	for _, p := range had {
		if current, ok := p.Current(); ok {
			add(current.Name, current.ID)
		}
		if p.Active != nil {
			add(p.Active.Name, p.Active.ID)
		}
	}
	return all
}

func unknown(what string, err error) delivery.Unknown { return delivery.Unknown{What: what, Err: err} }
