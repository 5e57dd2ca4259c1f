package customresource_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/customresource"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/ledger"
)

// store is Parameter Store with just these parameters.
type store map[string]ledger.Parameter

func (s store) Get(_ context.Context, names []string) (map[string]ledger.Parameter, error) {
	found := map[string]ledger.Parameter{}
	for _, name := range names {
		if name == "/denied" {
			return nil, errors.New("ssm.GetParameters: AccessDeniedException: not allowed")
		}
		if p, ok := s[name]; ok {
			found[name] = p
		}
	}
	return found, nil
}

func parameters() store {
	s := store{}
	for name, value := range map[string]string{
		"/radio":    `{"radio/air-socket-app":"buster-node-14.18.2-1658150132991","radio/air-socket-nginx":"bullseye-1658651524052"}`,
		"/generic":  `{"generic/agent":"7.1"}`,
		"/same":     `{"generic/agent":"7.1","other":"1"}`,
		"/differs":  `{"generic/agent":"hush-7.2"}`,
		"/twice":    `{"a":"hush-1","a":"hush-2"}`,
		"/scalars":  `{"count": 3, "big": 12345678901234567890, "on":true, "html":"<a&b>"}`,
		"/nested":   `{"a":{"b":"hush-1"}}`,
		"/list":     `["hush-1"]`,
		"/inner":    `{"a":["hush-1"]}`,
		"/null":     `{"a":null}`,
		"/text":     `hush-1`,
		"/cut":      `{"a":"hush-1"`,
		"/trailing": `{"a":"hush-1"} {}`,
		"/empty":    `{}`,
		"/radio:3":  `{"radio/air-socket-app":"older"}`,
	} {
		s[name] = ledger.Parameter{Name: name, Value: value, Type: "String"}
	}
	s["/secret"] = ledger.Parameter{Name: "/secret", Value: `{"a":"hush-1"}`, Type: "SecureString"}
	for i := range 23 {
		name := fmt.Sprintf("/many/%d", i)
		s[name] = ledger.Parameter{Name: name, Value: fmt.Sprintf(`{"key-%d":"v"}`, i), Type: "String"}
	}
	return s
}

func properties(names ...string) customresource.Properties {
	list := make([]any, len(names))
	for i, name := range names {
		list[i] = name
	}
	return customresource.Properties{"Names": list, "Serial": "1658651524", "ServiceToken": "arn:aws:lambda:eu-west-1:1:function:f"}
}

func TestParseDict(t *testing.T) {
	many := []string{}
	for i := range 23 {
		many = append(many, fmt.Sprintf("/many/%d", i))
	}
	lenient := properties("/radio", "/missing")
	lenient["MissingOk"] = "true"
	tests := []struct {
		name string
		with customresource.Properties
		want map[string]string
	}{
		{"one", properties("/radio"), map[string]string{
			"radio/air-socket-app": `"buster-node-14.18.2-1658150132991"`, "radio/air-socket-nginx": `"bullseye-1658651524052"`,
		}},
		{"merged", properties("/generic", "/radio:3"), map[string]string{"generic/agent": `"7.1"`, "radio/air-socket-app": `"older"`}},
		{"two that agree", properties("/generic", "/same"), map[string]string{"generic/agent": `"7.1"`, "other": `"1"`}},
		{"a name twice", properties("/generic", "/generic"), map[string]string{"generic/agent": `"7.1"`}},
		{"what is no string stays as it is", properties("/scalars"), map[string]string{
			"count": "3", "big": "12345678901234567890", "on": "true", "html": `"<a&b>"`,
		}},
		{"an empty object", properties("/empty"), map[string]string{}},
		{"leniency", lenient, map[string]string{
			"radio/air-socket-app": `"buster-node-14.18.2-1658150132991"`, "radio/air-socket-nginx": `"bullseye-1658651524052"`,
		}},
		{"more than ten", properties(many...), manyKeys(23)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			data := expect.Value(customresource.ParseDict{Parameters: parameters()}.Data(t.Context(), test.with))(t)
			got := map[string]string{}
			for key, value := range data.Values {
				got[key] = string(value)
			}
			expect.Equal(t, test.want, got)
		})
	}
}

func manyKeys(n int) map[string]string {
	keys := map[string]string{}
	for i := range n {
		keys[fmt.Sprintf("key-%d", i)] = `"v"`
	}
	return keys
}

func TestParseDictRefuses(t *testing.T) {
	unclear := properties("/radio")
	unclear["MissingOk"] = "maybe"
	tests := []struct {
		name string
		with customresource.Properties
		want []string
	}{
		{"two missing names, both named", properties("/radio", "/gone", "/lost"), []string{"/gone", "/lost", "MissingOk"}},
		{"a secure string", properties("/secret"), []string{"/secret", "SecureString", "valueFrom"}},
		{"a list", properties("/list"), []string{"/list", "no object"}},
		{"text", properties("/text"), []string{"/text", "not JSON"}},
		{"half an object", properties("/cut"), []string{"/cut"}},
		{"more than an object", properties("/trailing"), []string{"/trailing", "after the object"}},
		{"an object in it", properties("/nested"), []string{"/nested", `"a"`, "flat"}},
		{"a list in it", properties("/inner"), []string{"/inner", `"a"`, "flat"}},
		{"null in it", properties("/null"), []string{"/null", `"a"`, "null"}},
		{"two that disagree", properties("/generic", "/differs"), []string{"/generic", "/differs", "generic/agent"}},
		{"a key twice", properties("/twice"), []string{"/twice", `"a"`, "twice"}},
		{"no names", customresource.Properties{}, []string{"Names"}},
		{"an empty list", properties(), []string{"Names"}},
		{"no list", customresource.Properties{"Names": "/radio"}, []string{"Names", "list"}},
		{"an empty name", properties("/radio", ""), []string{"item 2", "Names"}},
		{"neither true nor false", unclear, []string{"MissingOk"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			data, err := customresource.ParseDict{Parameters: parameters()}.Data(t.Context(), test.with)
			if err == nil || tagboat.KindOf(err) != tagboat.Usage {
				t.Fatalf("got %v and the error %v", data, err)
			}
			text := told(err)
			for _, want := range test.want {
				if !strings.Contains(text, want) {
					t.Errorf("%q does not say %q", text, want)
				}
			}
			if strings.Contains(text, "hush") {
				t.Errorf("%q tells a value", text)
			}
		})
	}
	if _, err := (customresource.ParseDict{Parameters: parameters()}).Data(t.Context(), properties("/denied")); err == nil || !strings.Contains(err.Error(), "AccessDenied") {
		t.Errorf("what AWS refuses is %v", err)
	}
}

// told returns an error with all of its hints.
func told(err error) string {
	text := err.Error()
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range many.Unwrap() {
			text += told(e)
		}
		return text
	}
	var e *tagboat.Error
	if errors.As(err, &e) {
		text += e.Hint
	}
	return text
}
