// Package members checks JSON against the model of an AWS API, so that a member which
// the model does not know is an error instead of being dropped without a word.
package members

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/smithy-go"

	"github.com/tagboat/tagboat"
)

// Check compares a document with a shape. All members that the shape does not have, and
// all that are no object or list where the shape has one, are errors of kind Usage that
// say where they stand. A null is a member that is not there.
func Check(shape *smithy.Schema, document json.RawMessage) error {
	return check(shape, document, "")
}

func check(shape *smithy.Schema, document json.RawMessage, path string) error {
	if strings.TrimSpace(string(document)) == "null" {
		return nil
	}
	switch shape.Type() {
	case smithy.ShapeTypeStructure, smithy.ShapeTypeUnion:
		return checkObject(document, path, func(name string) (*smithy.Schema, error) {
			if member := shape.Member(name); member != nil {
				return member, nil
			}
			e := tagboat.Usagef("%s is not known to AWS's API, as far as this Tagboat knows it", join(path, name))
			return nil, e.WithHint("%s", tagboat.Suggest(name, slices.Sorted(maps.Keys(shape.Members()))))
		})
	case smithy.ShapeTypeMap:
		return checkObject(document, path, func(string) (*smithy.Schema, error) { return shape.MapValue(), nil })
	case smithy.ShapeTypeList, smithy.ShapeTypeSet:
		return checkList(shape.ListMember(), document, path)
	default:
		return nil
	}
}

func checkObject(document json.RawMessage, path string, shapeOf func(name string) (*smithy.Schema, error)) error {
	var object map[string]json.RawMessage
	if json.Unmarshal(document, &object) != nil {
		return tagboat.Usagef("%s must be an object", join(path, ""))
	}
	var failed []error
	for _, name := range slices.Sorted(maps.Keys(object)) {
		shape, err := shapeOf(name)
		if err == nil {
			err = check(shape, object[name], join(path, name))
		}
		failed = append(failed, err)
	}
	return errors.Join(failed...)
}

func checkList(shape *smithy.Schema, document json.RawMessage, path string) error {
	var list []json.RawMessage
	if json.Unmarshal(document, &list) != nil {
		return tagboat.Usagef("%s must be a list", join(path, ""))
	}
	var failed []error
	for i, item := range list {
		failed = append(failed, check(shape, item, fmt.Sprintf("%s[%d]", path, i)))
	}
	return errors.Join(failed...)
}

func join(path, name string) string {
	switch {
	case path == "" && name == "":
		return "the document"
	case path == "" || name == "":
		return path + name
	default:
		return path + "." + name
	}
}
