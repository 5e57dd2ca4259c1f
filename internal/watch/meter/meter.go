// Package meter counts what a watcher does, and shows it in the text format of Prometheus.
package meter

import (
	"fmt"
	"net/http"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/watch"
)

// Meter counts what one watcher does. It is safe for concurrent use.
type Meter struct {
	hints, decisions, calls family // counters by one label
	throttled               family
	updated, succeeded      family // histograms
	age                     family // a gauge

	toUpdate, toSuccess *metrics.PrometheusHistogram
}

var (
	_ watch.Meter  = (*Meter)(nil)
	_ http.Handler = (*Meter)(nil)
)

// family is what one name stands for. Each has a set of its own, since the library writes no help.
type family struct {
	name, kind, help string
	set              *metrics.Set
}

// New returns a meter at zero, with nothing shared with others.
func New() *Meter {
	m := &Meter{
		hints:     newFamily("tagboat_hints_total", "counter", "Hints that were heard, by source."),
		decisions: newFamily("tagboat_decisions_total", "counter", "Decisions about environments, by kind."),
		calls:     newFamily("tagboat_calls_total", "counter", "Calls of AWS and of registries, by operation."),
		throttled: newFamily("tagboat_throttled_total", "counter", "Calls that AWS or a registry throttled, by operation."),
		updated:   newFamily("tagboat_push_to_update_seconds", "histogram", "From a push until a service was told to run it."),
		succeeded: newFamily("tagboat_push_to_success_seconds", "histogram", "From a push until it ran everywhere in an environment."),
		age:       newFamily("tagboat_queue_age_seconds", "gauge", "Age of the oldest message that was received last; 0 for an empty queue."),
	}
	m.toUpdate = m.updated.set.NewPrometheusHistogramExt(m.updated.name, []float64{1, 2, 5, 7.5, 10, 15, 20, 30, 60, 120, 300, 900, 3600})
	m.toSuccess = m.succeeded.set.NewPrometheusHistogramExt(m.succeeded.name, []float64{15, 30, 60, 120, 180, 300, 600, 900, 1800, 3600, 7200, 86400})
	m.age.set.NewGauge(m.age.name, nil)
	return m
}

func newFamily(name, kind, help string) family { return family{name, kind, help, metrics.NewSet()} }

// add counts n under a value of a label.
func (f family) add(label, value string, n int) {
	f.set.GetOrCreateCounter(fmt.Sprintf("%s{%s=%q}", f.name, label, value)).Add(n)
}

// Hint implements watch.Meter.
func (m *Meter) Hint(source string) { m.hints.add("source", source, 1) }

// Decision implements watch.Meter.
func (m *Meter) Decision(kind watch.Kind) { m.decisions.add("kind", string(kind), 1) }

// Updated implements watch.Meter.
func (m *Meter) Updated(sincePush time.Duration) { m.toUpdate.Update(sincePush.Seconds()) }

// Succeeded implements watch.Meter.
func (m *Meter) Succeeded(sincePush time.Duration) { m.toSuccess.Update(sincePush.Seconds()) }

// Calls implements watch.Meter.
func (m *Meter) Calls(calls tagboat.Calls) {
	for operation, n := range calls.ByOperation {
		m.calls.add("operation", operation, n)
	}
	for operation, n := range calls.ThrottledByOperation {
		m.throttled.add("operation", operation, n)
	}
}

// QueueAge says how old the oldest message is that was received last; 0 where the queue is empty.
func (m *Meter) QueueAge(age time.Duration) {
	m.age.set.GetOrCreateGauge(m.age.name, nil).Set(age.Seconds())
}

// ServeHTTP answers with all metrics.
// https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
func (m *Meter) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	for _, f := range []family{m.hints, m.decisions, m.updated, m.succeeded, m.age, m.calls, m.throttled} {
		_, _ = fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s %s\n", f.name, f.help, f.name, f.kind)
		f.set.WritePrometheus(w)
	}
}
