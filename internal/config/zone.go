package config

import (
	"time"
	_ "time/tzdata" // the zones are the same on a machine or in a Lambda that has none

	"github.com/tagboat/tagboat/internal/source"
)

// zone is the name of a time zone of the IANA database. The zero value is UTC.
type zone struct{ loc *time.Location }

func (z zone) location() *time.Location {
	if z.loc == nil {
		return time.UTC
	}
	return z.loc
}

// DecodeNode implements source.Decoder.
func (z *zone) DecodeNode(n *source.Node) error {
	if err := n.Want(source.String); err != nil {
		return err
	}
	loc, err := time.LoadLocation(n.Text)
	if err != nil || n.Text == "Local" {
		return n.Errorf("there is no time zone %q", n.Text).WithHint("write it like Europe/Brussels or UTC")
	}
	z.loc = loc
	return nil
}

// JSONSchema implements source.Schemer.
func (zone) JSONSchema() map[string]any {
	return map[string]any{"type": "string", "examples": []string{"Europe/Brussels"}}
}

var (
	_ source.Decoder = (*zone)(nil)
	_ source.Schemer = zone{}
)
