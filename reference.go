package tagboat

import (
	"regexp"
	"strings"
	"sync"
)

// Reference names an image in a registry. Any of the four forms that ECS accepts
// or emits parses into it: repo, repo:tag, repo@digest and repo:tag@digest.
type Reference struct {
	Host       string // "" where the reference names none
	Repository string // without host, tag or digest
	Tag        string // "" where there is none
	Digest     Digest // "" where there is none
}

// The grammar is that of the OCI distribution specification, as docker reads it:
// https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests
var (
	hostPattern = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?$`)
	})
	repositoryPattern = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$`)
	})
	tagPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$`) })
)

// ParseReference reads one of the four forms. A host is recognised as docker does
// it: the part before the first slash, if it has a dot or a colon or is localhost.
// The error is of kind Usage.
func ParseReference(s string) (Reference, error) {
	var r Reference
	rest := s
	if name, digest, ok := strings.Cut(rest, "@"); ok {
		d, err := ParseDigest(digest)
		if err != nil {
			return Reference{}, Usagef("%q is not an image reference: %v", s, err).WithHint("write repository:tag or repository@sha256:…")
		}
		r.Digest, rest = d, name
	}
	if host, path, ok := strings.Cut(rest, "/"); ok && looksLikeHost(host) {
		if !hostPattern().MatchString(host) {
			return Reference{}, Usagef("%q is not an image reference: bad registry host %q", s, host)
		}
		r.Host, rest = host, path
	}
	if name, tag, ok := strings.Cut(rest, ":"); ok {
		if !ValidTag(tag) {
			return Reference{}, Usagef("%q is not an image reference: bad tag %q", s, tag).
				WithHint("a tag has up to 128 letters, digits, dots, dashes and underscores")
		}
		r.Tag, rest = tag, name
	}
	if !ValidRepository(rest) {
		return Reference{}, Usagef("%q is not an image reference: bad repository %q", s, rest).
			WithHint("a repository has lower-case letters and digits, with / . _ - between them")
	}
	r.Repository = rest
	return r, nil
}

// ValidTag reports whether s can be a tag.
func ValidTag(s string) bool { return tagPattern().MatchString(s) }

// ValidRepository reports whether s can be the name of a repository without a host.
func ValidRepository(s string) bool { return len(s) <= 255 && repositoryPattern().MatchString(s) }

// ValidHost reports whether s can be the host of a registry, with or without a port.
func ValidHost(s string) bool { return looksLikeHost(s) && hostPattern().MatchString(s) }

func looksLikeHost(s string) bool { return s == "localhost" || strings.ContainsAny(s, ".:") }

// Name returns host and repository without tag or digest.
func (r Reference) Name() string {
	if r.Host == "" {
		return r.Repository
	}
	return r.Host + "/" + r.Repository
}

// String returns the reference with all that it has.
func (r Reference) String() string {
	s := r.Name()
	if r.Tag != "" {
		s += ":" + r.Tag
	}
	if r.Digest != "" {
		s += "@" + string(r.Digest)
	}
	return s
}

// Pinned returns name@digest, the only form that Tagboat writes into a task
// definition, or "" where the digest is not known.
func (r Reference) Pinned() string {
	if r.Digest == "" {
		return ""
	}
	return r.Name() + "@" + string(r.Digest)
}

// Readable returns what people call a version: its tag, or else the beginning of its
// digest, and "nothing" for the zero value.
func (r Reference) Readable() string {
	switch {
	case r == (Reference{}):
		return "nothing"
	case r.Tag != "":
		return r.Tag
	default:
		return r.Digest.Short()
	}
}

// SameRepository reports whether both name the same repository. Docker Hub's short
// names count as what they stand for: nginx is docker.io/library/nginx.
func (r Reference) SameRepository(o Reference) bool { return r.CanonicalName() == o.CanonicalName() }

// SameVersion reports whether both name the same digest in the same repository.
func (r Reference) SameVersion(o Reference) bool {
	return r.Digest != "" && r.Digest == o.Digest && r.SameRepository(o)
}

// CanonicalName returns the one name of a repository that all its references have in common.
func (r Reference) CanonicalName() string {
	host, repo := r.Host, r.Repository
	switch host {
	case "", "index.docker.io", "registry-1.docker.io":
		host = "docker.io"
	}
	if host == "docker.io" && !strings.Contains(repo, "/") {
		repo = "library/" + repo
	}
	return host + "/" + repo
}
