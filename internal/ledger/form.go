package ledger

import (
	"strings"

	"github.com/tagboat/tagboat"
)

// Form is how a pin is written into a parameter's value. The zero value stands for
// FormTagDigest.
type Form string

// The forms. FormTagDigest alone keeps both what people read and what runs; the others
// are for templates that want just that.
const (
	FormTagDigest Form = "tag@digest" // 1.4.2@sha256:…
	FormTag       Form = "tag"        // 1.4.2
	FormDigest    Form = "digest"     // sha256:…
	FormURI       Form = "uri"        // registry/repository@sha256:…, which ECS takes as it is
)

// Encode returns ref in form f, or an error of kind Usage where ref lacks what f needs.
func (f Form) Encode(ref tagboat.Reference) (string, error) {
	switch {
	case f == FormTag && ref.Tag == "":
		return "", tagboat.Usagef("%s has no tag, and the ledger's form is %s", ref, f).
			WithHint("pin a tag, or choose the form tag@digest")
	case f == FormTag:
		return ref.Tag, nil
	case ref.Digest == "":
		return "", tagboat.Usagef("%s has no digest to pin", ref)
	case f == FormDigest:
		return string(ref.Digest), nil
	case f == FormURI:
		return ref.Pinned(), nil
	case ref.Tag == "":
		return string(ref.Digest), nil
	default:
		return ref.Tag + "@" + string(ref.Digest), nil
	}
}

// Parse reads a value for an image of the given repository. It takes what any form
// writes, so that the form of a ledger can be changed while values in the old one are
// still there; only FormURI takes a repository without a slash in it. The error is of
// kind Usage.
func (f Form) Parse(value string, repository tagboat.Reference) (tagboat.Reference, error) {
	ref := tagboat.Reference{Host: repository.Host, Repository: repository.Repository}
	if f == FormURI && !strings.HasPrefix(value, "sha256:") || strings.Contains(value, "/") {
		return tagboat.ParseReference(value)
	}
	tag, digest, both := strings.Cut(value, "@")
	if !both && strings.HasPrefix(value, "sha256:") {
		tag, digest = "", value
	}
	if digest != "" || both {
		d, err := tagboat.ParseDigest(digest)
		if err != nil {
			return tagboat.Reference{}, err
		}
		ref.Digest = d
	}
	if tag != "" || both || digest == "" {
		if !tagboat.ValidTag(tag) {
			return tagboat.Reference{}, tagboat.Usagef("%q is not a tag", tag)
		}
		ref.Tag = tag
	}
	return ref, nil
}
