package registry

import (
	"errors"
	"slices"
	"strings"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// CreateRepository adds a repository, or answers an *Error of kind NameInvalid or
// RepositoryExists.
func (s *Store) CreateRepository(id RepositoryID, settings Settings) (Repository, error) {
	if !ValidRepository(id.Name) {
		return Repository{}, faultf(NameInvalid, "%q is not a repository name", id.Name)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.repositories[id]; ok {
		return Repository{}, faultf(RepositoryExists, "The repository with name '%s' already exists in the registry with id '%s'", id.Name, id.Account)
	}
	r := newRepository(id, s.clock.Now(), settings)
	s.repositories[id] = r
	return r.Repository, nil
}

// Repository returns a repository, or an *Error of kind RepositoryUnknown.
func (s *Store) Repository(id RepositoryID) (Repository, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	r, err := s.find(id)
	if err != nil {
		return Repository{}, err
	}
	return r.Repository, nil
}

// Repositories returns the repositories of an account and region, sorted by name.
func (s *Store) Repositories(scope wire.Scope) []Repository {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var all []Repository
	for id, r := range s.repositories {
		if id.Scope == scope {
			all = append(all, r.Repository)
		}
	}
	slices.SortFunc(all, func(a, b Repository) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// UpdateRepository changes a repository's settings. Maps and slices in them must be
// replaced, not changed: others may be reading them.
func (s *Store) UpdateRepository(id RepositoryID, change func(*Settings)) (Repository, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.find(id)
	if err != nil {
		return Repository{}, err
	}
	change(&r.Settings)
	return r.Repository, nil
}

// DeleteRepository removes a repository and what only it holds. One with images
// goes by force only; the *Error is of kind RepositoryNotEmpty otherwise.
func (s *Store) DeleteRepository(id RepositoryID, force bool) (Repository, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.find(id)
	if err != nil {
		return Repository{}, err
	}
	if len(r.images) > 0 && !force {
		return Repository{}, faultf(RepositoryNotEmpty,
			"The repository with name '%s' in registry with id '%s' cannot be deleted because it still contains images", id.Name, id.Account)
	}
	delete(s.repositories, id)
	var failed []error
	for d := range r.images {
		failed = append(failed, s.release(d))
	}
	for d := range r.blobs {
		failed = append(failed, s.release(d))
	}
	return r.Repository, errors.Join(failed...)
}

// names returns the names of all repositories of all scopes, each once.
func (s *Store) names() *sortedNames {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var names sortedNames
	for id := range s.repositories {
		names.add(id.Name)
	}
	return &names
}
