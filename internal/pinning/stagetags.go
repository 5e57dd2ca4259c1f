package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/registry"
)

// keepTags puts the tags of an environment's stage on the versions that were pinned in
// it. It may be repeated: a tag with a time in it has that of the pin. Images of other
// people's registries get none.
func (a *App) keepTags(ctx context.Context, env config.Environment, pins []tagboat.Pin) error {
	stage := a.stage(env)
	if len(stage.Tags) == 0 {
		return nil
	}
	if slices.ContainsFunc(stage.Tags, func(p config.TagPattern) bool { return !p.Moves() }) {
		book, err := a.ledger(env).Audit(ctx, a.groups(env)...)
		if err != nil {
			return err
		}
		pins = audited(pins, book.Pins(env.Name))
	}
	var failed []error
	for _, pin := range pins {
		version := pin.Reference()
		if !a.ours(version) {
			continue
		}
		changes, err := a.keepTagsOf(ctx, stage, env, pin)
		if err != nil {
			failed = append(failed, tagboat.Errorf(tagboat.Internal, "%s is pinned in %s, and its tags are not all put: %w", pin.Image, env.Name, err).
				WithHint("%s", hintOf(err)))
			continue
		}
		if said := tagged(changes); said != "" {
			a.notice(fmt.Sprintf("%s has new tags: %s", pin.Image, said))
		}
	}
	return errors.Join(failed...)
}

// audited returns pins with who set them and when.
func audited(pins, known []tagboat.Pin) []tagboat.Pin {
	var found []tagboat.Pin
	for _, pin := range known {
		if slices.ContainsFunc(pins, func(p tagboat.Pin) bool { return p.Image == pin.Image }) {
			found = append(found, pin)
		}
	}
	return found
}

func (a *App) keepTagsOf(ctx context.Context, stage config.Stage, env config.Environment, pin tagboat.Pin) ([]tagboat.TagChange, error) {
	tags, err := a.stageTags(ctx, stage, env, pin)
	if err != nil {
		return nil, err
	}
	return a.retag(ctx, pin.Reference(), tags, false)
}

// stageTags returns the tags that a pin gets in a stage, each once.
func (a *App) stageTags(ctx context.Context, stage config.Stage, env config.Environment, pin tagboat.Pin) ([]string, error) {
	at := a.session(env).Now()
	if pin.SetAt != nil {
		at = *pin.SetAt
	}
	var tags []string
	for _, pattern := range stage.Tags {
		for _, tag := range expand([]config.TagPattern{pattern}, a.tagNames(env, pin), at) {
			if !pattern.Moves() {
				free, err := a.freeTag(ctx, pin.Reference(), tag)
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
func (a *App) freeTag(ctx context.Context, version tagboat.Reference, tag string) (string, error) {
	for n := 1; n <= pinsAtOnce; n++ {
		free := version
		free.Tag, free.Digest = tag, ""
		if n > 1 {
			free.Tag = fmt.Sprintf("%s-%d", tag[:min(len(tag), longestTag-3)], n)
		}
		is, err := a.registry.Digest(ctx, free)
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

func (a *App) tagNames(env config.Environment, pin tagboat.Pin) map[string]string {
	return map[string]string{
		"app": a.config.App, "stage": string(env.Stage), "environment": string(env.Name), "tenant": env.Tenant,
		"image": string(pin.Image), "tag": pin.Tag, "digest": pin.Digest.Short(),
	}
}

func expand(patterns []config.TagPattern, names map[string]string, at time.Time) []string {
	var tags []string
	for _, pattern := range patterns {
		if tag := pattern.Expand(names, at); tag != "" && !slices.Contains(tags, tag) {
			tags = append(tags, tag)
		}
	}
	return tags
}

// ours tells whether tags may be put there: in the registry of tagboat.yaml, or in any
// private one of ECR.
func (a *App) ours(ref tagboat.Reference) bool {
	_, _, private := registry.ParseECRHost(ref.Host)
	return private || ref.Host != "" && ref.Host == a.config.Registry
}

// stage returns an environment's stage.
func (a *App) stage(env config.Environment) config.Stage {
	for _, stage := range a.config.Stages {
		if stage.Name == env.Stage {
			return stage
		}
	}
	return config.Stage{Name: env.Stage}
}

func hintOf(err error) string {
	var e *tagboat.Error
	if errors.As(err, &e) && e.Hint != "" {
		return e.Hint
	}
	return "do it again: what is done is not done twice"
}
