package wire

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// xmlBuffer writes a Go value as the elements of a query answer.
// https://smithy.io/2.0/aws/protocols/aws-query-protocol.html#response-serialization
type xmlBuffer struct{ bytes.Buffer }

// element writes <name>…</name> around what inside writes.
func (b *xmlBuffer) element(name string, inside func() error) error {
	b.WriteString("<" + name + ">")
	if err := inside(); err != nil {
		return err
	}
	b.WriteString("</" + name + ">")
	return nil
}

// text writes an element that holds a string.
func (b *xmlBuffer) text(name, value string) {
	b.WriteString("<" + name + ">")
	_ = xml.EscapeText(b, []byte(value)) // a bytes.Buffer takes everything
	b.WriteString("</" + name + ">")
}

// value writes what lies between the tags of an element: members of a struct by
// name, elements of a list as <member>, those of a map as <entry>. Pointers and
// interfaces that are nil are left out where they are a member.
func (b *xmlBuffer) value(v reflect.Value) error {
	switch {
	case v.Type() == timeType:
		b.WriteString(v.Interface().(Time).UTC().Format("2006-01-02T15:04:05.000Z"))
		return nil
	case v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface:
		if v.IsNil() {
			return nil
		}
		return b.value(v.Elem())
	case v.Kind() == reflect.Struct:
		return b.members(v)
	case v.Kind() == reflect.Map:
		return b.entries(v)
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8:
		b.WriteString(base64.StdEncoding.EncodeToString(v.Bytes()))
		return nil
	case v.Kind() == reflect.Slice:
		return b.list(v)
	default:
		return b.scalar(v)
	}
}

func (b *xmlBuffer) members(v reflect.Value) error {
	for _, m := range membersOf(v.Type()) {
		f, err := v.FieldByIndexErr(m.index)
		if err != nil || m.omits(f) {
			continue // an embedded pointer that is nil has no members
		}
		if err := b.element(m.name, func() error { return b.value(f) }); err != nil {
			return err
		}
	}
	return nil
}

func (m member) omits(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		return v.IsNil()
	case reflect.Slice, reflect.Map:
		return m.omitEmpty && v.Len() == 0 || v.IsNil()
	case reflect.Struct:
		return v.IsZero() && (m.omitZero || v.Type() == timeType)
	default:
		return v.IsZero() && (m.omitEmpty || m.omitZero)
	}
}

func (b *xmlBuffer) list(v reflect.Value) error {
	for i := range v.Len() {
		if err := b.element("member", func() error { return b.value(v.Index(i)) }); err != nil {
			return err
		}
	}
	return nil
}

func (b *xmlBuffer) entries(v reflect.Value) error {
	if v.Type().Key().Kind() != reflect.String {
		return fmt.Errorf("encoding a %s as XML: keys are not strings", v.Type())
	}
	byKey := map[string]reflect.Value{}
	for iter := v.MapRange(); iter.Next(); {
		byKey[iter.Key().String()] = iter.Value()
	}
	for _, key := range slices.Sorted(maps.Keys(byKey)) {
		err := b.element("entry", func() error {
			b.text("key", key)
			return b.element("value", func() error { return b.value(byKey[key]) })
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *xmlBuffer) scalar(v reflect.Value) error {
	switch v.Kind() {
	case reflect.String:
		return xml.EscapeText(b, []byte(v.String()))
	case reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64,
		reflect.Float32, reflect.Float64:
		_, err := fmt.Fprint(b, v.Interface())
		return err
	default:
		return fmt.Errorf("encoding a %s as XML: there is no such thing in the query protocol", v.Type())
	}
}
