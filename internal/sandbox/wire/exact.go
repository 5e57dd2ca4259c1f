package wire

import (
	"encoding/json"
	"reflect"
	"strings"
	"unicode"
)

// Exact returns a JSON value without the members that AWS would not know: those spelt like
// one of the type of v but for the case of a letter, which encoding/json would take for it.
// Fields without a json tag are spelt as spell says.
func Exact(data json.RawMessage, v any, spell func(field string) string) json.RawMessage {
	out, _ := exact(data, reflect.TypeOf(v), spell)
	return out
}

// LowerCamel spells a field as most of AWS's JSON services do: CPUArchitecture is
// cpuArchitecture, TaskARNs is taskArns.
func LowerCamel(field string) string {
	letters := []rune(field)
	out := make([]rune, len(letters))
	for i, r := range letters {
		rest := letters[i+1:]
		ends := len(rest) == 0 || unicode.IsUpper(rest[0]) || len(rest) == 1 && rest[0] == 's'
		if i == 0 || unicode.IsUpper(letters[i-1]) && ends {
			r = unicode.ToLower(r)
		}
		out[i] = r
	}
	return string(out)
}

// asDeclared spells a field as Go does.
func asDeclared(field string) string { return field }

// exact reports whether it changed anything, too: what it did not change is not written again.
func exact(data json.RawMessage, t reflect.Type, spell func(string) string) (json.RawMessage, bool) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]()):
		return data, false
	case t.Kind() == reflect.Struct:
		return exactStruct(data, t, spell)
	case t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Uint8:
		return exactList(data, t.Elem(), spell)
	case t.Kind() == reflect.Map:
		return exactMembers(data, func(string) (reflect.Type, bool) { return t.Elem(), true }, spell)
	}
	return data, false
}

func exactStruct(data json.RawMessage, t reflect.Type, spell func(string) string) (json.RawMessage, bool) {
	types := map[string]reflect.Type{}
	for _, m := range membersOf(t) {
		name := m.name
		if !m.tagged {
			name = spell(name)
		}
		types[name] = t.FieldByIndex(m.index).Type
	}
	return exactMembers(data, func(name string) (reflect.Type, bool) {
		if of, ok := types[name]; ok {
			return of, true
		}
		for known := range types {
			if strings.EqualFold(known, name) {
				return nil, true
			}
		}
		return nil, false
	}, spell)
}

// exactMembers goes through an object. of returns the type of a member, nil for one that is
// misspelt, and false for one that nothing is known of, which stays.
func exactMembers(data json.RawMessage, of func(name string) (reflect.Type, bool), spell func(string) string) (json.RawMessage, bool) {
	var members map[string]json.RawMessage
	if json.Unmarshal(data, &members) != nil {
		return data, false // decoding says what is wrong
	}
	changed := false
	for name, value := range members {
		t, known := of(name)
		switch {
		case !known:
		case t == nil:
			delete(members, name)
			changed = true
		default:
			if inner, did := exact(value, t, spell); did {
				members[name], changed = inner, true
			}
		}
	}
	return again(data, members, changed)
}

func exactList(data json.RawMessage, of reflect.Type, spell func(string) string) (json.RawMessage, bool) {
	var items []json.RawMessage
	if json.Unmarshal(data, &items) != nil {
		return data, false
	}
	changed := false
	for i, item := range items {
		if inner, did := exact(item, of, spell); did {
			items[i], changed = inner, true
		}
	}
	return again(data, items, changed)
}

func again(data json.RawMessage, v any, changed bool) (json.RawMessage, bool) {
	if !changed {
		return data, false
	}
	out, err := json.Marshal(v)
	if err != nil { // it was JSON before
		return data, false
	}
	return out, true
}

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
