package taskdef

import (
	_ "embed" // the shapes
	"encoding/json"
	"fmt"
	"strings"
	"sync"
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
