package app

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/cloud"
	"github.com/tagboat/tagboat/internal/registry"
)

// TagRequest says which version gets which tags.
type TagRequest struct {
	Version ImageArg
	Tags    []string
	Message string
	DryRun  bool
}

// Tag puts tags on a version without pulling it. A tag that the version has already
// stays as it is, and one of another version moves. An error of kind Usage means that
// nothing was changed.
func (a *App) Tag(ctx context.Context, r TagRequest) (tagboat.TagDocument, error) {
	found, err := a.resolve(ctx, []ImageArg{r.Version})
	if err != nil {
		return tagboat.TagDocument{}, err
	}
	version := found[r.Version.Image]
	changes, err := a.retag(ctx, version, r.Tags, r.DryRun)
	if err == nil && !r.DryRun {
		a.recordTags(ctx, version, changes, r.Version.Image, reason{"tag", r.Message})
	}
	return tagboat.TagDocument{
		Image: r.Version.Image, Repository: version.Name(), Digest: version.Digest, Tags: some(changes),
	}, err
}

// retag puts tags on a version, and first those that have to move: where the repository
// does not let them, nothing was changed.
func (a *App) retag(ctx context.Context, version tagboat.Reference, tags []string, dryRun bool) ([]tagboat.TagChange, error) {
	var changes []tagboat.TagChange
	for _, tag := range tags {
		ref := version
		ref.Tag, ref.Digest = tag, ""
		was, err := a.registry.Digest(ctx, ref)
		if err != nil {
			return nil, err
		}
		changes = append(changes, tagboat.TagChange{Tag: tag, Was: was, Changed: was != version.Digest})
	}
	if dryRun {
		return changes, nil
	}
	inOrder := slices.Clone(changes)
	slices.SortStableFunc(inOrder, func(x, y tagboat.TagChange) int { return len(y.Was) - len(x.Was) })
	var done []string
	for _, change := range inOrder {
		if !change.Changed {
			continue
		}
		if err := a.putTag(ctx, version, change.Tag); err != nil {
			return changes, afterOthers(err, done)
		}
		done = append(done, change.Tag)
	}
	return changes, nil
}

// afterOthers says what was done before something failed.
func afterOthers(err error, done []string) error {
	if len(done) == 0 {
		return err
	}
	return tagboat.Errorf(tagboat.Internal, "%w (done before: %s)", err, strings.Join(done, ", ")).WithHint("%s", hintOf(err))
}

// putTag asks ECR where the image lies there, and else the registry.
func (a *App) putTag(ctx context.Context, version tagboat.Reference, tag string) error {
	if api, account, ok := a.ecrOf(version); ok {
		return api.Tag(ctx, account, version, tag)
	}
	return a.registry.Tag(ctx, version, tag)
}

// ecrOf returns the API of the ECR that a repository lies in, with the account whose
// registry it is; "" is the caller's own. An endpoint that AWS_ENDPOINT_URL names is
// taken for the registry too where a repository has its host, as in the sandbox.
func (a *App) ecrOf(ref tagboat.Reference) (api *cloud.ECR, account string, ok bool) {
	at, ok := a.registryPlace(ref)
	if !ok {
		return nil, "", false
	}
	account, _, _ = registry.ParseECRHost(ref.Host)
	return a.cloud.At(at).ECR(), account, true
}

// registryPlace returns where the ECR is that a repository lies in, as we reach it: with
// our own credentials.
func (a *App) registryPlace(ref tagboat.Reference) (cloud.Place, bool) {
	_, region, ok := registry.ParseECRHost(ref.Host)
	return cloud.Place{Region: region}, ok || ref.Host != "" && ref.Host == a.cloud.EndpointHost()
}

// tagged says which tags changed, for people.
func tagged(changes []tagboat.TagChange) string {
	var said []string
	for _, change := range changes {
		switch {
		case !change.Changed:
		case change.Was == "":
			said = append(said, change.Tag)
		default:
			said = append(said, fmt.Sprintf("%s (was on %s)", change.Tag, change.Was.Short()))
		}
	}
	return strings.Join(said, ", ")
}
