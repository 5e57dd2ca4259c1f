package pattern

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// parser reads a pattern token by token, so that an error can say where it is.
type parser struct {
	source  string
	decoder *json.Decoder
}

// invalid is what is wrong at a place of the pattern.
type invalid struct{ message string }

// Error returns the reason in AWS's words.
func (e *invalid) Error() string { return "Event pattern is not valid. Reason: " + e.message }

// fail says what is wrong with the token that ends at, or the string that begins at, an offset.
func (p *parser) fail(offset int64, format string, args ...any) error {
	before := p.source[:min(int(offset), len(p.source))]
	line := strings.Count(before, "\n") + 1
	column := len(before) - strings.LastIndexByte(before, '\n')
	const longest = 500
	shown := p.source
	if len(shown) > longest {
		shown = fmt.Sprintf("%s[truncated %d chars]", shown[:longest], len(shown)-longest)
	}
	return &invalid{fmt.Sprintf(`%s at [Source: (String)"%s"; line: %d, column: %d]`, fmt.Sprintf(format, args...), shown, line, column)}
}

// token is a part of JSON and where a reader stands that has just found it: behind it, or behind
// the quote that a string begins with.
type token struct {
	value any
	at    int64
}

func (t token) is(d json.Delim) bool { return t.value == d }

func (p *parser) next() (token, error) {
	start := p.decoder.InputOffset()
	v, err := p.decoder.Token()
	if err != nil {
		return token{}, p.fail(start, "Invalid JSON")
	}
	at := p.decoder.InputOffset()
	if _, isString := v.(string); isString {
		at = start + int64(strings.IndexByte(p.source[start:], '"')) + 1
	}
	return token{v, at}, nil
}

func (p *parser) pattern() (*object, error) {
	t, err := p.next()
	if err != nil {
		return nil, err
	}
	if !t.is('{') {
		return nil, p.fail(t.at, "Filter is not an object")
	}
	root, err := p.object(false)
	if err != nil {
		return nil, err
	}
	if _, err := p.decoder.Token(); err != io.EOF {
		return nil, p.fail(p.decoder.InputOffset(), "Invalid JSON")
	}
	return root, nil
}

// object reads the rest of an object.
func (p *parser) object(insideOr bool) (*object, error) {
	o := &object{members: map[string]node{}}
	for {
		t, err := p.next()
		switch {
		case err != nil:
			return nil, err
		case t.is('}') && len(o.members)+len(o.or) == 0:
			return nil, p.fail(t.at, "Empty objects are not allowed")
		case t.is('}'):
			return o, nil
		}
		name, _ := t.value.(string)
		if err := p.member(o, name, insideOr); err != nil {
			return nil, err
		}
	}
}

// reserved are names of members that must not stand inside of $or.
func reserved() []string {
	return []string{"exactly", "prefix", "suffix", "numeric", "anything-but", "exists", "cidr", "equals-ignore-case", "wildcard"}
}

func (p *parser) member(o *object, name string, insideOr bool) error {
	t, err := p.next()
	if err != nil {
		return err
	}
	if name == "$or" {
		list, err := p.or(t)
		o.or = append(o.or, list)
		return err
	}
	var n node
	switch {
	case insideOr && slices.Contains(reserved(), name):
		return p.fail(t.at, "%s is Ruler reserved fieldName which cannot be used inside $or.", name)
	case t.is('{'):
		n.object, err = p.object(insideOr)
	case t.is('['):
		n.values, err = p.values()
	default:
		return p.fail(t.at, `"%s" must be an object or an array`, name)
	}
	o.members[name] = n
	return err
}

func (p *parser) or(begin token) ([]*object, error) {
	if !begin.is('[') {
		return nil, p.fail(begin.at, "It must be an Array followed with $or.")
	}
	var list []*object
	for {
		t, err := p.next()
		switch {
		case err != nil:
			return nil, err
		case t.is(']') && len(list) < 2:
			return nil, p.fail(t.at, "There must have at least 2 Objects in $or relationship.")
		case t.is(']'):
			return list, nil
		case !t.is('{'):
			return nil, p.fail(t.at, "Only JSON object is allowed in array of $or relationship.")
		}
		o, err := p.object(true)
		if err != nil {
			return nil, err
		}
		list = append(list, o)
	}
}

// values reads the rest of a list of what a value may be.
func (p *parser) values() ([]value, error) {
	var all []value
	for {
		t, err := p.next()
		if err != nil {
			return nil, err
		}
		var v value
		switch text := t.value.(type) {
		case json.Delim:
			switch {
			case text == ']' && len(all) == 0:
				return nil, p.fail(t.at, "Empty arrays are not allowed")
			case text == ']':
				return all, nil
			case text != '{':
				return nil, p.fail(t.at, "Match value must be String, number, true, false, or null")
			}
			if v, err = p.expression(); err != nil {
				return nil, err
			}
		case json.Number:
			v.matches = equalsNumber(text)
		default:
			v.matches = func(is any) bool { return is == text }
		}
		all = append(all, v)
	}
}
