package ecr

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/tagboat/tagboat/internal/sandbox/registry"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// repository is ECR's record of one.
// https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_Repository.html
type repository struct {
	target
	ARN        string             `json:"repositoryArn"`
	URI        string             `json:"repositoryUri"` // HOST:PORT/name, by the host of the request
	CreatedAt  wire.Time          `json:"createdAt"`
	Scanning   scanConfiguration  `json:"imageScanningConfiguration"`
	Encryption encryptionSettings `json:"encryptionConfiguration"`
	mutability
}

type encryptionSettings struct {
	Type   string `json:"encryptionType,omitempty"`
	KMSKey string `json:"kmsKey,omitempty"`
}

func describe(r registry.Repository, host string) repository {
	return repository{
		target:     targetOf(r.RepositoryID),
		ARN:        r.ARN(),
		URI:        host + "/" + r.Name,
		CreatedAt:  wire.At(r.CreatedAt),
		Scanning:   scanConfiguration{r.ScanOnPush},
		Encryption: encryptionSettings{r.EncryptionType, r.KMSKey},
		mutability: mutabilityOf(r.Settings),
	}
}

type createRepositoryInput struct {
	target
	mutability
	Scanning   scanConfiguration  `json:"imageScanningConfiguration"`
	Encryption encryptionSettings `json:"encryptionConfiguration"`
	Tags       []tag              `json:"tags"`
}

type repositoryOutput struct {
	Repository repository `json:"repository"`
}

func (a *API) createRepository(_ context.Context, r *wire.Request, in createRepositoryInput) (repositoryOutput, error) {
	id, err := in.id(r)
	if err != nil {
		return repositoryOutput{}, err
	}
	settings := registry.Settings{
		ScanOnPush:     in.Scanning.ScanOnPush,
		EncryptionType: in.Encryption.Type,
		KMSKey:         in.Encryption.KMSKey,
	}
	if err := in.apply(&settings); err != nil {
		return repositoryOutput{}, err
	}
	if settings.Tags, err = withTags(nil, in.Tags); err != nil {
		return repositoryOutput{}, err
	}
	created, err := a.CreateRepository(id, settings)
	return repositoryOutput{describe(created, r.Host)}, err
}

type deleteRepositoryInput struct {
	target
	Force bool `json:"force"`
}

func (a *API) deleteRepository(_ context.Context, r *wire.Request, in deleteRepositoryInput) (repositoryOutput, error) {
	id, err := in.id(r)
	if err != nil {
		return repositoryOutput{}, err
	}
	deleted, err := a.DeleteRepository(id, in.Force)
	return repositoryOutput{describe(deleted, r.Host)}, err
}

type describeRepositoriesInput struct {
	pageRequest
	RegistryID      string   `json:"registryId"`
	RepositoryNames []string `json:"repositoryNames"`
}

type describeRepositoriesOutput struct {
	Repositories []repository `json:"repositories"`
	NextToken    string       `json:"nextToken,omitempty"`
}

func (a *API) describeRepositories(_ context.Context, r *wire.Request, in describeRepositoriesInput) (describeRepositoriesOutput, error) {
	out := describeRepositoriesOutput{Repositories: []repository{}}
	if len(in.RepositoryNames) > 0 {
		return a.describeNamed(r, in)
	}
	scope, err := registryScope(r, in.RegistryID)
	if err != nil {
		return out, err
	}
	size, from, err := in.page()
	if err != nil {
		return out, err
	}
	all := a.Repositories(scope)
	at, _ := slices.BinarySearchFunc(all, from.Name, func(r registry.Repository, name string) int { return strings.Compare(r.Name, name) })
	end := min(at+size, len(all))
	for _, repo := range all[at:end] {
		out.Repositories = append(out.Repositories, describe(repo, r.Host))
	}
	if end < len(all) {
		out.NextToken = cursor{Name: all[end].Name}.token()
	}
	return out, nil
}

func (a *API) describeNamed(r *wire.Request, in describeRepositoriesInput) (describeRepositoriesOutput, error) {
	out := describeRepositoriesOutput{Repositories: []repository{}}
	if in.pageRequest != (pageRequest{}) {
		return out, invalid("repositoryNames", "maxResults and nextToken cannot be used with repositoryNames")
	}
	for _, name := range in.RepositoryNames {
		repo, err := a.repository(r, target{in.RegistryID, name})
		if err != nil {
			return out, err
		}
		out.Repositories = append(out.Repositories, describe(repo, r.Host))
	}
	return out, nil
}

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

// mutability is whether tags can move, as requests and answers have it.
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html
type mutability struct {
	Mutability registry.Mutability `json:"imageTagMutability,omitempty"`
	Exclusions []exclusion         `json:"imageTagMutabilityExclusionFilters,omitempty"`
}

type exclusion struct {
	Type   string `json:"filterType"` // WILDCARD
	Filter string `json:"filter"`
}

func mutabilityOf(s registry.Settings) mutability {
	m := mutability{Mutability: s.Mutability}
	for _, filter := range s.Exclusions {
		m.Exclusions = append(m.Exclusions, exclusion{"WILDCARD", filter})
	}
	return m
}

// maxWildcards is how many a filter can have.
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html
const maxWildcards = 2

var filterPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9a-zA-Z._*-]{1,128}$`) })

// apply checks m and puts it into a repository's settings.
func (m mutability) apply(s *registry.Settings) error {
	switch m.Mutability {
	case "", registry.Mutable, registry.Immutable:
		if len(m.Exclusions) > 0 {
			return invalid("imageTagMutabilityExclusionFilters", "can be given with IMMUTABLE_WITH_EXCLUSION or MUTABLE_WITH_EXCLUSION only")
		}
	case registry.MutableWithExclusion, registry.ImmutableWithExclusion:
		if len(m.Exclusions) < 1 || len(m.Exclusions) > 5 {
			return invalid("imageTagMutabilityExclusionFilters", "must have between 1 and 5 filters with %s", m.Mutability)
		}
	default:
		return invalid("imageTagMutability", "Member must satisfy enum value set: [MUTABLE, IMMUTABLE, MUTABLE_WITH_EXCLUSION, IMMUTABLE_WITH_EXCLUSION]")
	}
	var filters []string
	for _, e := range m.Exclusions {
		if e.Type != "WILDCARD" || !filterPattern().MatchString(e.Filter) {
			return invalid("imageTagMutabilityExclusionFilters", "a filter is of type WILDCARD and must satisfy regular expression '^[0-9a-zA-Z._*-]{1,128}$'")
		}
		if strings.Count(e.Filter, "*") > maxWildcards {
			return invalid("imageTagMutabilityExclusionFilters", "a filter can have up to %d wildcards (*)", maxWildcards)
		}
		filters = append(filters, e.Filter)
	}
	s.Mutability, s.Exclusions = m.Mutability, filters
	return nil
}

type putImageTagMutabilityInput struct {
	target
	mutability
}

type putImageTagMutabilityOutput struct {
	target
	mutability
}

func (a *API) putImageTagMutability(_ context.Context, r *wire.Request, in putImageTagMutabilityInput) (putImageTagMutabilityOutput, error) {
	var out putImageTagMutabilityOutput
	var wanted registry.Settings
	if in.Mutability == "" {
		return out, invalid("imageTagMutability", "Member must not be null")
	}
	if err := in.apply(&wanted); err != nil {
		return out, err
	}
	repo, err := a.change(r, in.target, func(s *registry.Settings) {
		s.Mutability, s.Exclusions = wanted.Mutability, wanted.Exclusions
	})
	return putImageTagMutabilityOutput{targetOf(repo.RepositoryID), mutabilityOf(repo.Settings)}, err
}
