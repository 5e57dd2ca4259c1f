package taskdef

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
)

// Diff says what registering newer would change where ECS has older, one line a field:
// "- path: value" for what the old one has and "+ path: value" for what the new one has.
// Containers, variables and their like are named by their names. It is "" where Equal is
// true.
func Diff(older, newer Definition) string {
	from, to := aligned(older, newer)
	if bytes.Equal(encode(from), encode(to)) {
		return ""
	}
	labelChanged(from, to, older, newer)
	if lines := diffLines(flatten(from), flatten(to)); lines != "" {
		return lines
	}
	// Two entries of one name hide each other in the paths.
	return fmt.Sprintf("- %s\n+ %s\n", encode(from), encode(to))
}

// labelChanged puts the labels that describe an image back where the image changes,
// so that the diff has its tag and commit beside the digest.
func labelChanged(from, to map[string]any, older, newer Definition) {
	before, after := imagesOf(from), imagesOf(to)
	for name := range after {
		if before[name] == after[name] {
			continue
		}
		restoreLabels(from, older, name)
		restoreLabels(to, newer, name)
	}
}

func imagesOf(members map[string]any) map[tagboat.ContainerName]string {
	return Definition{members: members}.Containers()
}

func restoreLabels(members map[string]any, d Definition, name tagboat.ContainerName) {
	for _, c := range objects(members["containerDefinitions"]) {
		if text(c["name"]) != string(name) {
			continue
		}
		labels, _ := c["dockerLabels"].(map[string]any)
		if labels == nil {
			labels = map[string]any{}
		}
		for _, label := range []string{LabelTag, LabelImage, LabelRevision} {
			if v := d.Label(name, label); v != "" {
				labels[label] = v
			}
		}
		if len(labels) > 0 {
			c["dockerLabels"] = labels
		}
	}
}

// diffLines returns the lines that differ, in the order of their paths.
func diffLines(from, to map[string]string) string {
	paths := slices.SortedFunc(maps.Keys(merge(from, to)), comparePaths)
	var out strings.Builder
	for _, path := range paths {
		before, had := from[path]
		after, has := to[path]
		if had && has && before == after {
			continue
		}
		if had {
			fmt.Fprintf(&out, "- %s: %s\n", path, before)
		}
		if has {
			fmt.Fprintf(&out, "+ %s: %s\n", path, after)
		}
	}
	return out.String()
}

func merge(a, b map[string]string) map[string]string {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

// comparePaths puts the image of a container before the rest of it: it is what a
// reader looks for.
func comparePaths(a, b string) int {
	rank := func(path string) string { return strings.Replace(path, "].image", "]. image", 1) }
	return cmp.Compare(rank(a), rank(b))
}

// flatten returns the values that are not objects by their paths.
func flatten(members map[string]any) map[string]string {
	out := map[string]string{}
	flattenInto(out, "", members)
	return out
}

func flattenInto(out map[string]string, path string, v any) {
	switch v := v.(type) {
	case map[string]any:
		if len(v) == 0 && path != "" {
			out[path] = "{}"
		}
		for name, value := range v {
			flattenInto(out, strings.TrimPrefix(path+"."+name, "."), value)
		}
	case []any:
		if len(objects(v)) < len(v) {
			out[path] = string(encode(v))
			return
		}
		flattenList(out, path, v)
	default:
		out[path] = string(encode(v))
	}
}

// flattenList names the entries by what identifies them, and numbers them where
// nothing does. An entry that is a name and a value is one line.
func flattenList(out map[string]string, path string, list []any) {
	taken := map[string]bool{}
	for i, item := range objects(list) {
		key, value, pair := entryOf(item)
		if key == "" || taken[key] {
			key = fmt.Sprint(i)
		}
		taken[key] = true
		at := fmt.Sprintf("%s[%s]", path, key)
		if pair {
			out[at] = string(encode(value))
			continue
		}
		flattenInto(out, at, item)
	}
}

func entryOf(item map[string]any) (key string, value any, pair bool) {
	for _, name := range []string{"name", "key", "containerPort", "containerPath", "sourceVolume", "containerName", "portName", "capacityProvider"} {
		id, ok := item[name]
		if !ok {
			continue
		}
		key := strings.Trim(string(encode(id)), `"`)
		for _, field := range []string{"value", "valueFrom"} {
			if value, ok := item[field]; ok && len(item) == 2 {
				return key, value, true
			}
		}
		return key, nil, false
	}
	return "", nil, false
}
