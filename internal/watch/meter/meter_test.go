package meter_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/casetest"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/watch"
	"github.com/tagboat/tagboat/internal/watch/meter"
)

func text(t *testing.T, m *meter.Meter) string {
	t.Helper()
	answer := httptest.NewRecorder()
	m.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	expect.Equal(t, "text/plain; version=0.0.4; charset=utf-8", answer.Header().Get("Content-Type"))
	return answer.Body.String()
}

// TestPrometheusReadsIt compares what is counted with what Prometheus's own parser finds.
func TestPrometheusReadsIt(t *testing.T) {
	m := meter.New()
	m.Hint("ecr")
	m.Hint("ecr")
	m.Hint("sweep")
	m.Decision(watch.Promote)
	m.Updated(1200 * time.Millisecond)
	m.Updated(time.Hour)
	m.Succeeded(90 * time.Second)
	m.QueueAge(2500 * time.Millisecond)
	m.Calls(tagboat.Calls{Total: 3, Throttled: 1, ByOperation: map[string]int{"ecs.UpdateService": 1, "ssm.GetParameters": 2}, ThrottledByOperation: map[string]int{"ssm.GetParameters": 1}})
	m.Calls(tagboat.Calls{Total: 1, Throttled: 1, ByOperation: map[string]int{"ecs.UpdateService": 1}, ThrottledByOperation: map[string]int{"ecs.UpdateService": 1}})
	got := text(t, m)
	casetest.Golden(t, "testdata/metrics.golden", []byte(got))

	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(got))
	expect.OK(t, err)
	kinds := map[string]string{}
	for name, f := range families {
		kinds[name] = f.GetType().String()
	}
	expect.Equal(t, map[string]string{
		"tagboat_hints_total": "COUNTER", "tagboat_decisions_total": "COUNTER", "tagboat_calls_total": "COUNTER", "tagboat_throttled_total": "COUNTER",
		"tagboat_push_to_update_seconds": "HISTOGRAM", "tagboat_push_to_success_seconds": "HISTOGRAM", "tagboat_queue_age_seconds": "GAUGE",
	}, kinds)
	updates := families["tagboat_push_to_update_seconds"].GetMetric()[0].GetHistogram()
	expect.Equal(t, []any{uint64(2), 3601.2, 14}, []any{updates.GetSampleCount(), updates.GetSampleSum(), len(updates.GetBucket())})
}

func TestMetersAreApart(t *testing.T) {
	a, b := meter.New(), meter.New()
	before := text(t, b)
	a.Hint("ecr")
	a.Updated(time.Second)
	expect.Equal(t, before, text(t, b))
}
