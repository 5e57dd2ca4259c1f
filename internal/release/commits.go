package release

import (
	"cmp"
	"context"
	"net/url"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/catalog"
	"github.com/tagboat/tagboat/internal/registry"
)

// sourceKey says where the sources of an image are.
// https://github.com/opencontainers/image-spec/blob/v1.1.1/annotations.md#pre-defined-annotation-keys
const sourceKey = "org.opencontainers.image.source"

// AddCommits fills in which commits lie between versions. What cannot be looked at is left out.
func (r *Releases) AddCommits(ctx context.Context, diffs []tagboat.ReleaseImageDiff) {
	var group errgroup.Group
	group.SetLimit(catalog.AtOnce)
	versions := make([]registry.Version, 2*len(diffs))
	for i, d := range diffs {
		for side, version := range []tagboat.Observed{d.From, d.To} {
			group.Go(func() error {
				versions[2*i+side] = r.versionOf(ctx, d.Image, version)
				return nil
			})
		}
	}
	_ = group.Wait()
	for i := range diffs {
		from, to := versions[2*i], versions[2*i+1]
		if from.Revision != "" && to.Revision != "" && from.Revision != to.Revision {
			diffs[i].Commits = from.Revision + ".." + to.Revision
			diffs[i].Link = compareAddress(sourceOf(to), from.Revision, to.Revision)
		}
	}
}

// compareAddress returns where two commits can be compared, and "" where the source is not an
// address of the web. GitHub, GitLab and Gitea have the same address for that.
// https://docs.github.com/en/repositories/viewing-activity-and-data-for-your-repository/comparing-commits
// https://support.atlassian.com/bitbucket-cloud/docs/compare-branches-tags-and-commits/
func compareAddress(source, from, to string) string {
	at := repository(source)
	if at == nil {
		return ""
	}
	from, to = url.PathEscape(from), url.PathEscape(to)
	if at.Host == "bitbucket.org" {
		return at.String() + "/branches/compare/" + to + ".." + from
	}
	return at.String() + "/compare/" + from + "..." + to
}

// commitAddress returns where a commit can be looked at, and "" where the source is not an address of
// the web.
func commitAddress(source, commit string) string {
	at := repository(source)
	switch {
	case at == nil || commit == "":
		return ""
	case at.Host == "bitbucket.org":
		return at.String() + "/commits/" + url.PathEscape(commit)
	default:
		return at.String() + "/commit/" + url.PathEscape(commit)
	}
}

// repository returns the address of a repository's page; nil where the source is none of the web.
func repository(source string) *url.URL {
	if rest, ok := strings.CutPrefix(source, "git@"); ok {
		source = "https://" + strings.Replace(rest, ":", "/", 1)
	}
	u, err := url.Parse(strings.TrimPrefix(source, "git+"))
	if err != nil || u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") == "" {
		return nil
	}
	return &url.URL{Scheme: "https", Host: u.Host, Path: strings.TrimSuffix(strings.TrimRight(u.Path, "/"), ".git")}
}

// Commit returns the git commit that a version of an image was built from, and where it can be looked
// at; both are "" where the image does not say, or cannot be read.
func (r *Releases) Commit(ctx context.Context, image tagboat.ImageName, version tagboat.Observed) (commit, link string) {
	known := r.versionOf(ctx, image, version)
	return known.Revision, commitAddress(sourceOf(known), known.Revision)
}

// versionOf returns what the registry says of a version of an image; the zero value where it is gone, or
// cannot be read.
func (r *Releases) versionOf(ctx context.Context, image tagboat.ImageName, version tagboat.Observed) registry.Version {
	ref := r.Fleet.Config.Images[image].Repository
	if ref.Tag, ref.Digest = version.Tag, version.Digest; ref.Repository == "" || ref.Digest == "" {
		return registry.Version{}
	}
	known, err := r.Catalog.Registry.ResolveListed(ctx, ref)
	if err != nil {
		return registry.Version{}
	}
	return known
}

// sourceOf returns where the sources of a version are; "" where it does not say.
func sourceOf(v registry.Version) string {
	return cmp.Or(v.Labels[sourceKey], v.Annotations[sourceKey])
}
