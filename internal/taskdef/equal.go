package taskdef

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"github.com/tagboat/tagboat"
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

// EqualButVersions is Equal for definitions whose containers of these names may run other
// images.
func EqualButVersions(wanted, answer Definition, containers []tagboat.ContainerName) bool {
	from, to := aligned(answer, wanted)
	for _, members := range []map[string]any{from, to} {
		for _, c := range objects(members["containerDefinitions"]) {
			if slices.Contains(containers, tagboat.ContainerName(text(c["name"]))) {
				delete(c, "image")
			}
		}
	}
	return bytes.Equal(encode(from), encode(to))
}

// Hash returns the SHA-256 of the form that all equal inputs have, in hex.
func Hash(d Definition) string {
	sum := sha256.Sum256(encode(normal(d)))
	return hex.EncodeToString(sum[:])
}

// aligned returns the normal forms of an answer and of what is wanted, the answer's as
// near to the other as ECS can have brought it there: a role's name became its ARN, and,
// where the answer remembers what was sent, what it has beyond that was filled in by ECS.
func aligned(answer, wanted Definition) (from, to map[string]any) {
	from, to = normal(answer), normal(wanted)
	alignRoles(from, to, account(text(answer.members["taskDefinitionArn"])))
	if sent, ok := answer.inputLabel(); ok {
		if sent.digest == inputDigest(wanted) {
			sent.written = nil // what is wanted does not have, was not written
		}
		alignObject(from, to, registerTaskDefinition, "", sent)
	}
	return from, to
}

// alignRoles writes roles as wanted does where one side has the name alone
// (copilot-cli#2887, terraform-provider-aws#4735). A name means a role of the account
// that the definition is in.
func alignRoles(from, to map[string]any, account string) {
	for _, member := range []string{"taskRoleArn", "executionRoleArn"} {
		have, want := text(from[member]), text(to[member])
		if isARN(have) != isARN(want) && sameRole(have, want, account) {
			from[member] = want
		}
	}
}

func sameRole(a, b, in string) bool {
	arn, name := a, b
	if isARN(b) {
		arn, name = b, a
	}
	path, ok := strings.CutPrefix(afterColons(arn, 5), "role/")
	if !ok || name == "" || in != "" && account(arn) != in {
		return false
	}
	return path == strings.TrimPrefix(name, "/") || lastSegment(path) == name
}

// account returns the account in an ARN, or "".
func account(arn string) string {
	account, _, _ := strings.Cut(afterColons(arn, 4), ":")
	return account
}

func afterColons(s string, n int) string {
	for range n {
		_, s, _ = strings.Cut(s, ":")
	}
	return s
}

// alignObject brings an answer's object near to what was sent for it.
func alignObject(from, to map[string]any, structure, path string, sent inputLabel) {
	for member, typ := range loadShapes().Structures[structure].Members {
		have, want, r, at := from[member], to[member], loadRules()[structure][member], path+"."+member
		switch {
		case have == nil:
		case want != nil:
			from[member] = align(have, want, typ, at, r, sent)
		case mayFillIn(have, typ, at, r, sent):
			delete(from, member)
		}
	}
}

func align(have, want any, typ, path string, r rule, sent inputLabel) any {
	object, isObject := have.(map[string]any)
	list, isList := have.([]any)
	switch {
	case isObject:
		if wanted, ok := want.(map[string]any); ok {
			alignObject(object, wanted, typ, path, sent)
		}
	case isList:
		item, _ := listOf(typ)
		wanted, _ := want.([]any)
		alignList(list, wanted, item, path, r, sent)
	case mayRespell(have, want, typ):
		return want
	}
	return have
}

// alignList brings the entries of a list near to those that were sent for them: those
// of the same name where it has no order, else those at the same place.
func alignList(list, wanted []any, item, path string, r rule, sent inputLabel) {
	taken := make([]bool, len(wanted))
	pair := func(i int, same func(have, want any, j int) bool) bool {
		for j, want := range wanted {
			if !taken[j] && same(list[i], want, j) {
				list[i], taken[j] = align(list[i], want, item, entryPath(path, i, list[i], r), rule{}, sent), true
				return true
			}
		}
		return false
	}
	var left []int
	for i := range list {
		if !pair(i, func(have, want any, j int) bool {
			return r.unordered && sameKey(have, want, r.by) || !r.unordered && i == j
		}) {
			left = append(left, i)
		}
	}
	for _, i := range left {
		pair(i, func(have, want any, _ int) bool { return r.unordered && len(r.by) > 0 && sameKey(have, want, r.by[:1]) })
	}
	r.apply(list)
}

func sameKey(a, b any, fields []string) bool {
	x, okA := a.(map[string]any)
	y, okB := b.(map[string]any)
	if !okA || !okB || len(fields) == 0 {
		return false
	}
	return !slices.ContainsFunc(fields, func(field string) bool { return string(encode(x[field])) != string(encode(y[field])) })
}

// mayRespell reports whether ECS can have made have of want: a word of its own in other
// letters, or a number that is a text. It leaves people's texts as they are.
func mayRespell(have, want any, typ string) bool {
	a, b := scalarText(have), scalarText(want)
	_, enum := loadShapes().Enums[typ]
	return a == b || enum && strings.EqualFold(a, b)
}

// mayFillIn reports whether ECS can have filled in a value that is not wanted. It fills in
// settings: numbers and words. What people write, such as variables, commands, volumes,
// roles and their like, it does not, so somebody did; and a setting that was sent was
// wanted once.
func mayFillIn(v any, typ, path string, r rule, sent inputLabel) bool {
	if r.own || r.missing != nil {
		return false // normal dropped it where it is what ECS fills in
	}
	object, isObject := v.(map[string]any)
	structure, structured := loadShapes().Structures[typ]
	if !isObject || !structured {
		return setting(typ, r) && !sent.wrote(path)
	}
	for member, value := range object {
		if !mayFillIn(value, structure.Members[member], path+"."+member, loadRules()[typ][member], sent) {
			return false
		}
	}
	return true
}

// setting reports whether a member is one that ECS may fill in with a value that no rule
// knows.
func setting(typ string, r rule) bool {
	_, enum := loadShapes().Enums[typ]
	return !r.own && r.missing == nil && (enum || typ == typeInteger || typ == typeNumber)
}

// settings returns the paths of all settings in an object.
func settings(object map[string]any, structure, path string) []string {
	var paths []string
	for member, value := range object {
		typ, r, at := loadShapes().Structures[structure].Members[member], loadRules()[structure][member], path+"."+member
		item, _ := listOf(typ)
		switch value := value.(type) {
		case map[string]any:
			paths = append(paths, settings(value, typ, at)...)
		case []any:
			for i, entry := range value {
				if entry, ok := entry.(map[string]any); ok {
					paths = append(paths, settings(entry, item, entryPath(at, i, entry, r))...)
				}
			}
		default:
			if setting(typ, r) {
				paths = append(paths, at)
			}
		}
	}
	return paths
}

// entryPath names an entry of a list by what identifies it, or by its place.
func entryPath(path string, i int, entry any, r rule) string {
	object, _ := entry.(map[string]any)
	if len(r.by) > 0 && object[r.by[0]] != nil {
		return path + "[" + string(encode(object[r.by[0]])) + "]"
	}
	return path + "[" + strconv.Itoa(i) + "]"
}
