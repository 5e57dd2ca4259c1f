package registry

import (
	"regexp"
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

// ValidRepository tells whether s can name a repository.
func ValidRepository(s string) bool {
	return len(s) >= 2 && len(s) <= 256 && repositoryPattern().MatchString(s)
}

// ValidTag tells whether s can be a tag for ECR's API.
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
