package ecr

import (
	"context"

	"github.com/tagboat/tagboat/internal/sandbox/registry"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

type putImageInput struct {
	target
	Manifest  string `json:"imageManifest"`
	MediaType string `json:"imageManifestMediaType"`
	Tag       string `json:"imageTag"`
	Digest    string `json:"imageDigest"`
}

type putImageOutput struct {
	Image image `json:"image"`
}

// putImage pushes a manifest or puts another tag on one. Unlike a push through the
// registry it needs the repository to be there, and something to change: where image
// and tag are there as asked the answer is ImageAlreadyExistsException, or, if the
// tag cannot move, ImageTagAlreadyExistsException.
func (a *API) putImage(_ context.Context, r *wire.Request, in putImageInput) (putImageOutput, error) {
	repo, err := a.repository(r, in.target)
	if err != nil {
		return putImageOutput{}, err
	}
	if in.Tag != "" && !registry.ValidTag(in.Tag) {
		return putImageOutput{}, invalid("imageTag", "must satisfy regular expression '[a-zA-Z0-9_][a-zA-Z0-9._-]{0,299}'")
	}
	put, changed, err := a.PutManifest(repo.RepositoryID, registry.Put{
		Manifest:  []byte(in.Manifest),
		MediaType: in.MediaType,
		Tag:       in.Tag,
		Digest:    registry.Digest(in.Digest),
	})
	if err != nil {
		return putImageOutput{}, err
	}
	if !changed {
		return putImageOutput{}, alreadyExists(repo, put.Digest, in.Tag)
	}
	return putImageOutput{image{
		target:    targetOf(repo.RepositoryID),
		ID:        imageID{Digest: string(put.Digest), Tag: in.Tag},
		Manifest:  in.Manifest,
		MediaType: put.MediaType,
	}}, nil
}

func alreadyExists(r registry.Repository, d registry.Digest, tag string) error {
	which := "'" + string(d) + "'"
	if tag != "" {
		which += " and tag '" + tag + "'"
	}
	return wire.Errorf("ImageAlreadyExistsException",
		"Image with digest %s already exists in the repository with name '%s' in registry with id '%s'", which, r.Name, r.Account)
}
