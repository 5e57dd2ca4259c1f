package scaffold

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/taskdef"
)

// placeholder is a text of a template that has placeholders in it, as it is written.
type placeholder string

// variables are those of the environments, each with a value for every one.
type variables struct {
	values map[string][]any
	of     int // environments
}

func newVariables(of int) *variables { return &variables{map[string][]any{}, of} }

// fork returns variables that can be given up.
func (v *variables) fork() *variables { return &variables{maps.Clone(v.values), v.of} }

// take returns the name of the variable with these values: one that has them already, or a new one
// with the first of the names that is free.
func (v *variables) take(names []string, values []any) string {
	for n := 1; ; n++ {
		for _, name := range names {
			if n > 1 {
				name = fmt.Sprintf("%s-%d", name, n)
			}
			have, taken := v.values[name]
			if taken && oneLine(have) != oneLine(values) || !tagboat.ValidName(name) {
				continue
			}
			v.values[name] = values
			return name
		}
	}
}

// merger makes one tree of those that environments have: where they differ there is a placeholder.
type merger struct {
	vars         *variables
	service      string
	environments []Environment
	impossible   string // why there is none, in words
}

// merge returns what all values have in common; nil is no value.
func (m *merger) merge(path []string, values []any) any {
	switch {
	case allEqual(values):
		return values[0]
	case all[map[string]any](values):
		return m.objects(path, values)
	case all[[]any](values):
		if merged := m.lists(path, values); merged != nil {
			return merged
		}
	case all[string](values):
		if text, ok := m.byName(values); ok {
			return text
		}
	}
	if len(path) > 0 && path[0] == "containerDefinitions" && len(path) < 3 {
		m.impossible = fmt.Sprintf("its containers differ between %s", m.environments[0].Name)
		return nil
	}
	return placeholder("${vars." + m.vars.take(m.names(path), values) + "}")
}

func (m *merger) objects(path []string, values []any) any {
	keys, merged := map[string]bool{}, map[string]any{}
	for _, v := range values {
		for key := range v.(map[string]any) {
			keys[key] = true
		}
	}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		members := make([]any, len(values))
		for i, v := range values {
			members[i] = v.(map[string]any)[key]
		}
		if free := userNamed(path); free && slices.Contains(members, nil) {
			return placeholder("${vars." + m.vars.take(m.names(path), values) + "}")
		}
		merged[key] = m.merge(append(slices.Clone(path), key), members)
	}
	return merged
}

// userNamed reports whether the members of an object are names that people gave, so that none can
// be left out by a variable.
func userNamed(path []string) bool {
	return len(path) > 0 && slices.Contains([]string{"options", "dockerLabels", "driverOpts", "labels", "hookDetails"}, path[len(path)-1])
}

// lists merges lists whose entries can be paired, by what they are called or by their places; nil
// where they cannot.
func (m *merger) lists(path []string, values []any) any {
	first := values[0].([]any)
	var merged []any
	for i, item := range first {
		name, named := identity(item)
		entries := make([]any, len(values))
		for e, v := range values {
			list := v.([]any)
			if len(list) != len(first) {
				return nil
			}
			at := i
			if named {
				at = slices.IndexFunc(list, func(other any) bool { id, _ := identity(other); return id == name })
			}
			if at < 0 {
				return nil
			}
			entries[e] = list[at]
		}
		if _, object := item.(map[string]any); !object {
			return nil
		}
		if !named {
			name = fmt.Sprint(i)
		}
		merged = append(merged, m.merge(append(slices.Clone(path), name), entries))
	}
	return merged
}

// identity is what an entry of a list is called.
func identity(item any) (string, bool) {
	object, _ := item.(map[string]any)
	for _, member := range []string{"name", "key", "containerPath", "sourceVolume", "containerName", "capacityProvider"} {
		if name, ok := object[member].(string); ok {
			return name, true
		}
	}
	return "", false
}

// byName writes the names of environments and clusters in texts as placeholders, where that makes
// them equal.
func (m *merger) byName(values []any) (placeholder, bool) {
	for _, by := range []struct {
		name string
		of   func(Environment) string
	}{
		{"${env.name}", func(env Environment) string { return string(env.Name) }},
		{"${env.cluster}", func(env Environment) string { return env.Cluster }},
	} {
		texts := make([]any, len(values))
		for i, v := range values {
			texts[i] = replaceWord(taskdef.Literal(v.(string)), by.of(m.environments[i]), by.name)
		}
		if allEqual(texts) {
			return placeholder(texts[0].(string)), true
		}
	}
	return "", false
}

// replaceWord replaces a word in a text, wherever neither a letter nor a digit is beside it.
func replaceWord(text, word, by string) string {
	var out strings.Builder
	for {
		at := strings.Index(text, word)
		if at < 0 || word == "" {
			return out.String() + text
		}
		end := at + len(word)
		out.WriteString(text[:at])
		if at > 0 && alphanumeric(text[at-1]) || end < len(text) && alphanumeric(text[end]) {
			out.WriteString(word)
		} else {
			out.WriteString(by)
		}
		text = text[end:]
	}
}

func alphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// names are what the variable for a value may be called, the shortest first.
func (m *merger) names(path []string) []string {
	clean := func(s string) string {
		return strings.TrimLeft(strings.Map(func(r rune) rune {
			if r < 128 && (alphanumeric(byte(r)) || strings.ContainsRune("-_.", r)) {
				return r
			}
			return '-'
		}, s), "-_.")
	}
	last := path[len(path)-1]
	parents := path[:len(path)-1]
	if (last == "value" || last == "valueFrom") && len(parents) > 0 {
		last, parents = parents[len(parents)-1], parents[:len(parents)-1]
	}
	names := []string{clean(last), m.service + "." + clean(last)}
	for i := len(parents) - 1; i >= 0; i-- {
		last = parents[i] + "." + last
		names = append(names, m.service+"."+clean(last))
	}
	return append(names, m.service+".value")
}

func allEqual(values []any) bool {
	first := oneLine(values[0])
	return !slices.ContainsFunc(values, func(v any) bool { return oneLine(v) != first })
}

func all[T any](values []any) bool {
	return !slices.ContainsFunc(values, func(v any) bool { _, ok := v.(T); return !ok })
}
