package ecr

import (
	"context"
	"slices"
	"strings"

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
	paged
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
	if in.asked() {
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
