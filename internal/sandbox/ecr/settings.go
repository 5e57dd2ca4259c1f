package ecr

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/tagboat/tagboat/internal/sandbox/registry"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// tag is a tag of a repository, which has nothing to do with those of images.
type tag struct {
	Key   string `json:"Key"`
	Value string `json:"Value"`
}

// withTags returns a copy of old with tags added and replaced.
func withTags(old map[string]string, tags []tag) (map[string]string, error) {
	merged := map[string]string{}
	maps.Copy(merged, old)
	for _, t := range tags {
		if t.Key == "" || len(t.Key) > 128 || len(t.Value) > 256 {
			return nil, wire.Errorf("InvalidTagParameterException", "Tag keys have 1 to 128 characters and tag values up to 256")
		}
		merged[t.Key] = t.Value
	}
	if len(merged) > 50 {
		return nil, wire.Errorf("TooManyTagsException", "A repository has at most 50 tags")
	}
	return merged, nil
}

// resource is a repository named by its ARN.
type resource struct {
	ARN string `json:"resourceArn"`
}

func (r resource) id() (registry.RepositoryID, error) {
	parts := strings.SplitN(r.ARN, ":", 6)
	if len(parts) == 6 && parts[0] == "arn" && parts[2] == "ecr" {
		if name, ok := strings.CutPrefix(parts[5], "repository/"); ok {
			return registry.RepositoryID{Scope: wire.Scope{Account: parts[4], Region: parts[3]}, Name: name}, nil
		}
	}
	return registry.RepositoryID{}, invalid("resourceArn", "must be the ARN of a repository")
}

type nothing struct{}

type tagResourceInput struct {
	resource
	Tags []tag `json:"tags"`
}

func (a *API) tagResource(_ context.Context, _ *wire.Request, in tagResourceInput) (nothing, error) {
	return nothing{}, a.retag(in.resource, func(old map[string]string) (map[string]string, error) {
		return withTags(old, in.Tags)
	})
}

type untagResourceInput struct {
	resource
	Keys []string `json:"tagKeys"`
}

func (a *API) untagResource(_ context.Context, _ *wire.Request, in untagResourceInput) (nothing, error) {
	return nothing{}, a.retag(in.resource, func(old map[string]string) (map[string]string, error) {
		left := maps.Clone(old)
		maps.DeleteFunc(left, func(key, _ string) bool { return slices.Contains(in.Keys, key) })
		return left, nil
	})
}

func (a *API) retag(what resource, change func(map[string]string) (map[string]string, error)) error {
	id, err := what.id()
	if err != nil {
		return err
	}
	var refused error
	_, err = a.UpdateRepository(id, func(s *registry.Settings) {
		var tags map[string]string
		if tags, refused = change(s.Tags); refused == nil {
			s.Tags = tags
		}
	})
	if err != nil {
		return err
	}
	return refused
}

type listTagsOutput struct {
	Tags []tag `json:"tags"`
}

func (a *API) listTagsForResource(_ context.Context, _ *wire.Request, in resource) (listTagsOutput, error) {
	out := listTagsOutput{Tags: []tag{}}
	id, err := in.id()
	if err != nil {
		return out, err
	}
	repo, err := a.Repository(id)
	for _, key := range slices.Sorted(maps.Keys(repo.Tags)) {
		out.Tags = append(out.Tags, tag{key, repo.Tags[key]})
	}
	return out, err
}

type repositoryPolicy struct {
	target
	Text string `json:"policyText"`
}

func (a *API) setRepositoryPolicy(_ context.Context, r *wire.Request, in repositoryPolicy) (repositoryPolicy, error) {
	repo, err := a.setPolicy(r, in.target, "policyText", in.Text, func(s *registry.Settings) { s.Policy = in.Text })
	return repositoryPolicy{targetOf(repo.RepositoryID), repo.Policy}, err
}

func (a *API) getRepositoryPolicy(_ context.Context, r *wire.Request, in target) (repositoryPolicy, error) {
	repo, err := a.repository(r, in)
	if err == nil && repo.Policy == "" {
		err = noPolicy("RepositoryPolicyNotFoundException", "Repository policy", repo)
	}
	return repositoryPolicy{targetOf(repo.RepositoryID), repo.Policy}, err
}

func (a *API) deleteRepositoryPolicy(ctx context.Context, r *wire.Request, in target) (repositoryPolicy, error) {
	old, err := a.getRepositoryPolicy(ctx, r, in)
	if err == nil {
		_, err = a.change(r, in, func(s *registry.Settings) { s.Policy = "" })
	}
	return old, err
}

type lifecyclePolicy struct {
	target
	Text string `json:"lifecyclePolicyText"`
}

func (a *API) putLifecyclePolicy(_ context.Context, r *wire.Request, in lifecyclePolicy) (lifecyclePolicy, error) {
	repo, err := a.setPolicy(r, in.target, "lifecyclePolicyText", in.Text, func(s *registry.Settings) { s.LifecyclePolicy = in.Text })
	return lifecyclePolicy{targetOf(repo.RepositoryID), repo.LifecyclePolicy}, err
}

func (a *API) getLifecyclePolicy(_ context.Context, r *wire.Request, in target) (lifecyclePolicy, error) {
	repo, err := a.repository(r, in)
	if err == nil && repo.LifecyclePolicy == "" {
		err = noPolicy("LifecyclePolicyNotFoundException", "Lifecycle policy", repo)
	}
	return lifecyclePolicy{targetOf(repo.RepositoryID), repo.LifecyclePolicy}, err
}

func (a *API) deleteLifecyclePolicy(ctx context.Context, r *wire.Request, in target) (lifecyclePolicy, error) {
	old, err := a.getLifecyclePolicy(ctx, r, in)
	if err == nil {
		_, err = a.change(r, in, func(s *registry.Settings) { s.LifecyclePolicy = "" })
	}
	return old, err
}

func (a *API) setPolicy(r *wire.Request, t target, member, text string, set func(*registry.Settings)) (registry.Repository, error) {
	if _, err := t.id(r); err == nil && !json.Valid([]byte(text)) {
		return registry.Repository{}, invalid(member, "Invalid JSON syntax")
	}
	return a.change(r, t, set)
}

// change sets what belongs to a repository.
func (a *API) change(r *wire.Request, t target, set func(*registry.Settings)) (registry.Repository, error) {
	id, err := t.id(r)
	if err != nil {
		return registry.Repository{}, err
	}
	return a.UpdateRepository(id, set)
}

func noPolicy(code, what string, r registry.Repository) error {
	return wire.Errorf(code, "%s does not exist for the repository with name '%s' in the registry with id '%s'", what, r.Name, r.Account)
}
