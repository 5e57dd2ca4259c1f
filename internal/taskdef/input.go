package taskdef

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
)

// Input returns the input of RegisterTaskDefinition that registers again what
// DescribeTaskDefinition answered, which must have its tags in the member tags. It has
// what that input takes and nothing else: not what only answers have, no empty lists, and
// not the tags that AWS writes itself. The second result names the members, by their path, that
// neither the input nor any known answer has: AWS may have added them since.
func Input(answer Definition) (Definition, []string) {
	members := clone(answer.members)
	for _, field := range responseOnly() {
		delete(members, field)
	}
	if tags, ok := members["tags"].([]any); ok {
		members["tags"] = slices.DeleteFunc(tags, isSystemTag)
	}
	var left []string
	known := withKnown(members, registerTaskDefinition, "", &left)
	object, _ := known.(map[string]any)
	slices.Sort(left)
	return Definition{members: object}.WithoutEmptyLists(), slices.Compact(left)
}

// withKnown returns v without members that its type does not have, and without nulls,
// and adds the paths of those members to left. Lists and maps keep their length.
func withKnown(v any, typ, path string, left *[]string) any {
	switch v := v.(type) {
	case []any:
		item, _ := listOf(typ)
		for i := range v {
			v[i] = withKnown(v[i], item, path+"[]", left)
		}
	case map[string]any:
		s, isStructure := loadShapes().Structures[typ]
		value, _ := mapOf(typ)
		for name := range v {
			at, member, known := join(path, name), value, true
			if isStructure {
				member, known = s.Members[name]
			}
			switch {
			case v[name] == nil:
				delete(v, name)
			case !known:
				delete(v, name)
				*left = append(*left, at)
			default:
				v[name] = withKnown(v[name], member, at, left)
			}
		}
	}
	return v
}

func join(path, name string) string { return strings.TrimPrefix(path+"."+name, ".") }

// WithoutEmptyLists returns d without the members that are empty lists. In a request
// they mean the same as nothing, or ECS refuses them, as it does for tags.
func (d Definition) WithoutEmptyLists() Definition {
	isEmptyList := func(v any) bool {
		list, ok := v.([]any)
		return ok && len(list) == 0
	}
	members, _ := without(clone(d.members), isEmptyList).(map[string]any)
	return Definition{members: members}
}

// LabelInput is the docker label, on one container of each revision that Tagboat
// registers, that remembers what was sent: "VERSION:DIGEST:SETTINGS". ECS answers a
// definition otherwise than it was sent, in ways that no list of rules will ever have all
// of; with the label, what an answer has and was not sent is known to be ECS's. SETTINGS
// are four hexadecimal digits for each setting that was sent: when something else changes,
// they tell a setting that was taken out of the file from one that ECS filled in.
//
// It is a label and not a tag of the revision since labels come with every answer, need
// no permission, and cannot be changed later.
const LabelInput = labelPrefix + "input"

// inputVersion is how the digest is made. Whoever changes inputDigest gives it another
// version, or every service of every user is rolled by the upgrade: a digest of a
// version that is not known counts as none, and the rules alone decide.
const inputVersion = "1"

// withInputLabel returns d with the label that remembers it. One without containers has no
// place for it.
func (d Definition) withInputLabel() Definition {
	d.members = clone(d.members)
	containers := d.containers()
	for i, c := range containers {
		labels := map[string]any{}
		if old, ok := c["dockerLabels"].(map[string]any); ok {
			maps.Copy(labels, old)
		}
		delete(labels, LabelInput)
		if i == 0 {
			labels[LabelInput] = inputVersion + ":" + inputDigest(d) + ":" + strings.Join(writtenIn(d), "")
		}
		if c["dockerLabels"] = labels; len(labels) == 0 {
			delete(c, "dockerLabels")
		}
	}
	return d
}

// inputLabel is what a label remembers.
type inputLabel struct {
	digest  string
	written []string
}

// inputLabel returns what an answer says that it was registered from, and false where it says
// nothing that this program understands.
func (d Definition) inputLabel() (inputLabel, bool) {
	for _, name := range slices.Sorted(maps.Keys(d.Containers())) {
		parts := strings.Split(d.Label(name, LabelInput), ":")
		if len(parts) == 3 && parts[0] == inputVersion {
			var written []string
			for chunk := range slices.Chunk([]byte(parts[2]), settingDigits) {
				written = append(written, string(chunk))
			}
			return inputLabel{digest: parts[1], written: written}, true
		}
	}
	return inputLabel{}, false
}

const settingDigits = 4

func (s inputLabel) wrote(path string) bool { return slices.Contains(s.written, settingID(path)) }

func settingID(path string) string {
	sum := sha256.Sum256([]byte(path))
	return hex.EncodeToString(sum[:settingDigits/2])
}

// writtenIn returns the settings of what is sent to register d.
func writtenIn(d Definition) []string {
	var ids []string
	for _, path := range settings(normal(d), registerTaskDefinition, "") {
		ids = append(ids, settingID(path))
	}
	slices.Sort(ids)
	return slices.Compact(ids)
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
