package trace

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/catalog"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/home"
	"github.com/tagboat/tagboat/internal/operation"
)

// shortest are how many digits say what is meant: of a release's id, and of a git commit.
const (
	shortestID     = 4
	shortestCommit = 7
	longestCommit  = 40
)

// looked is how many versions of each image are looked at for a commit.
const looked = 20

// subject is one thing that an argument stands for, with the versions that it is.
type subject struct {
	tagboat.Found
	versions map[tagboat.ImageName]tagboat.Digest
}

// isRelease reports whether a subject is a release.
func (s subject) isRelease() bool { return s.Kind == kindRelease }

const (
	kindRelease = "release"
	kindVersion = "version"
)

// digits returns an argument as the beginning of a digest, an id or a commit; "" for what is none.
func digits(arg string) string {
	text := strings.ToLower(strings.TrimPrefix(arg, "sha256:"))
	if len(text) < shortestID || len(text) > 64 || strings.Trim(text, "0123456789abcdef") != "" {
		return ""
	}
	return text
}

// isCommit reports whether digits can be those of a git commit.
func isCommit(hex string) bool { return len(hex) >= shortestCommit && len(hex) <= longestCommit }

// releasesNamed returns the releases that an argument names, as far as their numbers tell.
func releasesNamed(arg string, numbers []home.Numbered) []subject {
	var found []subject
	hex := digits(arg)
	for _, n := range numbers {
		as := ""
		switch {
		case n.Name == arg:
			as = "the release " + arg
		case hex == "":
		case n.ID.Hex() == hex:
			as = "the id of release " + n.Name
		case strings.HasPrefix(n.ID.Hex(), hex):
			as = "the beginning of the id of release " + n.Name
		case isCommit(hex) && strings.HasPrefix(n.Commit, hex):
			as = "the git commit of release " + n.Name
		}
		known := slices.ContainsFunc(found, func(s subject) bool { return s.ReleaseID == n.ID })
		if as != "" && !known {
			found = append(found, subject{Found: tagboat.Found{Kind: kindRelease, As: as, Release: n.Name, ReleaseID: n.ID, Commit: n.Commit}})
		}
	}
	return found
}

// open reads what releases consist of. One whose artifact cannot be read is left without versions,
// and that is told.
func (t *Trace) open(ctx context.Context, releases []subject) {
	for i := range releases {
		s := &releases[i]
		s.versions = map[tagboat.ImageName]tagboat.Digest{}
		found, err := t.Releases.At(ctx, s.ReleaseID, s.Release)
		if err != nil {
			operation.Tell(ctx, unknown("what release "+s.Release+" consists of", err))
			continue
		}
		s.Commit = cmp.Or(found.Commit, s.Commit)
		for name, image := range found.Content.Images {
			s.versions[name] = image.Digest
		}
	}
}

// versionsNamed returns the versions of images that an argument names: those of the registries,
// and those that environments have pinned.
func (t *Trace) versionsNamed(ctx context.Context, arg string, seen sight) []subject {
	names := slices.Sorted(maps.Keys(t.Fleet.Config.Images))
	of := make([][]subject, len(names))
	var group errgroup.Group
	group.SetLimit(atOnce)
	var mu sync.Mutex
	told := map[string]bool{}
	for i, name := range names {
		group.Go(func() error {
			image := t.Fleet.Config.Images[name]
			all, err := t.Catalog.Versions(ctx, image, lookedFor(arg))
			if err != nil {
				mu.Lock()
				defer mu.Unlock()
				if !told[err.Error()] {
					told[err.Error()] = true
					operation.Tell(ctx, unknown("which versions of "+string(name)+" there are", err))
				}
			}
			of[i] = t.matching(ctx, arg, image, all)
			return nil
		})
	}
	_ = group.Wait()
	found := slices.Concat(of...)
	for _, s := range pinnedAs(arg, seen) {
		if !slices.ContainsFunc(found, func(o subject) bool { return o.Image == s.Image && o.Digest == s.Digest }) {
			found = append(found, s)
		}
	}
	return found
}

// lookedFor returns how many versions an argument is worth looking at one by one.
func lookedFor(arg string) int {
	if isCommit(digits(arg)) {
		return looked
	}
	return 0
}

// matching returns the versions of an image that an argument names.
func (t *Trace) matching(ctx context.Context, arg string, image config.Image, all []tagboat.ImageVersion) []subject {
	var found []subject
	hex := digits(arg)
	for _, v := range all {
		as := ""
		switch {
		case slices.Contains(v.Tags, arg):
			as = fmt.Sprintf("a tag of image %s", image.Name)
		case hex == "" || v.Digest == "" && v.Revision == "":
		case strings.HasPrefix(v.Digest.Hex(), hex) && catalog.IsShortDigest(hex), v.Digest.Hex() == hex:
			as = fmt.Sprintf("a digest of image %s", image.Name)
		case isCommit(hex) && strings.HasPrefix(v.Revision, hex):
			as = fmt.Sprintf("the git commit that a version of image %s was built from", image.Name)
		}
		if as == "" && isCommit(hex) && slices.ContainsFunc(v.Tags, func(tag string) bool { return strings.Contains(tag, hex) }) {
			as = fmt.Sprintf("in a tag of image %s", image.Name)
		}
		if as != "" {
			found = append(found, t.version(ctx, image, v, arg, as))
		}
	}
	return found
}

// version makes a subject of a version. A list may leave its digest out.
func (t *Trace) version(ctx context.Context, image config.Image, v tagboat.ImageVersion, arg, as string) subject {
	tag := ""
	if len(v.Tags) > 0 {
		tag = v.Tags[0]
	}
	if slices.Contains(v.Tags, arg) {
		tag = arg
	}
	if v.Digest == "" {
		ref := image.Repository
		ref.Tag = tag
		if found, err := t.Catalog.Registry.Digest(ctx, ref); err == nil {
			v.Digest = found
		}
	}
	return subject{
		Found:    tagboat.Found{Kind: kindVersion, As: as, Image: image.Name, Tag: tag, Digest: v.Digest, Commit: v.Revision},
		versions: map[tagboat.ImageName]tagboat.Digest{image.Name: v.Digest},
	}
}

// pinnedAs returns the versions that environments have pinned by a tag or a digest, for what the
// registry does not have any more.
func pinnedAs(arg string, seen sight) []subject {
	var found []subject
	hex := digits(arg)
	for _, s := range seen.document.Services {
		for _, i := range s.Images {
			for _, v := range []tagboat.Observed{{Tag: i.Tag, Digest: i.Pinned}, {Tag: i.RunningTag, Digest: i.Running}} {
				digest := hex != "" && (catalog.IsShortDigest(hex) || len(hex) == 64) && strings.HasPrefix(v.Digest.Hex(), hex)
				if v.Digest == "" || v.Tag != arg && !digest {
					continue
				}
				found = append(found, subject{
					Found:    tagboat.Found{Kind: kindVersion, As: fmt.Sprintf("a version of image %s that is pinned or runs", i.Image), Image: i.Image, Tag: v.Tag, Digest: v.Digest},
					versions: map[tagboat.ImageName]tagboat.Digest{i.Image: v.Digest},
				})
			}
		}
	}
	return found
}
