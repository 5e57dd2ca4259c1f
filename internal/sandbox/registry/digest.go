package registry

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"sync"
)

// Digest is a content address: sha256: and 64 lower-case hex digits.
type Digest string

var digestPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^sha256:[0-9a-f]{64}$`) })

// ParseDigest returns s as a Digest, or an *Error of kind DigestInvalid.
func ParseDigest(s string) (Digest, error) {
	if !digestPattern().MatchString(s) {
		return "", faultf(DigestInvalid, "%q is not a sha256 digest", s)
	}
	return Digest(s), nil
}

// DigestOf returns the address of data.
func DigestOf(data []byte) Digest {
	sum := sha256.Sum256(data)
	return sumDigest(sum[:])
}

// Hex returns the part after sha256:.
func (d Digest) Hex() string { return string(d)[len("sha256:"):] }

func sumDigest(sum []byte) Digest { return Digest("sha256:" + hex.EncodeToString(sum)) }
