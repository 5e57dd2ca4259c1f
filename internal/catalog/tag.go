package catalog

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/history"
)

// Tagger puts tags on versions.
type Tagger struct {
	*Catalog
	Recorder *history.Recorder
	Holds    Holds
}

// Holds are what automation leaves alone.
type Holds interface {
	// MayTag returns an error of kind Blocked where automation must not put tags on a version.
	MayTag(ctx context.Context, image tagboat.ImageName, version tagboat.Reference, tags []string) error
}

// TagRequest says which version gets which tags.
type TagRequest struct {
	Version ImageArg
	Tags    []string
	Message string
	// Automation says that no person asks: holds and rejections count for tags of stages.
	Automation bool
	DryRun     bool
}

// Tag puts tags on a version without pulling it. A tag that the version has already
// stays as it is, and one of another version moves. An error of kind Usage means that
// nothing was changed.
func (c Tagger) Tag(ctx context.Context, r TagRequest) (tagboat.TagDocument, error) {
	picks, err := c.Find(ctx, []ImageArg{r.Version})
	if err != nil {
		return tagboat.TagDocument{}, err
	}
	version := picks[r.Version.Image].Version.Reference
	if r.Automation {
		if err := c.mayTag(ctx, r.Version.Image, version, r.Tags); err != nil {
			return tagboat.TagDocument{}, err
		}
	}
	changes, err := c.Retag(ctx, version, r.Tags, r.DryRun)
	if err == nil && !r.DryRun {
		c.Recorder.Tags(ctx, version, changes, r.Version.Image, history.Origin{Command: "tag", Message: r.Message})
	}
	return tagboat.TagDocument{
		Image: r.Version.Image, Repository: version.Name(), Digest: version.Digest, Tags: tagboat.List(changes),
	}, err
}

// mayTag returns an error where automation must not put those of the tags on a version that
// it does not have yet.
func (c Tagger) mayTag(ctx context.Context, image tagboat.ImageName, version tagboat.Reference, tags []string) error {
	changes, err := c.Retag(ctx, version, tags, true)
	if err != nil {
		return err
	}
	var changed []string
	for _, change := range changes {
		if change.Changed {
			changed = append(changed, change.Tag)
		}
	}
	return c.Holds.MayTag(ctx, image, version, changed)
}

// Retag puts tags on a version, and first those that have to move: where the repository
// does not let them, nothing was changed.
func (c *Catalog) Retag(ctx context.Context, version tagboat.Reference, tags []string, dryRun bool) ([]tagboat.TagChange, error) {
	var changes []tagboat.TagChange
	for _, tag := range tags {
		ref := version
		ref.Tag, ref.Digest = tag, ""
		was, err := c.Registry.Digest(ctx, ref)
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
		if err := c.putTag(ctx, version, change.Tag); err != nil {
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
	return tagboat.Errorf(tagboat.Internal, "%w (done before: %s)", err, strings.Join(done, ", ")).WithHint("%s", tagboat.HintOf(err))
}

// putTag asks ECR where the image lies there, and else the registry.
func (c *Catalog) putTag(ctx context.Context, version tagboat.Reference, tag string) error {
	if api, account, ok := c.Access.ECR(version); ok {
		return api.Tag(ctx, account, version, tag)
	}
	return c.Registry.Tag(ctx, version, tag)
}

// Changed says which tags changed, for people.
func Changed(changes []tagboat.TagChange) string {
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
