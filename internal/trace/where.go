package trace

import (
	"cmp"
	"context"
	"slices"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/history"
	"github.com/tagboat/tagboat/internal/ledger"
	"github.com/tagboat/tagboat/internal/operation"
	"github.com/tagboat/tagboat/internal/stage"
)

// Where tells where what an argument stands for is and was: a release by its name, its id or the
// beginning of one, a digest or its first twelve digits, a tag, or a git commit of seven digits
// or more. Where it stands for several things all are told; where it stands for none, none is.
func (t *Trace) Where(ctx context.Context, arg string) (tagboat.WhereDocument, error) {
	document := tagboat.WhereDocument{Asked: arg, Found: []tagboat.Found{}}
	environments, err := t.Fleet.Environments(fleet.Selection{})
	if err != nil {
		return document, err
	}
	seen, err := t.look(ctx, fleet.Selection{})
	if err != nil {
		return document, err
	}
	document.Errors = seen.document.Errors
	numbers := t.numbers(ctx)
	found := releasesNamed(arg, numbers)
	t.open(ctx, found)
	for _, version := range t.versionsNamed(ctx, arg, seen) {
		if len(found) == 0 || !partOf(version, found) {
			found = append(found, version)
		}
	}
	if len(found) == 0 {
		document.Calls = operation.From(ctx).Calls()
		return document, nil
	}
	events, unread := t.told(ctx, environments, concerning(found))
	document.Errors = append(document.Errors, fleet.Document(unread)...)
	rejected := t.rejections(ctx, found)
	for _, s := range found {
		if !s.isRelease() {
			if carry := t.carriers(ctx, candidates(seen.had, numbers), s.Image, s.Digest); len(carry) > 0 {
				s.Release, s.ReleaseID = carry[0].Name, carry[0].ID
			}
		}
		s.Places = t.places(ctx, s, environments, seen, events, rejected)
		document.Found = append(document.Found, s.Found)
	}
	document.Calls = operation.From(ctx).Calls()
	return document, nil
}

// partOf reports whether a version is part of a release that was found by the same commit: the
// release says all of it.
func partOf(version subject, releases []subject) bool {
	return slices.ContainsFunc(releases, func(r subject) bool {
		return r.versions[version.Image] == version.Digest && r.Commit != "" && r.Commit == version.Commit
	})
}

// concerning returns what of a journal matters: promotions, and deployments and rollbacks that
// bring or leave an image of what was found.
func concerning(found []subject) func(tagboat.Event) bool {
	return func(e tagboat.Event) bool {
		return history.Promoted(e) || slices.ContainsFunc(e.Changes, func(c tagboat.ImageChange) bool {
			return slices.ContainsFunc(found, func(s subject) bool { return s.Image == c.Image })
		})
	}
}

// rejections returns which of the releases were rejected.
func (t *Trace) rejections(ctx context.Context, found []subject) map[tagboat.Digest]*tagboat.Rejection {
	var ids []tagboat.Digest
	for _, s := range found {
		if s.isRelease() {
			ids = append(ids, s.ReleaseID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	known, err := t.Home.Look(ctx, ids...)
	if err != nil {
		operation.Tell(ctx, unknown("which releases were rejected", err))
	}
	return known.Rejected
}

// places returns how something stands in each environment. The gates are asked where it has not
// been and may still come.
func (t *Trace) places(ctx context.Context, s subject, environments []config.Environment, seen sight, events map[tagboat.EnvName][]tagboat.Event, rejected map[tagboat.Digest]*tagboat.Rejection) []tagboat.Standing {
	all := make([]tagboat.Standing, len(environments))
	var open []tagboat.EnvName
	for i, env := range environments {
		f := facts{subject: s, env: env, had: seen.had[env.Name], events: events[env.Name], rejected: rejected[s.ReleaseID]}
		if book, ok := seen.books[env.Name]; ok {
			f.book = &book
		}
		if before, _, ok := stage.Before(t.Fleet.Config, env); ok {
			f.upstream = seen.had[before.Name]
		}
		for _, status := range seen.document.Services {
			if status.Environment == env.Name {
				f.services = append(f.services, status)
			}
		}
		all[i] = f.standing()
		if all[i].State == tagboat.StandingNever && s.ReleaseID != "" {
			open = append(open, env.Name)
		}
	}
	for name, result := range t.checklist(ctx, cmp.Or(s.Release, string(s.ReleaseID)), open) {
		at := slices.IndexFunc(all, func(p tagboat.Standing) bool { return p.Environment == name })
		waits(&all[at], result, s.Release)
	}
	return all
}

// facts are what is known of something in one environment.
type facts struct {
	subject
	env      config.Environment
	book     *ledger.Book // nil where the environment could not be read
	had      ledger.Promotions
	upstream ledger.Promotions // of the environment of the stage before
	services []tagboat.ServiceStatus
	events   []tagboat.Event
	rejected *tagboat.Rejection // of the release everywhere
}
