package registry

import (
	"errors"
	"net"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// RepositoryID is a repository's name within its account and region.
type RepositoryID struct {
	wire.Scope
	Name string
}

// Ref names an image in a repository by its tag, its digest, or both, which then
// have to agree.
type Ref struct {
	Tag    string
	Digest Digest
}

// The grammars of the OCI distribution specification. ECR asks for two characters
// at least and 256 at most of a repository.
// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests
// https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
var (
	repositoryPattern = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$`)
	})
	tagPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,299}$`) })
)

// maxTag is the longest tag of the OCI specification; ECR's API takes up to 300.
const maxTag = 128

// ValidRepository reports whether s can name a repository.
func ValidRepository(s string) bool {
	return len(s) >= 2 && len(s) <= 256 && repositoryPattern().MatchString(s)
}

// ValidTag reports whether s can be a tag for ECR's API.
func ValidTag(s string) bool { return tagPattern().MatchString(s) }

// parseRef reads the last part of a manifest's URL.
func parseRef(s string) (Ref, error) {
	if len(s) <= maxTag && ValidTag(s) {
		return Ref{Tag: s}, nil
	}
	d, err := ParseDigest(s)
	if err != nil {
		return Ref{}, faultf(TagInvalid, "%q is neither a tag nor a sha256 digest", s)
	}
	return Ref{Digest: d}, nil
}

// Locate says which repository a name in a URL means to a client that asks for a
// scope (zero where it does not): that scope's, else the default scope's, else that
// of the first scope, by account and region, that has one of the name. Where none
// has, it is the one that a push creates.
func (s *Store) Locate(name string, scope wire.Scope) RepositoryID {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if scope == (wire.Scope{}) {
		scope = s.scope
	}
	first := RepositoryID{scope, name}
	for _, id := range []RepositoryID{first, {s.scope, name}} {
		if s.repositories[id] != nil {
			return id
		}
	}
	var best *RepositoryID
	for id := range s.repositories {
		if id.Name == name && (best == nil || before(id.Scope, best.Scope)) {
			best = &id
		}
	}
	if best != nil {
		return *best
	}
	return first
}

func before(a, b wire.Scope) bool {
	return a.Account < b.Account || a.Account == b.Account && a.Region < b.Region
}

var ecrHost = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^([0-9]{12})\.dkr[.-]ecr(?:-fips)?\.([a-z0-9-]+)\.`) })

// hostScope returns the account and region in an ECR host name; zero in any other.
// Besides AWS's own domains it takes any, such as localhost, for clients that can be
// told where *.localhost is.
func hostScope(host string) wire.Scope {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	m := ecrHost().FindStringSubmatch(host + ".")
	if m == nil {
		return wire.Scope{}
	}
	return wire.Scope{Account: m[1], Region: m[2]}
}

// splitReference takes host[:port]/name[:tag][@digest] apart. As in docker, the
// first part is a host where it has a dot or a colon or is localhost.
func splitReference(reference string) (host, name string, ref Ref, err error) {
	name, digest, ok := strings.Cut(reference, "@")
	if ok {
		if ref.Digest, err = ParseDigest(digest); err != nil {
			return "", "", Ref{}, err
		}
	}
	if first, rest, ok := strings.Cut(name, "/"); ok && (first == "localhost" || strings.ContainsAny(first, ".:")) {
		host, name = first, rest
	}
	name, ref.Tag, _ = strings.Cut(name, ":")
	if ref == (Ref{}) {
		ref.Tag = "latest"
	}
	return host, name, ref, nil
}

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
