package wire

import (
	"reflect"
	"strings"
)

// member is a field of a struct as it is named on the wire.
type member struct {
	name      string
	tagged    bool // the name is a json tag's
	index     []int
	omitEmpty bool
	omitZero  bool
}

// membersOf lists the fields of a struct by the names of their json tags, those of
// embedded structs among them, the way encoding/json sees them.
func membersOf(t reflect.Type) []member {
	var members []member
	for _, f := range reflect.VisibleFields(t) {
		tag, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() || tag == "-" || (f.Anonymous && tag == "") {
			continue
		}
		tagged := tag != ""
		if !tagged {
			tag = f.Name
		}
		members = append(members, member{
			name:      tag,
			tagged:    tagged,
			index:     f.Index,
			omitEmpty: strings.Contains(options, "omitempty"),
			omitZero:  strings.Contains(options, "omitzero"),
		})
	}
	return members
}
