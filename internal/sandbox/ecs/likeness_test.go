package ecs_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// differences are what a file says of where the sandbox and a real answer differ, one a line:
//
//	CAPTURE DIFFERENCE reason
//
// CAPTURE is a pattern of names, or <DATE for all that were seen before. DIFFERENCE is + or
// - and the path of a member that the sandbox alone or AWS alone answers, or ~ and the path
// of a value; * stands for anything.
type differences struct{ lines []*difference }

type difference struct {
	captures, pattern string
	before            time.Time
	path              *regexp.Regexp
	used              bool
}

func readDifferences(t *testing.T) *differences {
	t.Helper()
	text, err := os.ReadFile("testdata/answers-differ")
	if err != nil {
		t.Fatal(err)
	}
	d := &differences{}
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		if len(words) == 0 || words[0] == "#" {
			continue
		}
		if len(words) < 3 {
			t.Fatalf("%q has no reason", line)
		}
		one := &difference{captures: words[0], pattern: words[1]}
		if date, dated := strings.CutPrefix(words[0], "<"); dated {
			if one.before, err = time.Parse(time.DateOnly, date); err != nil {
				t.Fatal(err)
			}
		}
		one.path = regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(words[1]), `\*`, ".*") + "$")
		d.lines = append(d.lines, one)
	}
	return d
}

func (d *differences) check(t *testing.T, c capture, file string, got any) {
	t.Helper()
	var want any
	decode(t, []byte(c.first(t, file)), &want)
	for _, found := range differ(likened(want), likened(got), "") {
		if unprinted := found[0] == '+' && strings.HasPrefix(file, "part"); !unprinted && !d.known(c, found) {
			t.Errorf("%s: %s", file, found)
		}
	}
}

func (d *differences) known(c capture, found string) bool {
	path, _, _ := strings.Cut(found, " ")
	known := false
	for _, one := range d.lines {
		chosen := c.seen.Before(one.before)
		if one.before.IsZero() {
			chosen, _ = filepath.Match(one.captures, c.name)
		}
		if chosen && one.path.MatchString(path) {
			one.used, known = true, true
		}
	}
	return known
}

// unused reports lines that nothing needs any more.
func (d *differences) unused(t *testing.T) {
	for _, one := range d.lines {
		if !one.used {
			t.Errorf("testdata/answers-differ: %s %s: there is no such difference", one.captures, one.pattern)
		}
	}
}

// differ names what of want is not in got, with -, what of got is not in want, with +, and
// the values that are not the same, with ~.
func differ(want, got any, path string) []string {
	w, isObject := want.(map[string]any)
	g, both := got.(map[string]any)
	if !isObject || !both {
		if fmt.Sprint(want) != fmt.Sprint(got) {
			return []string{fmt.Sprintf("~%s the sandbox answers %v, AWS %v", path, got, want)}
		}
		return nil
	}
	var found []string
	for name, value := range w {
		at := strings.TrimPrefix(path+"."+name, ".")
		if other, ok := g[name]; ok {
			found = append(found, differ(value, other, at)...)
		} else {
			found = append(found, fmt.Sprintf("-%s AWS alone answers %v", at, value))
		}
	}
	for name, value := range g {
		if _, ok := w[name]; !ok {
			found = append(found, fmt.Sprintf("+%s the sandbox alone answers %v", strings.TrimPrefix(path+"."+name, "."), value))
		}
	}
	slices.Sort(found)
	return found
}

var (
	identifier = regexp.MustCompile(`(ecs-svc/|service-deployment/[^/]+/[^/]+/|service-revision/[^/]+/[^/]+/|service/srv-|eni-|\bip-)[\w-]+|` +
		`\b[0-9a-f]{8}-[0-9a-f-]{27}\b|\b[0-9a-f]{32}\b|\b([0-9a-f]{2}:){5}[0-9a-f]{2}\b|\b\d+\.\d+\.\d+\.\d+\b`)
	timeMember = regexp.MustCompile(`At$|^id$|^revision$|^registeredBy$|^createdBy$|^arn$|^taskDefinitionArn$|^runtimeId$`)
)

// likened returns a value with lists as objects, by what names their entries or, of
// strings, by the strings, and with ids and times as one word.
func likened(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, value := range v {
			if out[name] = likened(value); timeMember.MatchString(name) {
				out[name] = "some"
			}
		}
		return out
	case []any:
		out := map[string]any{}
		for i, value := range v {
			out[keyOf(i, value)] = likened(value)
		}
		return out
	case string:
		return identifier.ReplaceAllString(v, "${1}some")
	default:
		return v
	}
}

func keyOf(i int, v any) string {
	switch v := v.(type) {
	case string:
		return v
	case map[string]any:
		for _, member := range []string{"name", "key", "sourceVolume", "message", "containerName"} {
			if name, ok := v[member].(string); ok {
				return identifier.ReplaceAllString(name, "${1}some")
			}
		}
	}
	return fmt.Sprint(i)
}
