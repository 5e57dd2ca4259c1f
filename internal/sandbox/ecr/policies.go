package ecr

import (
	"context"
	"encoding/json"

	"github.com/tagboat/tagboat/internal/sandbox/registry"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

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
	if err != nil {
		return old, err
	}
	id, err := in.id(r)
	if err != nil {
		return old, err
	}
	_, err = a.UpdateRepository(id, func(s *registry.Settings) { s.Policy = "" })
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
	if err != nil {
		return old, err
	}
	id, err := in.id(r)
	if err != nil {
		return old, err
	}
	_, err = a.UpdateRepository(id, func(s *registry.Settings) { s.LifecyclePolicy = "" })
	return old, err
}

func (a *API) setPolicy(r *wire.Request, t target, member, text string, set func(*registry.Settings)) (registry.Repository, error) {
	id, err := t.id(r)
	if err != nil {
		return registry.Repository{}, err
	}
	if !json.Valid([]byte(text)) {
		return registry.Repository{}, invalid(member, "Invalid JSON syntax")
	}
	return a.UpdateRepository(id, set)
}

func noPolicy(code, what string, r registry.Repository) error {
	return wire.Errorf(code, "%s does not exist for the repository with name '%s' in the registry with id '%s'", what, r.Name, r.Account)
}
