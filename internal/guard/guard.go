// Package guard is what every HTTP server of Tagboat asks of a request before it answers: whether its
// Host names this machine, which token it carries, and whether a secret is the one that is wanted.
package guard

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// IsLoopback reports whether a host, with or without a port, always names this machine, whatever a name
// server says (DNS rebinding).
// https://www.rfc-editor.org/rfc/rfc6761#section-6.3
func IsLoopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}

// Bearer returns the token of a request; "" for none.
// https://www.rfc-editor.org/rfc/rfc6750#section-2.1
func Bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// Same reports whether what was sent is the secret, in a time that reveals neither. An empty secret is
// never the same.
func Same(sent, secret string) bool {
	return SameHash(sent, sha256.Sum256([]byte(secret))) && secret != ""
}

// SameHash is Same for a secret of which only the hash is known.
func SameHash(sent string, hash [sha256.Size]byte) bool {
	sum := sha256.Sum256([]byte(sent))
	return subtle.ConstantTimeCompare(sum[:], hash[:]) == 1
}
