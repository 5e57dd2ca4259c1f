// Package journal keeps the history of what Tagboat changed in a CloudWatch log group,
// one event a line and one stream an environment, where nothing is ever changed again.
// Parameter Store keeps a hundred versions of a parameter; the journal keeps all that the
// log group's retention lets it.
//
// The journal says what happened and decides nothing. An event that cannot be written
// does not undo what it tells of.
package journal

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/ecs"
)

// Log is CloudWatch Logs as the journal needs it.
type Log interface {
	// Append writes lines, oldest first. The error wraps ecs.ErrNotFound where the group
	// or the stream is not there.
	Append(ctx context.Context, group, stream string, lines []ecs.LogLine) error
	// Create makes the group and the stream; what is there already stays.
	Create(ctx context.Context, group, stream string, retentionDays int) error
	// Backward yields the lines of a stream between two times, newest first, and reads only
	// as far as they are taken; none where the group or the stream is not there. An error
	// ends it.
	Backward(ctx context.Context, group, stream string, from, to time.Time) iter.Seq2[ecs.LogLine, error]
}

// Journal is the journal of one application in one place.
type Journal struct {
	Log           Log
	Group         string
	RetentionDays int // 0 keeps events for ever
}

// Write appends events of one environment. It is one call once the stream exists.
func (j Journal) Write(ctx context.Context, events ...tagboat.Event) error {
	if len(events) == 0 {
		return nil
	}
	var lines []ecs.LogLine
	for _, e := range events {
		line, err := json.Marshal(short(e))
		if err != nil {
			return fmt.Errorf("writing an event: %w", err)
		}
		lines = append(lines, ecs.LogLine{At: e.At, Message: string(line)})
	}
	slices.SortStableFunc(lines, func(a, b ecs.LogLine) int { return a.At.Compare(b.At) })
	stream := Stream(events[0].Environment)
	err := j.Log.Append(ctx, j.Group, stream, lines)
	if errors.Is(err, ecs.ErrNotFound) {
		if err := j.Log.Create(ctx, j.Group, stream, j.RetentionDays); err != nil {
			return fmt.Errorf("creating the journal %s: %w", j.Group, err)
		}
		err = j.Log.Append(ctx, j.Group, stream, lines)
	}
	if err != nil {
		return fmt.Errorf("writing to the journal %s: %w", j.Group, err)
	}
	return nil
}

// maxMessage is how much of a message is kept, in bytes: CloudWatch Logs takes a megabyte a
// line, and a character may become six in JSON.
const maxMessage = 32 << 10

// short returns an event that fits into a line.
func short(e tagboat.Event) tagboat.Event {
	if len(e.Message) > maxMessage {
		e.Message = strings.ToValidUTF8(e.Message[:maxMessage], "") + "…"
	}
	return e
}

// Parse reads an event, and tells whether the line is one.
func Parse(line string) (tagboat.Event, bool) {
	var e tagboat.Event
	if json.Unmarshal([]byte(line), &e) != nil || e.ID == "" || e.Command == "" || e.At.IsZero() {
		return tagboat.Event{}, false
	}
	return e, true
}

// everywhere is the stream of what happened in no environment, such as a new tag.
const everywhere = "registry"

// Stream returns the name of an environment's stream.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogStream.html
func Stream(env tagboat.EnvName) string {
	return strings.NewReplacer(":", "-", "*", "-").Replace(cmp.Or(string(env), everywhere))
}
