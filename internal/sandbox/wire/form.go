package wire

import (
	"encoding/base64"
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// decodeForm fills the struct that in points to from the parameters of the query
// protocol: Name, Name.member.N for lists (and Name.N, their flattened form),
// Name.entry.N.key and .value for maps, Name.Member for structures. Parameters that
// no member takes are ignored, as AWS does it.
// https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
func decodeForm(form url.Values, in any) error {
	root := &formNode{}
	for name, values := range form {
		root.insert(name, values[0])
	}
	return root.decode("", reflect.ValueOf(in).Elem())
}

// formNode is the parameters that begin with the same words.
type formNode struct {
	value    string
	children map[string]*formNode
}

func (n *formNode) insert(name, value string) {
	for part := range strings.SplitSeq(name, ".") {
		child := n.children[part]
		if child == nil {
			child = &formNode{}
			if n.children == nil {
				n.children = map[string]*formNode{}
			}
			n.children[part] = child
		}
		n = child
	}
	n.value = value
}

// items returns the elements of a list in order of their numbers, which may have gaps.
func (n *formNode) items(member string) []*formNode {
	if wrapped := n.children[member]; wrapped != nil {
		n = wrapped
	}
	byNumber := map[int]*formNode{}
	for name, child := range n.children {
		if i, err := strconv.Atoi(name); err == nil {
			byNumber[i] = child
		}
	}
	items := make([]*formNode, 0, len(byNumber))
	for _, i := range slices.Sorted(maps.Keys(byNumber)) {
		items = append(items, byNumber[i])
	}
	return items
}

var timeType = reflect.TypeFor[Time]()

func (n *formNode) decode(name string, v reflect.Value) error {
	switch {
	case v.Type() == timeType:
		return n.decodeTime(name, v)
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return n.decode(name, v.Elem())
	case v.Kind() == reflect.Struct:
		return n.decodeStruct(v)
	case v.Kind() == reflect.Map:
		return n.decodeMap(name, v)
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8:
		return n.decodeBytes(name, v)
	case v.Kind() == reflect.Slice:
		return n.decodeList(name, v)
	default:
		return n.decodeScalar(name, v)
	}
}

func (n *formNode) decodeStruct(v reflect.Value) error {
	for _, m := range membersOf(v.Type()) {
		child := n.children[m.name]
		if child == nil {
			continue
		}
		if err := child.decode(m.name, v.FieldByIndex(m.index)); err != nil {
			return err
		}
	}
	return nil
}

func (n *formNode) decodeList(name string, v reflect.Value) error {
	items := n.items("member")
	list := reflect.MakeSlice(v.Type(), len(items), len(items))
	for i, item := range items {
		if err := item.decode(name, list.Index(i)); err != nil {
			return err
		}
	}
	v.Set(list)
	return nil
}

func (n *formNode) decodeMap(name string, v reflect.Value) error {
	entries := reflect.MakeMap(v.Type())
	for _, item := range n.items("entry") {
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		for part, into := range map[string]reflect.Value{"key": key, "value": value} {
			if child := item.children[part]; child != nil {
				if err := child.decode(name, into); err != nil {
					return err
				}
			}
		}
		entries.SetMapIndex(key, value)
	}
	v.Set(entries)
	return nil
}

func (n *formNode) decodeTime(name string, v reflect.Value) error {
	t, err := time.Parse(time.RFC3339, n.value)
	if err != nil {
		return malformed(name, n.value)
	}
	v.Set(reflect.ValueOf(At(t.UTC())))
	return nil
}

func (n *formNode) decodeBytes(name string, v reflect.Value) error {
	data, err := base64.StdEncoding.DecodeString(n.value)
	if err != nil {
		return malformed(name, n.value)
	}
	v.SetBytes(data)
	return nil
}

func (n *formNode) decodeScalar(name string, v reflect.Value) error {
	var err error
	switch v.Kind() {
	case reflect.String:
		v.SetString(n.value)
	case reflect.Bool:
		var b bool
		b, err = strconv.ParseBool(n.value)
		v.SetBool(b)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		var i int64
		i, err = strconv.ParseInt(n.value, 10, v.Type().Bits())
		v.SetInt(i)
	case reflect.Float32, reflect.Float64:
		var f float64
		f, err = strconv.ParseFloat(n.value, v.Type().Bits())
		v.SetFloat(f)
	default:
		return Errorf("MalformedInput", "the sandbox cannot read %s", name)
	}
	if err != nil {
		return malformed(name, n.value)
	}
	return nil
}

func malformed(name, value string) *Error {
	return Errorf("MalformedInput", "Unexpected value %q for %s", value, name)
}
