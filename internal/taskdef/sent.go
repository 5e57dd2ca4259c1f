package taskdef

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
)

// LabelInput is the docker label, on one container of each revision that Tagboat
// registers, that remembers what was sent: "VERSION:DIGEST". ECS answers a definition
// otherwise than it was sent, in ways that no list of rules will ever have all of; with
// the label, what differs in an answer and was not sent is known to be ECS's.
//
// It is a label and not a tag of the revision since labels come with every answer, need
// no permission, and cannot be changed later.
const LabelInput = labelPrefix + "input"

// sentVersion is how the digest is made. Whoever changes inputDigest gives it another
// version, or every service of every user is rolled by the upgrade: a digest of a
// version that is not known counts as none, and the rules alone decide.
const sentVersion = "1"

// stamped returns d with the label that remembers it. One without containers has no
// place for it.
func (d Definition) stamped() Definition {
	d.members = clone(d.members)
	containers := d.containers()
	for i, c := range containers {
		labels := map[string]any{}
		if old, ok := c["dockerLabels"].(map[string]any); ok {
			maps.Copy(labels, old)
		}
		delete(labels, LabelInput)
		if i == 0 {
			labels[LabelInput] = sentVersion + ":" + inputDigest(d)
		}
		if c["dockerLabels"] = labels; len(labels) == 0 {
			delete(c, "dockerLabels")
		}
	}
	return d
}

// remembers reports whether an answer says that it was registered from wanted, images
// and tags aside: they are in every answer as they were sent.
func (d Definition) remembers(wanted Definition) bool {
	want := sentVersion + ":" + inputDigest(wanted)
	return slices.ContainsFunc(slices.Collect(maps.Keys(d.Containers())), func(name tagboat.ContainerName) bool {
		return d.Label(name, LabelInput) == want
	})
}

// inputDigest returns the digest of what is sent to register d, without images, tags
// and our labels. It depends on no rule about what ECS answers.
func inputDigest(d Definition) string {
	members, _ := simplify(clone(d.members)).(map[string]any)
	delete(members, "tags")
	for _, c := range objects(members["containerDefinitions"]) {
		delete(c, "image")
		if labels, ok := c["dockerLabels"].(map[string]any); ok {
			maps.DeleteFunc(labels, func(name string, _ any) bool { return strings.HasPrefix(name, labelPrefix) })
			dropEmpty(c, "dockerLabels")
		}
	}
	sum := sha256.Sum256(encode(members))
	return hex.EncodeToString(sum[:16])
}
