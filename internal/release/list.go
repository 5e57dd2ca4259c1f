package release

import (
	"context"
	"fmt"
	"slices"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/home"
	"github.com/tagboat/tagboat/internal/operation"
)

// List returns the newest releases of the last hundred, at most limit of them, where 0 is all,
// the newest first. Their notes are not read. It costs a call for fifty numbers, one for nine
// releases, and one for ten parameters of environments.
func (r *Releases) List(ctx context.Context, limit int) (tagboat.ReleasesDocument, error) {
	numbers, err := r.Home.Numbers(ctx)
	if err != nil {
		return tagboat.ReleasesDocument{}, err
	}
	document := tagboat.ReleasesDocument{Releases: []tagboat.Release{}}
	for _, n := range newest(numbers) {
		if limit == 0 || len(document.Releases) < limit {
			document.Releases = append(document.Releases, numberedAs(tagboat.Release{Name: n.Name, ID: n.ID, Commit: n.Commit}, numbers))
		}
	}
	return document, r.stand(ctx, document.Releases)
}

// newest returns each release once, as it was numbered last.
func newest(numbers []home.Numbered) []home.Numbered {
	seen := map[tagboat.Digest]bool{}
	return slices.DeleteFunc(slices.Clone(numbers), func(n home.Numbered) bool {
		again := seen[n.ID]
		seen[n.ID] = true
		return again
	})
}

// numberedAs fills in who numbered a release first, and when, as far as Parameter Store knows.
func numberedAs(of tagboat.Release, numbers []home.Numbered) tagboat.Release {
	for _, n := range slices.Backward(numbers) {
		if n.ID == of.ID {
			at := n.At
			of.Author, of.CreatedAt = n.By, &at
			break
		}
	}
	return of
}

// stand fills in where releases are now, and which are rejected.
func (r *Releases) stand(ctx context.Context, releases []tagboat.Release) error {
	ids := make([]tagboat.Digest, len(releases))
	for i := range releases {
		ids[i], releases[i].Environments = releases[i].ID, []tagboat.EnvName{}
	}
	if len(ids) == 0 {
		return nil
	}
	known, err := r.Home.Look(ctx, ids...)
	if err != nil {
		return err
	}
	environments, err := r.Fleet.Environments(fleet.Selection{})
	if err != nil {
		return err
	}
	books, unread, err := r.Fleet.LookAtBooks(ctx, environments)
	if err != nil {
		return err
	}
	for _, u := range unread {
		operation.Tell(ctx, Unread{u})
	}
	for _, env := range environments {
		had, err := books[env.Name].Promotions(env.Name)
		if err != nil {
			operation.Tell(ctx, Unread{fleet.Unread{Environment: env.Name, Err: err}})
		}
		current, ok := had.Current()
		for i := range releases {
			if ok && releases[i].ID == current.ID {
				releases[i].Environments = append(releases[i].Environments, env.Name)
			}
		}
	}
	for i := range releases {
		releases[i].Rejected = known.Rejected[releases[i].ID]
	}
	return nil
}

// Unread says that which release an environment has could not be read.
type Unread struct{ fleet.Unread }

// String implements operation.Event.
func (u Unread) String() string {
	return fmt.Sprintf("which release %s has is not known: %v", u.Environment, u.Err)
}

// Show returns what there is to know of a release.
func (r *Releases) Show(ctx context.Context, name string) (tagboat.ReleaseDocument, error) {
	numbers, err := r.Home.Numbers(ctx)
	if err != nil {
		return tagboat.ReleaseDocument{}, err
	}
	found, err := r.findAmong(ctx, name, numbers)
	if err != nil {
		return tagboat.ReleaseDocument{}, err
	}
	document := r.document(found)
	all := []tagboat.Release{numberedAs(document.Release, numbers)}
	err = r.stand(ctx, all)
	document.Release = all[0]
	return document, err
}

// Reject says that automation must never promote a release, and people be told why; with undo
// that it may again. The journal at home remembers both.
func (r *Releases) Reject(ctx context.Context, name, why string, undo bool) (tagboat.ReleaseDocument, error) {
	if why == "" {
		return tagboat.ReleaseDocument{}, tagboat.Usagef("why is not said").WithHint("add -m WHY, for those who find the release")
	}
	found, err := r.Find(ctx, name)
	if err != nil {
		return tagboat.ReleaseDocument{}, err
	}
	said, event := why, tagboat.Event{Command: "reject", Message: why, Release: found.Name, ReleaseID: found.ID}
	if undo {
		said, event.Command = "", "unreject"
	}
	if err := r.Home.Reject(ctx, found.ID, said); err != nil {
		return tagboat.ReleaseDocument{}, err
	}
	r.Recorder.AtHome(ctx, event)
	document := r.document(found)
	known, err := r.Home.Look(ctx, found.ID)
	document.Rejected = known.Rejected[found.ID]
	return document, err
}
