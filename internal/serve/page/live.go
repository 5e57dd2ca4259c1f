package page

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/serve/board"
	"github.com/tagboat/tagboat/internal/serve/stream"
)

// message is what the stream says at a time.
type message struct {
	HTML    string   `json:"html"`    // cells and heads of the matrix, each with its id
	Changed []string `json:"changed"` // services as ENVIRONMENT/SERVICE, environments, operation/ID
	Reset   bool     `json:"reset"`   // everything may have changed
}

// live streams changes until the browser goes.
func (p *Page) live(w http.ResponseWriter, r *http.Request) {
	stream.Stream{Board: p.Board, Say: func(events []board.Event) []stream.Message {
		return []stream.Message{{ID: events[len(events)-1].ID, Data: text(p.message(events))}}
	}}.ServeHTTP(w, r)
}

func text(m message) []byte {
	out, _ := json.Marshal(m) // strings and a bool
	return out
}

func (p *Page) message(events []board.Event) message {
	var m message
	var html strings.Builder
	for _, e := range events {
		switch e.Kind {
		case board.Service:
			m.Changed = append(m.Changed, place{e.Environment, e.Service}.String())
			html.Write(e.Shared("html", func() []byte { return p.cells(e) }))
		case board.Environment:
			m.Changed = append(m.Changed, string(e.Environment))
			html.Write(e.Shared("html", func() []byte { return p.head(e.Environment) }))
		case board.Operation:
			m.Changed = append(m.Changed, "operation/"+e.Operation)
		default:
			m.Reset = true
		}
	}
	m.HTML = html.String()
	return m
}

// cells renders the cell of an event, and those of the environments after it, which are behind it.
func (p *Page) cells(e board.Event) []byte {
	s := p.sight()
	var all []templ.Component
	for _, env := range p.Config.Environments {
		c := s.column(env)
		if env.Name == e.Environment || c.Upstream == e.Environment {
			all = append(all, s.cell(c, e.Service))
		}
	}
	return rendered(all...)
}

// head renders the head of an environment, and the cells that wait there.
func (p *Page) head(name tagboat.EnvName) []byte {
	s := p.sight()
	env := p.Config.Environments[name]
	c := s.column(env)
	all := []templ.Component{columnHead(c)}
	for _, service := range services(p.Config) {
		if differs(s.at(place{name, service}), s.at(place{c.Upstream, service})) {
			all = append(all, s.cell(c, service))
		}
	}
	return rendered(all...)
}

func rendered(all ...templ.Component) []byte {
	var out bytes.Buffer
	for _, c := range all {
		_ = c.Render(context.Background(), &out) // a buffer takes everything
	}
	return out.Bytes()
}

// sight is what the board has seen.
func (p *Page) sight() sight {
	now := p.Board.Now()
	return sight{config: p.Config, document: now.Document, now: p.Now(), cellAt: now.Cell}
}

func services(c *config.Config) []tagboat.ServiceName { return slices.Sorted(maps.Keys(c.Services)) }
