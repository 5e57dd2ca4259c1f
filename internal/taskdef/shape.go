package taskdef

import (
	_ "embed" // the shapes
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/source"
)

// shapesJSON says which members the requests of Amazon ECS have. It is made from the
// model of the AWS SDK by the test TestShapes with -update, so that this package
// knows what AWS knows and does not import the SDK.
//
//go:generate go test -run TestShapes -update .
//go:embed shapes.json
var shapesJSON []byte

// shapes is the content of shapes.json. A type is written as string, integer,
// number, boolean, document, the name of a structure or of an enumeration, []TYPE for
// a list or {}TYPE for a map from strings.
type shapes struct {
	Structures map[string]structure `json:"structures"`
	Enums      map[string][]string  `json:"enums"`
}

type structure struct {
	Members  map[string]string `json:"members"`
	Required []string          `json:"required,omitempty"`
}

// The structures of the requests.
const (
	registerTaskDefinition = "RegisterTaskDefinitionRequest"
	createService          = "CreateServiceRequest"
	updateService          = "UpdateServiceRequest"
)

// The names of the types that are not structures or enumerations.
const (
	typeString   = "string"
	typeInteger  = "integer"
	typeNumber   = "number"
	typeBoolean  = "boolean"
	typeDocument = "document"
)

var loadShapes = sync.OnceValue(func() shapes {
	var s shapes
	if err := json.Unmarshal(shapesJSON, &s); err != nil {
		panic(fmt.Sprintf("shapes.json, which is part of the program: %v", err))
	}
	return s
})

func listOf(typ string) (string, bool) { return strings.CutPrefix(typ, "[]") }
func mapOf(typ string) (string, bool)  { return strings.CutPrefix(typ, "{}") }

// checker holds a tree against the shape of a request.
type checker struct {
	placeholders bool // a placeholder may stand for a value of any type
}

// check returns everything that is wrong with n, which should be of the type typ.
func (c checker) check(n *source.Node, typ string) error {
	if n.Kind == source.Null || c.placeholders && n.Kind == source.String && isPlaceholder(n.Text) {
		return nil
	}
	if item, ok := listOf(typ); ok {
		return c.list(n, item)
	}
	if value, ok := mapOf(typ); ok {
		return c.dictionary(n, value)
	}
	switch typ {
	case typeDocument:
		return nil
	case typeString:
		return n.Want(source.String)
	case typeBoolean:
		return n.Want(source.Bool)
	case typeNumber:
		return n.Want(source.Number)
	case typeInteger:
		return integer(n)
	}
	if values, ok := loadShapes().Enums[typ]; ok {
		return c.enum(n, values)
	}
	return c.structure(n, typ)
}

func (c checker) list(n *source.Node, item string) error {
	if err := n.Want(source.List); err != nil {
		return err
	}
	var problems []error
	for _, i := range n.Items {
		if i.Kind == source.Null {
			problems = append(problems, i.Errorf("an entry of the list is empty").WithHint("fill it in or remove it"))
		}
		problems = append(problems, c.check(i, item))
	}
	return errors.Join(problems...)
}

func (c checker) dictionary(n *source.Node, value string) error {
	if err := n.Want(source.Map); err != nil {
		return err
	}
	var problems []error
	for _, f := range n.Fields {
		if c.placeholders && hasPlaceholder(f.Name) {
			problems = append(problems, f.Errorf("a name cannot hold a placeholder, only a value can"))
		}
		problems = append(problems, c.check(f.Value, value))
	}
	return errors.Join(problems...)
}

// integer wants what ECS has: whole numbers of 64 bits at most.
func integer(n *source.Node) error {
	if err := n.Want(source.Number); err != nil {
		return err
	}
	if _, err := strconv.ParseInt(n.Text, 10, 64); err != nil {
		return n.Errorf("expected a whole number, not %s", n.Raw)
	}
	return nil
}

func (c checker) enum(n *source.Node, values []string) error {
	if err := n.Want(source.String); err != nil {
		return err
	}
	if slices.Contains(values, n.Text) || c.placeholders && hasPlaceholder(n.Text) {
		return nil
	}
	e := n.Errorf("%q is not one of %s", n.Text, strings.Join(values, ", "))
	if n.Text == "" {
		return e.WithHint("leave it out: that is what says nothing")
	}
	for _, v := range values {
		if strings.EqualFold(v, n.Text) {
			return e.WithHint("did you mean %q?", v)
		}
	}
	return e.WithHint("%s", tagboat.Suggest(n.Text, values))
}

func (c checker) structure(n *source.Node, name string) error {
	if err := n.Want(source.Map); err != nil {
		return err
	}
	if err := checkUnwrapped(n, name); err != nil {
		return err
	}
	s := loadShapes().Structures[name]
	var problems []error
	for _, f := range n.Fields {
		typ, ok := s.Members[f.Name]
		switch hint := misplacedHint(name, f.Name); {
		case hint != "":
			problems = append(problems, f.Errorf("%q does not belong here", f.Name).WithHint("%s", hint))
		case !ok:
			problems = append(problems, source.UnknownField(f, slices.Sorted(maps.Keys(s.Members))))
		default:
			problems = append(problems, c.check(f.Value, typ))
		}
	}
	for _, member := range s.Required {
		switch value := n.Field(member); {
		case optional(name, member):
		case value == nil || value.Kind == source.Null:
			problems = append(problems, n.Errorf("%q is missing", member))
		case value.Kind == source.String && value.Text == "":
			problems = append(problems, value.Errorf("%q is empty", member))
		}
	}
	return errors.Join(problems...)
}

// optional reports whether Tagboat fills in a member that ECS requires.
func optional(structure, member string) bool {
	return structure == createService && member == "serviceName"
}
