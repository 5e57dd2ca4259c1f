package customresource

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/ledger"
)

// ParseDictType is the type of the resource that ParseDict answers.
const ParseDictType = "Custom::SsmParseDict"

// ParameterReader reads Parameter Store.
type ParameterReader interface {
	// Get returns the named parameters, however many; a name can be an ARN, and can
	// end in :VERSION or :LABEL. Names that do not exist are left out. Secure strings
	// stay encrypted.
	Get(ctx context.Context, names []string) (map[string]ledger.Parameter, error)
}

// ParseDict merges the JSON objects that parameters hold, so that Fn::GetAtt finds each
// of their keys. Properties:
//
//	Names      the parameters' names
//	Serial     anything: a changed one makes CloudFormation ask again
//	MissingOk  true leaves out parameters that do not exist; otherwise they are an error
//	NoEcho     true masks the values in what CloudFormation shows
type ParseDict struct {
	Parameters ParameterReader
}

var _ Resource = ParseDict{}

// Data implements Resource. Whatever cannot be answered rightly is an error of kind
// Usage that names the parameters and never tells a value.
func (d ParseDict) Data(ctx context.Context, p Properties) (Data, error) {
	names, err := p.texts("Names")
	if err != nil {
		return Data{}, err
	}
	if len(names) == 0 {
		return Data{}, tagboat.Usagef("the property Names is missing or empty").
			WithHint("Names: [/containers/prod/shop] says which parameters to read")
	}
	missingOk, err := p.flag("MissingOk")
	if err != nil {
		return Data{}, err
	}
	return d.read(ctx, names, missingOk)
}

func (d ParseDict) read(ctx context.Context, names []string, missingOk bool) (Data, error) {
	names = unique(names) // AWS refuses a name that comes twice
	found, err := d.Parameters.Get(ctx, names)
	if err != nil {
		return Data{}, fmt.Errorf("reading %d parameters: %w", len(names), err)
	}
	data := Data{Values: map[string]json.RawMessage{}, Source: map[string]string{}}
	var failed []error
	for _, name := range names {
		parameter, ok := found[name]
		switch {
		case ok:
			failed = append(failed, data.merge(name, parameter))
		case !missingOk:
			failed = append(failed, tagboat.Usagef("there is no parameter %s", name).
				WithHint("correct Names, or write MissingOk: true to leave out what does not exist"))
		}
	}
	return data, errors.Join(failed...)
}

// merge adds what a parameter holds.
func (d Data) merge(name string, p ledger.Parameter) error {
	if p.Type == "SecureString" {
		return tagboat.Usagef("parameter %s is a SecureString, and a template would show what it holds", name).
			WithHint("let the task read it: secrets: [{name: …, valueFrom: %s}]", name)
	}
	members, err := flatObject(p.Value)
	if err != nil {
		return tagboat.Usagef("parameter %s does not hold a flat JSON object: %w", name, err).
			WithHint(`its value should look like {"image":"1.4.2@sha256:…"}`)
	}
	for _, m := range members {
		other, taken := d.Source[m.key]
		if taken && !bytes.Equal(d.Values[m.key], m.value) {
			return disagreement(m.key, other, name)
		}
		d.Values[m.key] = m.value
		if !taken {
			d.Source[m.key] = name
		}
	}
	return nil
}

func disagreement(key, a, b string) error {
	if a == b {
		return tagboat.Usagef("parameter %s has %q twice, with different values", a, key).WithHint("take one of them out")
	}
	return tagboat.Usagef("parameters %s and %s have different values for %q", a, b, key).
		WithHint("read them with two resources, or take the key out of one")
}

// unique returns names without those that come again, in their order.
func unique(names []string) []string {
	var once []string
	for _, name := range names {
		if !slices.Contains(once, name) {
			once = append(once, name)
		}
	}
	return once
}
