package selection

import (
	"fmt"
	"strings"
	"time"
)

// reason says why a candidate is skipped; "" for one that is not.
type reason string

const (
	outside    reason = "is outside of the constraint"
	prerelease reason = "is a prerelease, and the constraint names none"
	noMatch    reason = "does not match"
	noTag      reason = "has no tag"
	notTag     reason = "cannot be a tag"
	undated    reason = "does not say when it was built or pushed"
	noPlatform reason = "does not say for which platform it is"
)

// attachments are the ends of the tags under which cosign keeps what belongs to another
// version, whose digest is the rest of the tag.
// https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md#tag-based-discovery
var attachments = map[string]reason{
	".sig":  "is a signature of another version",
	".att":  "is an attestation of another version",
	".sbom": "is a list of materials of another version",
}

// attached returns what a tag says it is, where that is no image.
func attached(tag string) reason {
	algorithm, rest, _ := strings.Cut(tag, "-")
	if algorithm != "sha256" && algorithm != "sha512" {
		return ""
	}
	hex, end, _ := strings.Cut(rest, ".")
	if len(hex) < 64 || strings.Trim(hex, "0123456789abcdef") != "" {
		return ""
	}
	return attachments["."+end]
}

func notVersion(err error) reason { return reason("is no semantic version: " + err.Error()) }

func ignored(pattern string) reason { return reason("is ignored by " + pattern) }

func tooYoung(age, least time.Duration) reason {
	return reason(fmt.Sprintf("is %s old, less than %s", duration(max(age, 0).Round(time.Second)), duration(least)))
}

func otherPlatform(has []string, wanted string) reason {
	return reason(fmt.Sprintf("is for %s, not for %s", strings.Join(has, " and "), wanted))
}

func otherTag(wanted string) reason { return reason("is not the tag " + wanted) }
