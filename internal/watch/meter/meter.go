// Package meter counts what a watcher does, and shows it in the text format of Prometheus.
package meter

import (
	"net/http"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/watch"
)

// Meter counts what one watcher does. It is safe for concurrent use.
type Meter struct{}

var (
	_ watch.Meter  = (*Meter)(nil)
	_ http.Handler = (*Meter)(nil)
)

// New returns a meter at zero, with nothing shared with others.
func New() *Meter { panic("to be written") }

// Hint implements watch.Meter.
func (m *Meter) Hint(source string) { panic("to be written") }

// Decision implements watch.Meter.
func (m *Meter) Decision(kind watch.Kind) { panic("to be written") }

// Updated implements watch.Meter.
func (m *Meter) Updated(sincePush time.Duration) { panic("to be written") }

// Succeeded implements watch.Meter.
func (m *Meter) Succeeded(sincePush time.Duration) { panic("to be written") }

// Calls implements watch.Meter.
func (m *Meter) Calls(calls tagboat.Calls) { panic("to be written") }

// QueueAge says how old the oldest message is that was received last; 0 where the queue is empty.
func (m *Meter) QueueAge(age time.Duration) { panic("to be written") }

// ServeHTTP answers with all metrics.
func (m *Meter) ServeHTTP(w http.ResponseWriter, r *http.Request) { panic("to be written") }
