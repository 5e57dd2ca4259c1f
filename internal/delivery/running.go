package delivery

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/fleet"
)

// Versions returns what runs of images in an environment; of all images that run there where
// none is named. That an image does not run, or that tasks or services do not agree on its
// version, is an error of kind Usage.
func (v View) Versions(ctx context.Context, env tagboat.EnvName, images []tagboat.ImageName) (map[tagboat.ImageName]tagboat.Digest, error) {
	selected := fleet.Selection{Environments: []tagboat.EnvName{env}, Images: images}
	_, document, err := v.services(ctx, selected)
	if err != nil {
		return nil, err
	}
	var unread []error
	for _, e := range document.Errors {
		unread = append(unread, tagboat.Errorf(tagboat.Internal, "what runs in %s could not be read: %s", env, e.Message).WithHint("%s", e.Hint))
	}
	if err := errors.Join(unread...); err != nil {
		return nil, err
	}
	ran := map[tagboat.ImageName]map[tagboat.Digest][]string{}
	for _, s := range document.Services {
		for _, state := range s.Images {
			if (len(images) > 0 && !slices.Contains(images, state.Image)) || s.Healthy == 0 && state.Running == "" {
				continue
			}
			if ran[state.Image] == nil {
				ran[state.Image] = map[tagboat.Digest][]string{}
			}
			ran[state.Image][state.Running] = append(ran[state.Image][state.Running], string(s.Service))
		}
	}
	return agreed(env, ran, images)
}

// agreed returns the one version of each image.
func agreed(env tagboat.EnvName, ran map[tagboat.ImageName]map[tagboat.Digest][]string, images []tagboat.ImageName) (map[tagboat.ImageName]tagboat.Digest, error) {
	versions := map[tagboat.ImageName]tagboat.Digest{}
	var failed []error
	for _, image := range slices.Sorted(maps.Keys(ran)) {
		for _, digest := range slices.Sorted(maps.Keys(ran[image])) {
			versions[image] = digest
		}
		of := ran[image]
		switch {
		case len(of) > 1:
			failed = append(failed, tagboat.Usagef("services of %s run different versions of image %s: %s", env, image, whatRuns(of)).
				WithHint("pin the one that is meant: tagboat pin %s=TAG --env %s", image, env))
		case versions[image] == "":
			failed = append(failed, tagboat.Usagef("which version of image %s runs in %s cannot be told: the tasks of %s do not agree, or do not say", image, env, strings.Join(of[""], ", ")).
				WithHint("wait until they do: tagboat status --env %s", env))
		}
	}
	for _, image := range images {
		if ran[image] == nil {
			failed = append(failed, tagboat.Usagef("the image %s does not run in %s", image, env).WithHint("tagboat status --env %s shows what runs", env))
		}
	}
	if len(ran) == 0 && len(images) == 0 {
		failed = append(failed, tagboat.Usagef("nothing runs in %s that could be pinned", env).WithHint("tagboat status --env %s shows its services", env))
	}
	return versions, errors.Join(failed...)
}

// whatRuns says which services run which version.
func whatRuns(services map[tagboat.Digest][]string) string {
	var parts []string
	for _, digest := range slices.Sorted(maps.Keys(services)) {
		version := digest.Short()
		if version == "" {
			version = "several"
		}
		parts = append(parts, version+" ("+strings.Join(services[digest], ", ")+")")
	}
	return strings.Join(parts, ", ")
}
