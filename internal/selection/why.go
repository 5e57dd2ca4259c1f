package selection

import (
	"fmt"
	"strings"
	"time"

	"github.com/tagboat/tagboat"
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

// attached returns what a tag says it is, where that is not an image.
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

func notVersion(err error) reason { return reason("is not a semantic version: " + err.Error()) }

func ignored(pattern string) reason { return reason("is ignored by " + pattern) }

func tooYoung(age, least time.Duration) reason {
	return reason(fmt.Sprintf("is %s old, less than %s", duration(max(age, 0).Round(time.Second)), duration(least)))
}

func otherPlatform(has []string, wanted string) reason {
	return reason(fmt.Sprintf("is for %s, not for %s", strings.Join(has, " and "), wanted))
}

func ofStage(stage tagboat.StageName) reason {
	return reason("is a tag that the stage " + string(stage) + " writes")
}

func otherTag(wanted string) reason { return reason("is not the tag " + wanted) }

// decided says how the first of accepted won.
func (r Rule) decided(accepted []Evaluation) string {
	first := accepted[0]
	switch {
	case r.Fixed() != "":
		return "the rule names this tag"
	case len(accepted) == 1:
		return "it is the only one that fits"
	default:
		return r.why(first, accepted[1])
	}
}

// why says by which comparison a comes after b.
func (r Rule) why(a, b Evaluation) string {
	if r.compareKeys(a.key, b.key) != 0 {
		return r.whyKey(a, b)
	}
	same := ""
	if r.order() != "" {
		same = fmt.Sprintf("%s and %s have the same key, %s; ", a.Readable(), b.Readable(), a.key.text())
	}
	switch {
	case !a.PushedAt.Equal(b.PushedAt) && b.PushedAt.IsZero():
		return fmt.Sprintf("%s%s was pushed %s; of %s that is not known", same, a.Readable(), moment(a.PushedAt), b.Readable())
	case !a.PushedAt.Equal(b.PushedAt):
		return fmt.Sprintf("%s%s was pushed %s, later than %s, %s", same, a.Readable(), moment(a.PushedAt), b.Readable(), moment(b.PushedAt))
	case a.own() != b.own():
		return fmt.Sprintf("%sboth were pushed at the same time, and %s is a closer name than %s", same, a.Readable(), b.Readable())
	case a.Tag != b.Tag:
		return fmt.Sprintf("%sboth were pushed at the same time, and the tag %s comes after %s", same, a.Readable(), b.Readable())
	case a.Index != b.Index:
		return fmt.Sprintf("%sboth were pushed at the same time, and %s is the index", same, a.Readable())
	default:
		return fmt.Sprintf("%sboth were pushed at the same time, and the digest %s comes after %s", same, a.Digest.Short(), b.Digest.Short())
	}
}

func (r Rule) whyKey(a, b Evaluation) string {
	i := r.differ(a.key, b.key)
	x, y := a.key[i], b.key[i]
	pair := ""
	if x.text != a.Tag || y.text != b.Tag {
		pair = fmt.Sprintf(" (of %s and %s)", a.Readable(), b.Readable())
	}
	if len(r.groups) > 1 {
		pair = fmt.Sprintf(" (group %q of %s and %s)", r.groupName(i), a.Readable(), b.Readable())
	}
	if y.text == "" {
		return fmt.Sprintf("%s is more than none%s", x.text, pair)
	}
	switch r.orderOf(i) {
	case Semver:
		return fmt.Sprintf("%s is a higher version than %s%s: %s", x.text, y.text, pair, whyVersion(*x.version, *y.version))
	case Version:
		return fmt.Sprintf("%s is a higher version than %s%s: %s", x.text, y.text, pair, whyNumbers(x.numbers, y.numbers))
	case Numeric:
		return fmt.Sprintf("%s is a larger number than %s%s", x.text, y.text, pair)
	case Time:
		return fmt.Sprintf("%s is later than %s%s", moment(x.at), moment(y.at), pair)
	default:
		return fmt.Sprintf("%s comes after %s in the alphabet%s", x.text, y.text, pair)
	}
}

// whyNumbers names the number that decided.
func whyNumbers(a, b []string) string {
	for i := range min(len(a), len(b)) {
		if compareDigits(a[i], b[i]) != 0 {
			return fmt.Sprintf("its number %d, %s, is more than %s", i+1, a[i], b[i])
		}
	}
	return fmt.Sprintf("it has %d numbers, and the other one the first %d of them", len(a), len(b))
}

// whyVersion names the part of two versions that decided.
func whyVersion(a, b version) string {
	for i, name := range []string{"major", "minor", "patch"} {
		if compareDigits(a.core[i], b.core[i]) != 0 {
			return fmt.Sprintf("%s %s is more than %s", name, a.core[i], b.core[i])
		}
	}
	if a.pre == nil {
		return "a release comes after its prereleases"
	}
	for i := range min(len(a.pre), len(b.pre)) {
		x, y := a.pre[i], b.pre[i]
		switch {
		case compareIdentifiers(x, y) == 0:
			continue
		case isDigits(x):
			return fmt.Sprintf("in the prerelease, %s is more than %s", x, y)
		case isDigits(y):
			return fmt.Sprintf("in the prerelease, text (%s) comes after numbers (%s)", x, y)
		default:
			return fmt.Sprintf("in the prerelease, %s comes after %s as text; semver compares numbers only where they stand alone between dots", x, y)
		}
	}
	return "its prerelease has one part more"
}

func moment(at time.Time) string {
	if at.IsZero() {
		return "at an unknown time"
	}
	return at.UTC().Format("2006-01-02 15:04:05Z")
}
