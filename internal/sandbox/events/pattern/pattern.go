// Package pattern matches events with EventBridge's event patterns: exact values, prefix, suffix,
// equals-ignore-case, anything-but, exists, numeric, wildcard, cidr and $or, nested as events are.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
//
// The words of errors are those of the open-source matcher behind EventBridge,
// https://github.com/aws/event-ruler. What differs: no pattern is too complex.
package pattern

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// Pattern is an event pattern that was read. It is safe for concurrent use.
type Pattern struct{ root *object }

// object is what has to hold of the members of an object of the event.
type object struct {
	members map[string]node
	or      [][]*object // of each list, one has to hold
}

// node is one of its members: an object, or what the value may be.
type node struct {
	object *object
	values []value
}

// value is one thing that a value may be.
type value struct {
	matches func(any) bool // of a value that is there; nil for one that is not
	absent  bool
}

// Parse reads a pattern. The error says what is wrong and where, as InvalidEventPatternException does.
func Parse(text string) (*Pattern, error) {
	p := &parser{source: text, decoder: json.NewDecoder(strings.NewReader(text))}
	p.decoder.UseNumber()
	root, err := p.pattern()
	if err != nil {
		return nil, err
	}
	return &Pattern{root}, nil
}

// Event is an event that was decoded, for patterns to match.
type Event struct{ root any }

// Decode reads an event.
func Decode(event []byte) (Event, error) {
	decoder := json.NewDecoder(bytes.NewReader(event))
	decoder.UseNumber()
	var e Event
	if err := decoder.Decode(&e.root); err != nil {
		return e, fmt.Errorf("reading the event: %w", err)
	}
	return e, nil
}

// Matches reports whether an event is what the pattern says.
func (p *Pattern) Matches(e Event) bool { return p.root.matches([]any{e.root}, []any{e.root}) }

// matches reports whether one of the places holds all that the pattern says; places are the
// elements of an array, or one value. All is every place in the event that the same path leads to:
// what has to be absent must be absent in each.
func (o *object) matches(places, all []any) bool {
	if len(places) == 0 { // what is not there may still be absent
		return o.holds(nil, all)
	}
	for _, place := range places {
		if o.holds(place, all) {
			return true
		}
	}
	return false
}

func (o *object) holds(place any, all []any) bool {
	at, _ := place.(map[string]any)
	for name, n := range o.members {
		var here []any
		if v, there := at[name]; there {
			here = elements(v)
		}
		if !n.holds(here, below(all, name)) {
			return false
		}
	}
	for _, list := range o.or {
		if !anyHolds(list, place, all) {
			return false
		}
	}
	return true
}

func anyHolds(list []*object, place any, all []any) bool {
	for _, o := range list {
		if o.holds(place, all) {
			return true
		}
	}
	return false
}

func (n node) holds(here, all []any) bool {
	if n.object != nil {
		return n.object.matches(here, all)
	}
	for _, v := range n.values {
		if v.absent {
			if !hasLeaf(all) {
				return true
			}
			continue
		}
		for _, element := range here {
			if _, isObject := element.(map[string]any); !isObject && v.matches(element) {
				return true
			}
		}
	}
	return false
}

// elements returns the elements of an array, of arrays inside of it too, or the value itself.
func elements(v any) []any {
	list, ok := v.([]any)
	if !ok {
		return []any{v}
	}
	var all []any
	for _, element := range list {
		all = append(all, elements(element)...)
	}
	return all
}

func below(places []any, name string) []any {
	var all []any
	for _, place := range places {
		if at, ok := place.(map[string]any); ok {
			if v, there := at[name]; there {
				all = append(all, elements(v)...)
			}
		}
	}
	return all
}

// hasLeaf reports whether one of the values is something else than an object.
func hasLeaf(values []any) bool {
	for _, v := range values {
		if _, isObject := v.(map[string]any); !isObject {
			return true
		}
	}
	return false
}
