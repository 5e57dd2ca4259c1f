package scaffold

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/taskdef"
)

// printJSON writes a template as a person would: what is short stands in one line, what says most
// comes first.
func printJSON(v any) []byte {
	var out bytes.Buffer
	writeJSON(&out, v, "", 0)
	out.WriteByte('\n')
	return out.Bytes()
}

// widest is how long a line gets at most where a value is written in one.
const widest = 100

func writeJSON(out *bytes.Buffer, v any, indent string, used int) {
	if line := template(v); indent != "" && len(indent)+used+len(line) <= widest {
		out.WriteString(line)
		return
	}
	switch v := v.(type) {
	case map[string]any:
		out.WriteString("{")
		for i, key := range inOrder(v) {
			name := oneLine(key) + ": "
			out.WriteString(comma(i) + "\n" + indent + "  " + name)
			writeJSON(out, v[key], indent+"  ", len(name))
		}
		out.WriteString("\n" + indent + "}")
	case []any:
		out.WriteString("[")
		for i, item := range v {
			out.WriteString(comma(i) + "\n" + indent + "  ")
			writeJSON(out, item, indent+"  ", 0)
		}
		out.WriteString("\n" + indent + "]")
	default:
		out.WriteString(template(v))
	}
}

func comma(i int) string {
	if i == 0 {
		return ""
	}
	return ","
}

// template returns a value in one line, as a template has it.
func template(v any) string { return line(v, taskdef.Literal) }

// oneLine returns a value in one line.
func oneLine(v any) string { return line(v, func(s string) string { return s }) }

func line(v any, text func(string) string) string {
	switch v := v.(type) {
	case map[string]any:
		var parts []string
		for _, key := range inOrder(v) {
			parts = append(parts, line(key, func(s string) string { return s })+": "+line(v[key], text))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case []any:
		var parts []string
		for _, item := range v {
			parts = append(parts, line(item, text))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case placeholder:
		return line(string(v), func(s string) string { return s })
	case string:
		return encoded(text(v))
	default:
		return encoded(v)
	}
}

func encoded(v any) string {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // texts, numbers and booleans always encode
	return strings.TrimSpace(out.String())
}

// inOrder returns the members of an object, those first that people look for first.
func inOrder(object map[string]any) []string {
	first := []string{"family", "serviceName", "name", "key", "requiresCompatibilities", "launchType", "networkMode", "cpu", "memory", "executionRoleArn", "taskRoleArn"}
	last := []string{"containerDefinitions", "volumes", "tags"}
	rank := func(name string) int {
		if i := slices.Index(first, name); i >= 0 {
			return i - len(first)
		}
		return slices.Index(last, name) + 1
	}
	names := slices.Sorted(maps.Keys(object))
	slices.SortStableFunc(names, func(a, b string) int { return rank(a) - rank(b) })
	return names
}

var plainScalar = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^([A-Za-z][A-Za-z0-9._/-]*|[0-9]{12}\.dkr\.ecr\.[a-z0-9.-]+)$`)
})

// scalar writes a text in YAML, in quotes where YAML could take it for something else.
func scalar[T ~string](s T) string {
	words := []string{"true", "false", "yes", "no", "on", "off", "null", "y", "n"}
	if !plainScalar().MatchString(string(s)) || slices.Contains(words, strings.ToLower(string(s))) {
		return encoded(string(s))
	}
	return string(s)
}

// configuration writes tagboat.yaml.
func (a *arrangement) configuration(entries []*entry) []byte {
	var out strings.Builder
	fmt.Fprintf(&out, "# What ran when tagboat init wrote this file. tagboat plan shows what differs since.\napp: %s\nregistry: %s\n", scalar(a.app), scalar(a.registry[0]))
	out.WriteString("\nimages: # with a rule such as select: {semver: \">=1.0.0\"}, tagboat pin chooses a version by itself\n")
	for _, r := range a.repositories {
		name := r.ref.Repository
		if r.ref.Host != a.registry[0] {
			name = r.ref.Name()
		}
		fmt.Fprintf(&out, "  %s: {repository: %s}\n", scalar(r.image), scalar(name))
	}
	out.WriteString("\nservices:\n")
	for _, e := range entries {
		fmt.Fprintf(&out, "  %s:\n", scalar(e.key))
		switch {
		case e.through != nil:
			out.WriteString("    deploy: " + e.through.print(e.images) + "\n")
		case e.service != "":
			fmt.Fprintf(&out, "    taskDefinition: %s\n    service: %s\n", scalar(e.definition), scalar(e.service))
		default:
			fmt.Fprintf(&out, "    taskDefinition: %s\n", scalar(e.definition))
		}
		out.WriteString("    containers: {")
		for i, c := range e.in[0].Containers {
			out.WriteString(strings.TrimPrefix(comma(i)+" ", " ") + scalar(c.Name) + ": " + scalar(e.images[c.Name]))
		}
		out.WriteString("}\n")
	}
	out.WriteString("\nstages:\n")
	for _, stage := range a.sortedStages() {
		fmt.Fprintf(&out, "  - {name: %s}\n", scalar(stage))
	}
	out.WriteString("\nenvironments:\n")
	for i, env := range a.environments {
		a.environment(&out, i, env)
	}
	return []byte(out.String())
}

func (a *arrangement) environment(out *strings.Builder, i int, env Environment) {
	fmt.Fprintf(out, "  %s:\n    stage: %s\n    region: %s\n    cluster: %s\n", scalar(env.Name), scalar(a.stage[i]), scalar(env.Region), scalar(env.Cluster))
	if env.Account != "" {
		fmt.Fprintf(out, "    account: %s\n", scalar(env.Account))
	}
	if env.Role != "" {
		fmt.Fprintf(out, "    role: %s\n", scalar(env.Role))
	}
	if a.registry[i] != a.registry[0] {
		fmt.Fprintf(out, "    registry: %s\n", scalar(a.registry[i]))
	}
	names := slices.Sorted(maps.Keys(a.vars.values))
	if len(names) > 0 {
		out.WriteString("    vars:")
		if slices.ContainsFunc(names, func(name string) bool { return a.vars.values[name][i] == nil }) {
			out.WriteString(" # null leaves out what it is the value of")
		}
		out.WriteString("\n")
	}
	for _, name := range names {
		fmt.Fprintf(out, "      %s: %s\n", scalar(name), oneLine(a.vars.values[name][i]))
	}
}

// print writes how a service is deployed through its stack.
func (t *through) print(images map[tagboat.ContainerName]tagboat.ImageName) string {
	var parameters []string
	for _, container := range slices.Sorted(maps.Keys(t.parameters)) {
		parameters = append(parameters, scalar(t.parameters[container])+": "+scalar(images[container]))
	}
	slices.Sort(parameters)
	return fmt.Sprintf("{through: cloudformation, stack: %s, parameters: {%s}}", scalar(t.stack), strings.Join(slices.Compact(parameters), ", "))
}
