package cloud_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat/internal/cloud"
	"github.com/tagboat/tagboat/internal/ecs"
)

// monitoring calls an operation of the sandbox's CloudWatch.
func monitoring(t *testing.T, operation string, in map[string]any) {
	t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, os.Getenv("AWS_ENDPOINT_URL"), strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.0")
	r.Header.Set("X-Amz-Target", "GraniteServiceVersion20100801."+operation)
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIATEST/20261120/eu-west-1/monitoring/aws4_request, SignedHeaders=host, Signature=0")
	answer, err := http.DefaultClient.Do(r)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: %v %v", operation, answer, err)
	}
	_ = answer.Body.Close()
}

// TestAlarmChanges reads all pages of what became of an alarm.
func TestAlarmChanges(t *testing.T) {
	s := inSandbox(t)
	monitoring(t, "PutMetricAlarm", map[string]any{"AlarmName": "errors", "EvaluationPeriods": 1, "ComparisonOperator": "GreaterThanThreshold"})
	var want []string
	for n := range 150 {
		state := []string{"OK", "ALARM"}[n%2]
		monitoring(t, "SetAlarmState", map[string]any{"AlarmName": "errors", "StateValue": state, "StateReason": fmt.Sprint(n)})
		want = append([]string{state + " " + fmt.Sprint(n)}, want...)
	}
	found, err := s.Alarms().Describe(t.Context(), []string{"errors"})
	if err != nil || len(found) != 1 || found[0].Came.IsZero() {
		t.Fatalf("%+v, %v", found, err)
	}
	changes, err := s.Alarms().Changes(t.Context(), "errors", found[0].Came.Add(-time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range changes {
		got = append(got, c.State+" "+c.Reason)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if later, err := s.Alarms().Changes(t.Context(), "errors", found[0].Came.Add(time.Hour)); err != nil || len(later) > 0 {
		t.Errorf("after the last one: %+v, %v", later, err)
	}
}

// TestAlarmChangeOf reads the example of the AWS command line's page, and what was cut.
func TestAlarmChangeOf(t *testing.T) {
	at := time.Date(2014, 4, 9, 18, 59, 6, 0, time.UTC)
	const seen = `{"version":"1.0","oldState":{"stateValue":"ALARM","stateReason":"testing purposes"},"newState":{"stateValue":"OK","stateReason":"Threshold Crossed: 2 datapoints were not greater than the threshold (70.0)."}}`
	for name, c := range map[string]struct {
		data, summary string
		want          ecs.AlarmChange
	}{
		"whole":   {seen, "Alarm updated from ALARM to OK", ecs.AlarmChange{At: at, State: "OK", Reason: "Threshold Crossed: 2 datapoints were not greater than the threshold (70.0)."}},
		"cut":     {seen[:120], "Alarm updated from OK to ALARM", ecs.AlarmChange{At: at, State: "ALARM", Reason: "Alarm updated from OK to ALARM"}},
		"nothing": {"", "", ecs.AlarmChange{At: at}},
	} {
		got := cloud.ChangeOf(types.AlarmHistoryItem{Timestamp: &at, HistoryData: sdk.String(c.data), HistorySummary: sdk.String(c.summary)})
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
