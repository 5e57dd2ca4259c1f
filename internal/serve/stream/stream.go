// Package stream sends a board's events to browsers and programs as server-sent events, which go on
// where they were cut off. A client that does not read loses its own stream, and holds nobody else up.
package stream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tagboat/tagboat/internal/serve/board"
	"github.com/tagboat/tagboat/internal/wait"
)

const (
	heartbeat = 20 * time.Second      // between signs of life, which proxies want
	pace      = 80 * time.Millisecond // between batches: what comes meanwhile goes in one
	patience  = 10 * time.Second      // for a client that does not read
)

// Message is one of a stream.
type Message struct {
	ID    uint64 // of the last event in it
	Event string // its kind; "" for none
	Data  []byte // one line
}

// Position returns where in the events of a process a client is: the numbers of another one mean nothing.
func Position(boot string, id uint64) string { return boot + "-" + strconv.FormatUint(id, 10) }

// Stream sends events in the form that Say gives them. It is safe for concurrent use.
type Stream struct {
	Board *board.Board
	// Say returns the messages for events, the oldest first.
	Say func(events []board.Event) []Message
}

var _ http.Handler = Stream{}

// ServeHTTP streams until the client goes, or the board stops. It goes on behind the position that the
// header Last-Event-ID has, or the parameter after; where it cannot, it says Reset first.
// https://html.spec.whatwg.org/multipage/server-sent-events.html
func (s Stream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	out := http.NewResponseController(w)
	after, known := s.after(r)
	events := s.Board.Subscribe(after)
	defer events.Close()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // a proxy must not wait for more
	send := func(text []byte) error {
		if err := out.SetWriteDeadline(time.Now().Add(patience)); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return err
		}
		if _, err := w.Write(text); err != nil {
			return err
		}
		return out.Flush()
	}
	err := send([]byte("retry: 2000\n\n"))
	if !known && err == nil {
		err = send(s.written([]board.Event{{ID: after, Kind: board.Reset, At: time.Now()}}))
	}
	for err == nil {
		err = s.next(r.Context(), events, send)
	}
}

// next sends what happened since, or a sign of life.
func (s Stream) next(ctx context.Context, events *board.Subscription, send func([]byte) error) error {
	soon, cancel := context.WithTimeout(ctx, heartbeat)
	defer cancel()
	all, err := events.Next(soon)
	switch {
	case err == nil:
		if err := send(s.written(all)); err != nil {
			return err
		}
		return wait.For(ctx, pace)
	case ctx.Err() == nil && soon.Err() != nil && !errors.Is(err, board.ErrClosed):
		return send([]byte(": \n\n"))
	default:
		return err
	}
}

// after returns from where a client goes on, and whether it can: it has seen another process, or none.
func (s Stream) after(r *http.Request) (id uint64, known bool) {
	at := r.Header.Get("Last-Event-ID")
	if at == "" {
		at = r.URL.Query().Get("after")
	}
	boot, number, _ := strings.Cut(at, "-")
	id, err := strconv.ParseUint(number, 10, 64)
	now := s.Board.Now().ID
	if boot != s.Board.Boot() || err != nil || id > now {
		return now, false
	}
	return id, true
}

func (s Stream) written(events []board.Event) []byte {
	var text bytes.Buffer
	for _, m := range s.Say(events) {
		if m.Event != "" {
			fmt.Fprintf(&text, "event: %s\n", m.Event)
		}
		fmt.Fprintf(&text, "id: %s\ndata: %s\n\n", Position(s.Board.Boot(), m.ID), m.Data)
	}
	return text.Bytes()
}
