package pinning

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/catalog"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/operation"
)

// StageTags puts the tags of stages on what is pinned in their environments.
type StageTags struct {
	*Writer
	Catalog *catalog.Catalog
}

// Keep puts the tags of an environment's stage on the versions that were pinned in
// it. It may be repeated: a tag with a time in it has that of the pin. Images of other
// people's registries get none.
func (s StageTags) Keep(ctx context.Context, env config.Environment, pins []tagboat.Pin) error {
	stage := s.Fleet.Config.StageOf(env)
	if len(stage.Tags) == 0 {
		return nil
	}
	if slices.ContainsFunc(stage.Tags, func(p config.TagPattern) bool { return !p.Moves() }) {
		var images []tagboat.ImageName
		for _, pin := range pins {
			images = append(images, pin.Image)
		}
		book, err := s.Access.Ledger(env).Audit(ctx, s.Fleet.Layout().Holding(env, images)...)
		if err != nil {
			return err
		}
		pins = slices.DeleteFunc(book.Pins(env.Name), func(pin tagboat.Pin) bool { return !slices.Contains(images, pin.Image) })
	}
	var failed []error
	said := catalog.NewTags{Environment: env.Name}
	for _, pin := range pins {
		version := pin.Reference()
		if !s.ours(version) {
			continue
		}
		changes, err := s.keepOf(ctx, stage, env, pin)
		if err != nil {
			failed = append(failed, tagboat.Errorf(tagboat.Internal, "%s is pinned in %s, but not all of its tags were written: %w", pin.Image, env.Name, err).
				WithHint("%s", tagboat.HintOf(err)))
			continue
		}
		said.Add(pin.Image, changes)
	}
	if len(said.Images) > 0 {
		operation.Tell(ctx, said)
	}
	return errors.Join(failed...)
}

func (s StageTags) keepOf(ctx context.Context, stage config.Stage, env config.Environment, pin tagboat.Pin) ([]tagboat.TagChange, error) {
	tags, err := s.tags(ctx, stage, env, pin)
	if err != nil {
		return nil, err
	}
	return s.Catalog.Retag(ctx, pin.Reference(), tags, false)
}

// tags returns the tags that a pin gets in a stage, each once.
func (s StageTags) tags(ctx context.Context, stage config.Stage, env config.Environment, pin tagboat.Pin) ([]string, error) {
	at := s.Access.Session(env).Now()
	if pin.SetAt != nil {
		at = *pin.SetAt
	}
	var tags []string
	for _, pattern := range stage.Tags {
		for _, tag := range config.ExpandTags([]config.TagPattern{pattern}, s.Fleet.Config.TagNames(env, pin), at) {
			if !pattern.Moves() {
				free, err := s.freeTag(ctx, pin.Reference(), tag)
				if err != nil {
					return nil, err
				}
				tag = free
			}
			if !slices.Contains(tags, tag) {
				tags = append(tags, tag)
			}
		}
	}
	return tags, nil
}

// pinsAtOnce bounds how many versions may share what a tag says of its time.
const pinsAtOnce = 20

// freeTag returns the tag, or the next of its name with a number behind it, that stands
// for no other version: what was tagged with its time keeps that tag, though a layout is
// coarser than the pins are frequent.
func (s StageTags) freeTag(ctx context.Context, version tagboat.Reference, tag string) (string, error) {
	for n := 1; n <= pinsAtOnce; n++ {
		free := version
		free.Tag, free.Digest = tag, ""
		if n > 1 {
			free.Tag = fmt.Sprintf("%s-%d", tag[:min(len(tag), longestTag-3)], n)
		}
		is, err := s.Catalog.Registry.Digest(ctx, free)
		if err != nil {
			return "", err
		}
		if is == "" || is == version.Digest {
			return free.Tag, nil
		}
	}
	return "", tagboat.Errorf(tagboat.Internal, "%s and %d more tags of its name stand for other versions", tag, pinsAtOnce-1).
		WithHint("give the stage's tag a finer time, such as {time:20060102-150405}")
}

// longestTag is in characters.
// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests
const longestTag = 128

// ours reports whether tags may be put there: in the registry of tagboat.yaml, or in any
// private one of ECR.
func (s StageTags) ours(ref tagboat.Reference) bool {
	_, _, private := tagboat.ParseECRHost(ref.Host)
	return private || ref.Host != "" && ref.Host == s.Fleet.Config.Registry
}
