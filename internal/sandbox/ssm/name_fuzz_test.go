package ssm_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/tagboat/tagboat/internal/sandbox/clock"
	"github.com/tagboat/tagboat/internal/sandbox/ssm"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// FuzzName puts a parameter of any name. Either AWS's rules refuse it, in an error of
// AWS's kind, or it can be read again by its name, its version and its ARN.
func FuzzName(f *testing.F) {
	for _, name := range []string{"plain", "/a/b", " /a ", "a/b", "/a//b", "/a/", "/", "", "/a:1", "/a:label", "arn:aws:ssm:r:a:parameter/x", "AWS", "/ssm/x", "é", "/a\nb"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		s := ssm.New(clock.NewManual(start))
		invoke := func(operation string, in map[string]any) (map[string]any, error) {
			body, _ := json.Marshal(in)
			out, err := s.Service().Operations[operation](context.Background(), &wire.Request{
				Caller: wire.Caller{Scope: wire.Scope{Account: "111111111111", Region: "eu-west-1"}}, JSON: body,
			})
			var e *wire.Error
			if err != nil && !errors.As(err, &e) {
				t.Fatalf("%s of %q: not AWS's kind of error: %v", operation, name, err)
			}
			data, _ := json.Marshal(out)
			var answer struct{ Parameter map[string]any }
			_ = json.Unmarshal(data, &answer)
			return answer.Parameter, err
		}
		if _, err := invoke("GetParameter", map[string]any{"Name": name}); err == nil {
			t.Fatalf("%q is there before it was put", name)
		}
		if _, err := invoke("PutParameter", map[string]any{"Name": name, "Value": "v", "Type": "String"}); err != nil {
			return
		}
		p, err := invoke("GetParameter", map[string]any{"Name": name})
		if err != nil || p["Name"] != strings.TrimSpace(name) {
			t.Fatalf("%q was put and reads as %v, %v", name, p, err)
		}
		for _, other := range []string{p["Name"].(string) + ":1", p["ARN"].(string), p["ARN"].(string) + ":1"} {
			if _, err := invoke("GetParameter", map[string]any{"Name": other}); err != nil {
				t.Errorf("%q: %v", other, err)
			}
		}
	})
}
