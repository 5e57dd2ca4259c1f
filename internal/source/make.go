package source

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/tagboat/tagboat"
)

// Make returns v, as Value gives it, as a node all of whose parts are at one place.
func Make(v any, at tagboat.Position, path string) *Node {
	n := &Node{At: at}
	switch v := v.(type) {
	case nil:
	case bool:
		n.Kind, n.Text = Bool, strconv.FormatBool(v)
	case json.Number:
		n.Kind, n.Text = Number, v.String()
	case int:
		n.Kind, n.Text = Number, strconv.Itoa(v)
	case float64:
		n.Kind, n.Text = Number, strconv.FormatFloat(v, 'f', -1, 64)
	case string:
		n.Kind, n.Text = String, v
	case []any:
		n.Kind = List
		for _, item := range v {
			n.Items = append(n.Items, Make(item, at, ""))
		}
	case map[string]any:
		n.Kind = Map
		for _, name := range slices.Sorted(maps.Keys(v)) {
			n.Fields = append(n.Fields, Field{Name: name, At: at, Value: Make(v[name], at, "")})
		}
	default:
		n.Kind, n.Text = String, fmt.Sprint(v)
	}
	if n.Kind == Bool || n.Kind == Number {
		n.Raw = n.Text
	}
	setPaths(n, path)
	return n
}
