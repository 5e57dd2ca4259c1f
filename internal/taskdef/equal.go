package taskdef

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
)

// Equal tells whether two task definitions ask ECS for the same: whether registering
// one where the other is in use would change nothing. What ECS adds to its answers,
// its defaults, and the order of what has none do not count; an image counts by
// repository and digest, and the labels tagboat.* that describe it do not.
func Equal(a, b Definition) bool { return bytes.Equal(encode(normal(a)), encode(normal(b))) }

// Hash returns the SHA-256 of what Equal compares, in hex.
func Hash(d Definition) string {
	sum := sha256.Sum256(encode(normal(d)))
	return hex.EncodeToString(sum[:])
}
