package page

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/serve/board"
	"github.com/tagboat/tagboat/internal/wait"
)

const (
	heartbeat = 20 * time.Second      // between signs of life, which proxies want
	pace      = 80 * time.Millisecond // between messages: what comes meanwhile goes in one
	patience  = 10 * time.Second      // for a browser that does not read
)

// position is where in the events a screen is: the numbers of another process mean nothing.
func position(boot string, id uint64) string { return boot + "-" + strconv.FormatUint(id, 10) }

// message is what the stream says at a time.
type message struct {
	HTML    string   `json:"html"`    // cells and heads of the matrix, each with its id
	Changed []string `json:"changed"` // services as ENVIRONMENT/SERVICE, environments, operation/ID
	Reset   bool     `json:"reset"`   // everything may have changed
}

// live streams changes until the browser goes.
func (p *Page) live(w http.ResponseWriter, r *http.Request) {
	stream := http.NewResponseController(w)
	after, known := p.after(r)
	events := p.Board.Subscribe(after)
	defer events.Close()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // a proxy must not wait for more
	send := func(format string, args ...any) error {
		if err := stream.SetWriteDeadline(time.Now().Add(patience)); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return err
		}
		if _, err := fmt.Fprintf(w, format, args...); err != nil {
			return err
		}
		return stream.Flush()
	}
	err := send("retry: 2000\n\n")
	if !known && err == nil {
		err = send("id: %s\ndata: %s\n\n", position(p.Board.Boot(), after), text(message{Reset: true}))
	}
	for err == nil {
		err = p.next(r.Context(), events, send)
	}
}

// next sends what happened since, or a sign of life.
func (p *Page) next(ctx context.Context, events *board.Subscription, send func(string, ...any) error) error {
	soon, cancel := context.WithTimeout(ctx, heartbeat)
	defer cancel()
	all, err := events.Next(soon)
	switch {
	case err == nil:
		if err := send("id: %s\ndata: %s\n\n", position(p.Board.Boot(), all[len(all)-1].ID), text(p.message(all))); err != nil {
			return err
		}
		return wait.For(ctx, pace)
	case ctx.Err() == nil && soon.Err() != nil && !errors.Is(err, board.ErrClosed):
		return send(": \n\n")
	default:
		return err
	}
}

// after returns from where a browser goes on, and whether it can: it has seen another process, or
// none.
func (p *Page) after(r *http.Request) (id uint64, known bool) {
	at := r.Header.Get("Last-Event-ID")
	if at == "" {
		at = r.URL.Query().Get("after")
	}
	boot, number, _ := strings.Cut(at, "-")
	id, err := strconv.ParseUint(number, 10, 64)
	now := p.Board.Now().ID
	if boot != p.Board.Boot() || err != nil || id > now {
		return now, false
	}
	return id, true
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
	return sight{config: p.Config, document: now.Document, now: time.Now(), cellAt: now.Cell}
}

func services(c *config.Config) []tagboat.ServiceName {
	names := make([]tagboat.ServiceName, 0, len(c.Services))
	for name := range c.Services {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
