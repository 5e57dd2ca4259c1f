package stack

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Expression is YAML that is written as it is: a function of CloudFormation.
type Expression string

// first are the properties that stand before the others, as people write them.
var first = []string{"Name", "Family", "Image", "Sid", "Effect", "Key", "Type"}

// block returns a value as lines of YAML, indented by so many blanks.
func block(indent int, v any) string {
	lead := strings.Repeat(" ", indent)
	var b strings.Builder
	switch v := v.(type) {
	case map[string]any:
		for _, key := range inOrder(v) {
			b.WriteString(lead + scalar(key) + ":" + inner(indent, v[key]))
		}
	case []any:
		for _, item := range v {
			if nested, ok := item.(map[string]any); ok && len(nested) > 0 {
				text := block(indent+2, nested)
				b.WriteString(lead + "- " + text[indent+2:])
				continue
			}
			b.WriteString(lead + "-" + inner(indent, item))
		}
	}
	return b.String()
}

// inner returns what stands behind a key or a dash: in the line, or in lines below it.
func inner(indent int, v any) string {
	switch nested := v.(type) {
	case map[string]any:
		if len(nested) == 0 {
			return " {}\n"
		}
		return "\n" + block(indent+2, nested)
	case []any:
		if len(nested) == 0 {
			return " []\n"
		}
		return "\n" + block(indent+2, nested)
	case Expression:
		return " " + string(nested) + "\n"
	default:
		return " " + scalar(v) + "\n"
	}
}

// inOrder returns the keys of an object: those of first, then those with values in a line.
func inOrder(object map[string]any) []string {
	rank := func(key string) int {
		if at := slices.Index(first, key); at >= 0 {
			return at
		}
		return len(first)
	}
	keys := slices.Sorted(maps.Keys(object))
	slices.SortStableFunc(keys, func(a, b string) int { return rank(a) - rank(b) })
	return keys
}

// plain is what YAML reads as that text and as nothing else.
var plain = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[A-Za-z/]([A-Za-z0-9_./:@* -]*[A-Za-z0-9_./@*-])?$`)
})

// scalar returns a value in a line.
func scalar(v any) string {
	text, ok := v.(string)
	switch {
	case !ok:
		raw, err := json.Marshal(v)
		if err != nil {
			return fmt.Sprint(v)
		}
		return string(raw)
	case plain().MatchString(text) && !strings.Contains(text, ": ") && !slices.Contains([]string{"true", "false", "null", "yes", "no", "on", "off", "y", "n"}, strings.ToLower(text)):
		return text
	default:
		return quoted(text)
	}
}

// quoted returns a string in quotes, as JSON has it, but for < > &, which are left as they are.
func quoted(text string) string {
	if strconv.CanBackquote(text) && !strings.ContainsAny(text, `"\`) {
		return `"` + text + `"`
	}
	raw, err := json.Marshal(text)
	if err != nil {
		return strconv.Quote(text)
	}
	return string(raw)
}
