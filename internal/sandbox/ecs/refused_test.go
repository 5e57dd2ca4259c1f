package ecs_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tagboat/tagboat/internal/expect"
)

// refusals is a file of testdata/refused: requests that AWS refuses, each of them one
// change away from a request that it takes.
type refusals struct {
	Operation string
	Before    []struct { // calls that have to succeed first
		Operation string
		Request   json.RawMessage
	}
	Request map[string]any // is taken
	Cases   []refusal
}

type refusal struct {
	Name      string
	With      map[string]any // what changes of the request; null removes a member
	Container map[string]any // what changes of its first container
	Says      string         // CODE: MESSAGE
}

// TestRefused goes through testdata/refused.
func TestRefused(t *testing.T) {
	files, err := filepath.Glob("testdata/refused/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			data := expect.Value(os.ReadFile(file))(t)
			var r refusals
			expect.OK(t, json.Unmarshal(data, &r))
			r.run(t)
		})
	}
}

func (r *refusals) run(t *testing.T) {
	f := newFixture(t)
	for _, call := range r.Before {
		if code, message := f.post(t, call.Operation, string(call.Request)); code != "" {
			t.Fatalf("%s: %s: %s", call.Operation, code, message)
		}
	}
	for _, one := range r.Cases {
		t.Run(one.Name, func(t *testing.T) {
			code, message := f.post(t, r.Operation, r.changed(t, one))
			if got := code + ": " + message; got != one.Says {
				t.Errorf("answered %s\nwant     %s", got, one.Says)
			}
		})
	}
	if code, message := f.post(t, r.Operation, r.changed(t, refusal{})); code != "" {
		t.Errorf("the request that the cases change is refused itself: %s: %s", code, message)
	}
}

func (r *refusals) changed(t *testing.T, one refusal) string {
	t.Helper()
	request := patched(r.Request, one.With)
	if containers, ok := request["containerDefinitions"].([]any); ok && one.Container != nil {
		request["containerDefinitions"] = append([]any{patched(containers[0].(map[string]any), one.Container)}, containers[1:]...)
	}
	data := expect.Value(json.Marshal(request))(t)
	return string(data)
}

// patched is a JSON merge patch: https://www.rfc-editor.org/rfc/rfc7386
func patched(base, patch map[string]any) map[string]any {
	out := maps.Clone(base)
	if out == nil {
		out = map[string]any{}
	}
	for name, value := range patch {
		inner, nested := value.(map[string]any)
		switch old, _ := out[name].(map[string]any); {
		case value == nil:
			delete(out, name)
		case nested:
			out[name] = patched(old, inner)
		default:
			out[name] = value
		}
	}
	return out
}
