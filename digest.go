package tagboat

import (
	"fmt"
	"strings"
)

// Digest is a content address of the form sha256: and 64 lower-case hex digits.
// The zero value means that there is none.
type Digest string

// ParseDigest returns s as a Digest, or an error of kind Usage if it is none.
func ParseDigest(s string) (Digest, error) {
	hex, ok := strings.CutPrefix(s, "sha256:")
	if !ok || len(hex) != 64 || strings.Trim(hex, "0123456789abcdef") != "" {
		return "", Usagef("%q is not a digest", s).WithHint("a digest is sha256: followed by 64 lower-case hex digits")
	}
	return Digest(s), nil
}

// Hex returns the part after sha256:, or "".
func (d Digest) Hex() string { return strings.TrimPrefix(string(d), "sha256:") }

// Short returns the first twelve hex digits, which is how people quote a digest.
func (d Digest) Short() string {
	hex := d.Hex()
	if len(hex) > 12 {
		return hex[:12]
	}
	return hex
}

// String returns the whole digest.
func (d Digest) String() string { return string(d) }

var _ fmt.Stringer = Digest("")
