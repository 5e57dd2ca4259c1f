package ecr

import (
	"context"
	"regexp"
	"strings"
	"sync"

	"github.com/tagboat/tagboat/internal/sandbox/registry"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

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
	id, err := in.id(r)
	if err != nil {
		return out, err
	}
	repo, err := a.UpdateRepository(id, func(s *registry.Settings) {
		s.Mutability, s.Exclusions = wanted.Mutability, wanted.Exclusions
	})
	return putImageTagMutabilityOutput{targetOf(id), mutabilityOf(repo.Settings)}, err
}
