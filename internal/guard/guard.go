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

// IsLoopback reports whether a Host header names this machine and nothing else can, whatever a name
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

// Same compares a secret that was sent, in a time that tells nothing of either. None is none's.
func Same(sent, secret string) bool {
	return SameHash(sent, sha256.Sum256([]byte(secret))) && secret != ""
}

// SameHash is Same of a secret whose hash alone is known.
func SameHash(sent string, hash [sha256.Size]byte) bool {
	sum := sha256.Sum256([]byte(sent))
	return subtle.ConstantTimeCompare(sum[:], hash[:]) == 1
}
