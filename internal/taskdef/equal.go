package taskdef

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
)

// Equal reports whether registering wanted where ECS has answer would change nothing.
// What ECS fills in, drops, reorders and spells otherwise does not count, nor does a
// member that this program does not know; an image counts by repository and digest, and
// the labels tagboat.* do not. Of an answer that remembers that it was registered from
// wanted, see LabelInput, only what wanted has counts, and what ECS cannot have filled in.
func Equal(wanted, answer Definition) bool {
	from, to := aligned(answer, wanted)
	return bytes.Equal(encode(from), encode(to))
}

// EqualButImages is Equal for definitions whose images are compared elsewhere.
func EqualButImages(wanted, answer Definition) bool {
	from, to := aligned(answer, wanted)
	for _, members := range []map[string]any{from, to} {
		for _, c := range objects(members["containerDefinitions"]) {
			delete(c, "image")
		}
	}
	return bytes.Equal(encode(from), encode(to))
}

// Hash returns the SHA-256 of the form that all equal inputs have, in hex.
func Hash(d Definition) string {
	sum := sha256.Sum256(encode(normal(d)))
	return hex.EncodeToString(sum[:])
}
