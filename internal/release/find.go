package release

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/home"
	"github.com/tagboat/tagboat/internal/registry"
)

// Find returns the release that a name, an id, or the beginning of an id of the last hundred
// stands for; a name comes before the beginning of an id. The error is of kind Usage where there
// is none, where there are two, where the tag of a name was moved, and where its content is not
// that of its id.
func (r *Releases) Find(ctx context.Context, name string) (Release, error) {
	numbers, err := r.Home.Numbers(ctx)
	if err != nil {
		return Release{}, err
	}
	return r.findAmong(ctx, name, numbers)
}

// keptNumbers is how many numbers Parameter Store keeps: where there are fewer, there never were
// more.
const keptNumbers = 100

func (r *Releases) findAmong(ctx context.Context, name string, numbers []home.Numbered) (Release, error) {
	if i := slices.IndexFunc(numbers, func(n home.Numbered) bool { return n.Name == name }); i >= 0 {
		return r.numbered(ctx, numbers[i])
	}
	hex := strings.ToLower(strings.TrimPrefix(name, "sha256:"))
	if id, err := tagboat.ParseDigest("sha256:" + hex); err == nil {
		return r.At(ctx, id, nameOf(numbers, id))
	}
	if len(numbers) >= keptNumbers && tagboat.ValidTag(name) {
		found, err := r.tagged(ctx, name)
		if !errors.Is(err, registry.ErrNoDocument) {
			return found, err
		}
	}
	ids := beginningWith(numbers, hex)
	switch {
	case len(ids) == 1:
		return r.At(ctx, ids[0], nameOf(numbers, ids[0]))
	case len(ids) > 1:
		var told []string
		for _, id := range ids {
			told = append(told, nameOf(numbers, id)+" ("+id.Hex()[:max(len(hex)+4, 12)]+"…)")
		}
		return Release{}, tagboat.Usagef("%s is the beginning of %d ids: of releases %s", name, len(ids), strings.Join(told, " and ")).
			WithHint("name one of them by its name, or by more of its id")
	default:
		return Release{}, r.unknown(name, numbers)
	}
}

// shortestID is how much of an id says which is meant.
const shortestID = 4

// beginningWith returns the ids that begin with some hex digits, each once.
func beginningWith(numbers []home.Numbered, hex string) []tagboat.Digest {
	var ids []tagboat.Digest
	if len(hex) < shortestID {
		return nil
	}
	for _, n := range numbers {
		if strings.HasPrefix(n.ID.Hex(), hex) && !slices.Contains(ids, n.ID) {
			ids = append(ids, n.ID)
		}
	}
	return ids
}

// nameOf returns what a release was called last; "" where nobody knows any more.
func nameOf(numbers []home.Numbered, id tagboat.Digest) string {
	for _, n := range numbers {
		if n.ID == id {
			return n.Name
		}
	}
	return ""
}

func (r *Releases) unknown(name string, numbers []home.Numbered) error {
	e := tagboat.Usagef("there is no release %q", name)
	var names []string
	for _, n := range numbers {
		names = append(names, n.Name)
	}
	switch closest := tagboat.Closest(name, names); {
	case len(names) == 0:
		return e.WithHint("make the first one: tagboat release create --env ENV")
	case closest != "" && len(name) > 3: // two numbers are always close
		return e.WithHint("did you mean %s? tagboat release list shows all", closest)
	default:
		return e.WithHint("the newest is %s; tagboat release list shows all", names[0])
	}
}

// numbered returns a release by its name, whose id home knows.
func (r *Releases) numbered(ctx context.Context, n home.Numbered) (Release, error) {
	found, err := r.tagged(ctx, n.Name)
	switch {
	case errors.Is(err, registry.ErrNoDocument): // nobody has put the tag there, or somebody took it away
		return r.At(ctx, n.ID, n.Name)
	case errors.Is(err, registry.ErrNotThis), err == nil && found.ID != n.ID:
		return Release{}, r.moved(n, found.ID)
	default:
		return found, err
	}
}

func (r *Releases) moved(n home.Numbered, to tagboat.Digest) error {
	other := "something else"
	if to != "" {
		other = to.Short()
	}
	at := r.Fleet.Config.Releases.Repository
	return tagboat.Usagef("the tag %s of %s was moved: it stands for %s, and release %s is %s", n.Name, at.Name(), other, n.Name, n.ID.Short()).
		WithHint("find out who moved it; the release itself is there by its id: %s", n.ID)
}

// tagged returns the release that a tag stands for. The error wraps registry.ErrNoDocument where
// there is no such tag.
func (r *Releases) tagged(ctx context.Context, name string) (Release, error) {
	at := r.Fleet.Config.Releases.Repository
	at.Tag = name
	return r.read(ctx, at, name)
}

// At returns the release with an id, which is called name.
func (r *Releases) At(ctx context.Context, id tagboat.Digest, name string) (Release, error) {
	if found, ok := r.known.Get(id); ok {
		found.Name = name
		return found, nil
	}
	at := r.Fleet.Config.Releases.Repository
	at.Digest = id
	found, err := r.read(ctx, at, name)
	if errors.Is(err, registry.ErrNoDocument) {
		called := Release{Name: name, ID: id}
		return Release{}, tagboat.Usagef("%s is not in %s: %w", called, at.Name(), err).
			WithHint("release create was interrupted, or the artifact was deleted; make the release again: tagboat release create --env ENV")
	}
	if err == nil {
		r.known.Put(id, found)
	}
	return found, err
}

// read returns the release that lies somewhere, once everything in it was checked.
func (r *Releases) read(ctx context.Context, at tagboat.Reference, name string) (Release, error) {
	d, err := r.Catalog.Registry.Documents().Get(ctx, at, artifactType, contentType, largestContent)
	if err == nil {
		var found Release
		if found, err = fromDocument(d); err == nil {
			found.Name = name
			return found, found.fits(r.Fleet.Config)
		}
	}
	if errors.Is(err, registry.ErrNotThis) || errors.Is(err, registry.ErrDigest) || errors.Is(err, errPlanted) {
		e := tagboat.Usagef("%s is not a release that can be read: %w", at, err)
		return Release{}, e.WithHint("it was made by a newer version of Tagboat, or somebody put something else there; nothing was touched")
	}
	return Release{}, err
}
