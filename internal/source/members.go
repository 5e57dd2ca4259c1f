package source

import (
	"reflect"
	"strings"
)

// member is one field of a struct as its tags describe it: the one description that
// both the decoder and the schema go by.
type member struct {
	name     string
	required bool
	doc      string
	enum     []string
	index    []int
	typ      reflect.Type
}

func membersOf(t reflect.Type) []member {
	var members []member
	for i := range t.NumField() {
		f := t.Field(i)
		tag, ok := f.Tag.Lookup("yaml")
		if !ok {
			continue
		}
		name, option, _ := strings.Cut(tag, ",")
		m := member{name: name, required: option == "required", doc: f.Tag.Get("doc"), index: f.Index, typ: f.Type}
		if enum := f.Tag.Get("enum"); enum != "" {
			m.enum = strings.Split(enum, ",")
		}
		members = append(members, m)
	}
	return members
}

func find(members []member, name string) (member, bool) {
	for _, m := range members {
		if m.name == name {
			return m, true
		}
	}
	return member{}, false
}

func names(members []member) []string {
	list := make([]string, len(members))
	for i, m := range members {
		list[i] = m.name
	}
	return list
}
