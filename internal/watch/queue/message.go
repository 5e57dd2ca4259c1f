package queue

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"

	"github.com/tagboat/tagboat/internal/watch/hint"
)

// Panic is the error of a message that makes its reader panic: it is handled as one that fails,
// since a later version may read it.
type Panic struct{ Value any }

// Error implements error.
func (p Panic) Error() string { return fmt.Sprintf("reading the message: panic: %v", p.Value) }

// Read reads the body of a message, for which hint.Parse is there. An error that is no Panic says
// that it is no event.
func Read(parse func([]byte) ([]hint.Hint, error), body string) (hints []hint.Hint, err error) {
	defer func() {
		if value := recover(); value != nil {
			err = Panic{value}
		}
	}()
	return parse([]byte(body))
}

// Drop logs that a message is of no use: it is no event, as an error says, or one that says nothing
// of a repository or a service.
func Drop(ctx context.Context, log *slog.Logger, m Message, err error) {
	if err != nil {
		log.WarnContext(ctx, "dropped a message that is no event", "message", m.ID, "error", err.Error())
		return
	}
	var event struct {
		Source string `json:"source"`
		Type   string `json:"detail-type"`
	}
	_ = json.Unmarshal([]byte(m.Body), &event) // it is one, as it was read
	log.InfoContext(ctx, "dropped an event that says nothing of a repository or a service", "message", m.ID, "source", event.Source, "detailType", event.Type)
}
