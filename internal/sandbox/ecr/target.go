package ecr

import (
	"regexp"
	"sync"

	"github.com/tagboat/tagboat/internal/sandbox/registry"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// target is the repository that a request or an answer is about.
type target struct {
	RegistryID     string `json:"registryId,omitempty"`
	RepositoryName string `json:"repositoryName,omitempty"`
}

var accountPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9]{12}$`) })

// id returns the repository, whether it exists or not.
func (t target) id(r *wire.Request) (registry.RepositoryID, error) {
	scope, err := registryScope(r, t.RegistryID)
	if err != nil {
		return registry.RepositoryID{}, err
	}
	if !registry.ValidRepository(t.RepositoryName) {
		return registry.RepositoryID{}, invalid("repositoryName",
			"must satisfy regular expression '(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*'")
	}
	return registry.RepositoryID{Scope: scope, Name: t.RepositoryName}, nil
}

// repository returns the repository, which has to exist.
func (a *API) repository(r *wire.Request, t target) (registry.Repository, error) {
	id, err := t.id(r)
	if err != nil {
		return registry.Repository{}, err
	}
	return a.Repository(id)
}

func registryScope(r *wire.Request, registryID string) (wire.Scope, error) {
	scope := r.Caller.Scope
	if registryID != "" {
		if !accountPattern().MatchString(registryID) {
			return wire.Scope{}, invalid("registryId", "must satisfy regular expression '[0-9]{12}'")
		}
		scope.Account = registryID
	}
	return scope, nil
}

func targetOf(id registry.RepositoryID) target { return target{id.Account, id.Name} }
