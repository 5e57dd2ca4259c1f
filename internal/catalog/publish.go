package catalog

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/history"
	"github.com/tagboat/tagboat/internal/operation"
	"github.com/tagboat/tagboat/internal/publish"
	"github.com/tagboat/tagboat/internal/registry"
)

var _ publish.Registry = (*registry.Client)(nil)

// Publisher pushes images that were built elsewhere.
type Publisher struct{ Tagger }

// PublishRequest says which image comes from where.
type PublishRequest struct {
	Image            tagboat.ImageName
	From             publish.Source
	Dir              string   // the work tree whose commit is its tag
	Tags             []string // instead of the commit and of publish.tags in tagboat.yaml, if any
	CreateRepository bool
	Message          string
	Automation       bool // no person asks: holds and rejections count for tags of stages
	DryRun           bool
	Progress         publish.Progress
}

// Publish pushes an image that was built elsewhere and tags it with the git commit and
// with what publish.tags asks for. It may be repeated: what is there is not sent again.
func (c Publisher) Publish(ctx context.Context, r PublishRequest) (doc tagboat.PublishDocument, err error) {
	image, err := c.Config.Image(string(r.Image))
	if err != nil {
		return doc, err
	}
	doc.Image, doc.Repository, doc.Source = image.Name, image.Repository.Name(), r.From.String()
	tags, err := c.publishTags(ctx, r, &doc)
	if err != nil {
		return doc, err
	}
	dir, err := os.MkdirTemp("", "tagboat-publish-")
	if err != nil {
		return doc, fmt.Errorf("making a directory for what has to be unpacked: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	content, err := r.From.Open(ctx, dir)
	if err != nil {
		return doc, err
	}
	version := image.Repository
	version.Digest, doc.Digest = content.Digest, content.Digest
	if r.Automation {
		if err := c.mayTag(ctx, image.Name, version, tags); err != nil {
			return doc, err
		}
	}
	if r.DryRun {
		doc.Tags, err = c.Retag(ctx, version, tags, true)
		return doc, err
	}
	if err := c.send(ctx, r, image, content, &doc); err != nil {
		return doc, err
	}
	doc.Tags, err = c.Retag(ctx, version, tags, false)
	if err != nil {
		return doc, tagboat.Errorf(tagboat.Internal, "%s is pushed, but not all of its tags were written: %w", version.Pinned(), err).WithHint("%s", tagboat.HintOf(err))
	}
	c.Recorder.Tags(ctx, version, doc.Tags, image.Name, history.Origin{Command: "publish", Message: r.Message})
	return doc, nil
}

// send pushes the content, into a repository that is made first where that was asked.
func (c Publisher) send(ctx context.Context, r PublishRequest, image config.Image, content publish.Content, doc *tagboat.PublishDocument) error {
	if r.CreateRepository {
		created, err := c.createRepository(ctx, image)
		if err != nil {
			return err
		}
		doc.RepositoryCreated = created
	}
	sent, err := publish.Push(ctx, c.Registry, image.Repository, c.neighbours(image.Repository), content, r.Progress)
	doc.LayersSent, doc.LayersThere, doc.BytesSent = sent.Layers, sent.There, sent.Bytes
	return err
}

// neighbours returns the other repositories of the same registry that the configuration
// names.
func (c Publisher) neighbours(repository tagboat.Reference) []tagboat.Reference {
	var others []tagboat.Reference
	for _, image := range c.Config.Images {
		if image.Repository.Host == repository.Host && image.Repository.Name() != repository.Name() {
			others = append(others, image.Repository)
		}
	}
	slices.SortFunc(others, func(a, b tagboat.Reference) int { return strings.Compare(a.Name(), b.Name()) })
	return slices.Compact(others)
}

// publishTags returns the tags that were asked for, or else the commit and those of
// publish.tags.
func (c Publisher) publishTags(ctx context.Context, r PublishRequest, doc *tagboat.PublishDocument) ([]string, error) {
	if len(r.Tags) > 0 {
		return r.Tags, nil
	}
	commit, err := publish.ReadCommit(ctx, r.Dir)
	if err != nil {
		return nil, err
	}
	doc.Commit, doc.Dirty = commit.Hash, commit.Dirty
	if commit.Dirty {
		operation.Tell(ctx, Dirty{commit.Tag()})
	}
	names := map[string]string{
		"app": c.Config.App, "image": string(r.Image), "commit": commit.Tag(), "short": strings.Replace(commit.Tag(), commit.Hash, commit.Hash[:7], 1), "branch": commit.Branch,
	}
	patterns := append([]config.TagPattern{"{commit}"}, c.Config.Publish.Tags...)
	return config.ExpandTags(patterns, names, time.Now()), nil
}

// exclusions is how many tags ECR lets move in a repository of immutable ones.
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html
const exclusions = 5

// createRepository makes the image's repository, in which nothing moves but the tags of
// stages that have to.
func (c Publisher) createRepository(ctx context.Context, image config.Image) (created bool, err error) {
	api, account, ok := c.Access.ECR(image.Repository)
	if !ok {
		return false, tagboat.Usagef("%s is not in Amazon ECR, and only there repositories can be created", image.Repository.Name()).
			At(image.Where).WithHint("leave out --create-repository: many registries create one at the first push")
	}
	moving := MovingTags(c.Config, image)
	if len(moving) > exclusions {
		return false, tagboat.Usagef("the tags of the stages and of publish.tags that move are %d, and ECR lets %d of them move", len(moving), exclusions).
			WithHint("create the repository by hand, or put {time} into some of them: %s", strings.Join(moving, ", "))
	}
	created, err = api.CreateRepository(ctx, account, image.Repository.Repository, moving)
	if created {
		operation.Tell(ctx, RepositoryCreated{image.Repository.Name(), strings.Join(moving, ", ")})
	}
	return created, err
}

// anyBranch stands for a branch in a tag that is made into a filter.
const anyBranch = "ANY_BRANCH"

// MovingTags returns the tags of all environments that move in an image's repository, and those of
// publish.tags, with * for a branch.
func MovingTags(c *config.Config, image config.Image) []string {
	var tags []string
	for _, env := range c.SortedEnvironments() {
		names := c.TagNames(env, tagboat.Pin{Image: image.Name})
		tags = append(tags, config.ExpandTags(moving(c.StageOf(env).Tags), names, time.Time{})...)
	}
	for _, tag := range config.ExpandTags(moving(c.Publish.Tags), map[string]string{
		"app": c.App, "image": string(image.Name), "branch": anyBranch,
	}, time.Time{}) {
		tags = append(tags, strings.ReplaceAll(tag, anyBranch, "*"))
	}
	slices.Sort(tags)
	return slices.Compact(tags)
}

func moving(patterns []config.TagPattern) []config.TagPattern {
	return slices.DeleteFunc(slices.Clone(patterns), func(p config.TagPattern) bool { return !p.Moves() })
}
