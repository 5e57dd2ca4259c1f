package registry

import (
	"net"
	"regexp"
	"strings"
	"sync"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// Locate says which repository a name in a URL means to a client that asks for a
// scope (zero where it does not): that scope's, else the default scope's, else that
// of the first scope, by account and region, that has one of the name. Where none
// has, it is the one that a push creates.
func (s *Store) Locate(name string, asked wire.Scope) RepositoryID {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if asked == (wire.Scope{}) {
		asked = s.scope
	}
	first := RepositoryID{asked, name}
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
