package customresource

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// member is one key of a flat object, with its value as it was written.
type member struct {
	key   string
	value json.RawMessage // a string, a number or a boolean
}

// flatObject reads a JSON object of strings, numbers and booleans, in its order. Its
// errors quote keys, and no values: those can be secrets.
func flatObject(s string) ([]member, error) {
	d := json.NewDecoder(bytes.NewReader([]byte(s)))
	switch first, err := d.Token(); {
	case err != nil:
		return nil, errors.New("it is not JSON")
	case first != json.Delim('{'):
		return nil, errors.New("it is JSON, but no object")
	}
	var members []member
	for d.More() {
		m, err := nextMember(d)
		if err != nil {
			return nil, err
		}
		members = append(members, m)
	}
	if _, err := d.Token(); err != nil {
		return nil, errors.New("the object has no end")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is something after the object")
	}
	return members, nil
}

func nextMember(d *json.Decoder) (member, error) {
	token, err := d.Token()
	key, ok := token.(string)
	if err != nil || !ok {
		return member{}, errors.New("it is not JSON")
	}
	var value json.RawMessage
	if err := d.Decode(&value); err != nil {
		return member{}, fmt.Errorf("it is not JSON at %q", key)
	}
	switch value[0] {
	case '{':
		return member{}, fmt.Errorf("%q is an object, and Fn::GetAtt takes only what is flat", key)
	case '[':
		return member{}, fmt.Errorf("%q is a list, and Fn::GetAtt takes only what is flat", key)
	case 'n':
		return member{}, fmt.Errorf("%q is null", key)
	}
	return member{key, value}, nil
}
