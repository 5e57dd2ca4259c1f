package customresource

import (
	"fmt"

	"github.com/tagboat/tagboat"
)

// Properties are those of a custom resource as the template has them. CloudFormation
// makes strings of numbers and booleans.
type Properties map[string]any

// texts returns a list of strings, none of them empty; nil where the property is
// missing. The error is of kind Usage.
func (p Properties) texts(name string) ([]string, error) {
	value, ok := p[name]
	if !ok {
		return nil, nil
	}
	list, ok := value.([]any)
	if !ok {
		return nil, tagboat.Usagef("the property %s is not a list", name).WithHint("write %s: [A, B]", name)
	}
	texts := make([]string, len(list))
	for i, item := range list {
		if texts[i], ok = item.(string); !ok || texts[i] == "" {
			return nil, tagboat.Usagef("item %d of the property %s is not a string with something in it", i+1, name)
		}
	}
	return texts, nil
}

// text returns a string; "" where the property is missing. The error is of kind Usage.
func (p Properties) text(name string) (string, error) {
	value, ok := p[name]
	if !ok {
		return "", nil
	}
	text, ok := value.(string)
	if !ok {
		return "", tagboat.Usagef("the property %s is not a string", name)
	}
	return text, nil
}

// flag returns a boolean; false where the property is missing. The error is of kind
// Usage.
func (p Properties) flag(name string) (bool, error) {
	switch value := fmt.Sprint(p[name]); value {
	case "true", "True":
		return true, nil
	case "false", "False", "", fmt.Sprint(nil):
		return false, nil
	default:
		return false, tagboat.Usagef("the property %s is neither true nor false", name)
	}
}
