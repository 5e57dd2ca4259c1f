package registry

import (
	"slices"
	"strings"
)

// Mutability says whether tags of a repository can move.
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html
type Mutability string

// The settings of ECR. With exclusion, tags that a filter matches are the opposite.
const (
	Mutable                Mutability = "MUTABLE"
	Immutable              Mutability = "IMMUTABLE"
	MutableWithExclusion   Mutability = "MUTABLE_WITH_EXCLUSION"
	ImmutableWithExclusion Mutability = "IMMUTABLE_WITH_EXCLUSION"
)

// mayMove tells whether a tag that exists can be put on another image.
func (s Settings) mayMove(tag string) bool {
	excluded := slices.ContainsFunc(s.Exclusions, func(filter string) bool { return MatchFilter(filter, tag) })
	switch s.Mutability {
	case Immutable:
		return false
	case ImmutableWithExclusion:
		return excluded
	case MutableWithExclusion:
		return !excluded
	default:
		return true
	}
}

// MatchFilter tells whether a tag matches an exclusion filter, in which * stands
// for any characters, none included, and everything else for itself. It takes time
// in proportion to the product of the lengths at worst.
func MatchFilter(filter, tag string) bool {
	head, rest, wild := strings.Cut(filter, "*")
	if !wild {
		return filter == tag
	}
	tag, ok := strings.CutPrefix(tag, head)
	if !ok {
		return false
	}
	parts := strings.Split(rest, "*")
	for _, part := range parts[:len(parts)-1] {
		// The leftmost place leaves the most to match the rest with.
		i := strings.Index(tag, part)
		if i < 0 {
			return false
		}
		tag = tag[i+len(part):]
	}
	return strings.HasSuffix(tag, parts[len(parts)-1])
}
