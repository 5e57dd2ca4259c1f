package sandbox_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox"
)

const signed = "AWS4-HMAC-SHA256 Credential=AKIATEST/20261120/eu-west-1/monitoring/aws4_request, SignedHeaders=host, Signature=0"

func (r running) alarms() *cloudwatch.Client { return cloudwatch.NewFromConfig(r.awsConfig()) }

// alarm makes an alarm and gives it a state.
func (r running) alarm(t *testing.T, name string, state types.StateValue) {
	t.Helper()
	expect.Value(r.alarms().PutMetricAlarm(t.Context(), &cloudwatch.PutMetricAlarmInput{
		AlarmName: &name, EvaluationPeriods: aws.Int32(1), ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold,
		MetricName: aws.String("5xx"), Namespace: aws.String("AWS/ApplicationELB"), Threshold: aws.Float64(2.5),
		Period: aws.Int32(60), Statistic: types.StatisticSum,
	}))(t)
	expect.Value(r.alarms().SetAlarmState(t.Context(), &cloudwatch.SetAlarmStateInput{
		AlarmName: &name, StateValue: state, StateReason: aws.String("a test says so"),
	}))(t)
}

func TestAlarmsBySDK(t *testing.T) {
	box, _ := serveAll(t, sandbox.Config{})
	box.alarm(t, "errors", types.StateValueAlarm)
	box.alarm(t, "latency", types.StateValueOk)
	out, err := box.alarms().DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{"errors", "absent"}})
	if err != nil || len(out.MetricAlarms) != 1 {
		t.Fatalf("%+v, %v", out, err)
	}
	a := out.MetricAlarms[0]
	got := []any{*a.AlarmName, a.StateValue, *a.StateReason, *a.Threshold, *a.EvaluationPeriods, a.StateUpdatedTimestamp.IsZero()}
	want := []any{"errors", types.StateValueAlarm, "a test says so", 2.5, int32(1), false}
	expect.Equal(t, want, got)
	ringing, err := box.alarms().DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{StateValue: types.StateValueOk})
	if err != nil || len(ringing.MetricAlarms) != 1 || *ringing.MetricAlarms[0].AlarmName != "latency" {
		t.Errorf("alarms that are OK: %+v, %v", ringing, err)
	}
	if _, err := box.alarms().SetAlarmState(t.Context(), &cloudwatch.SetAlarmStateInput{
		AlarmName: aws.String("absent"), StateValue: types.StateValueOk, StateReason: aws.String("-"),
	}); code(err) != "ResourceNotFound" && !strings.Contains(code(err), "ResourceNotFound") {
		t.Errorf("the state of an alarm that is not there: %v", err)
	}
	if _, err := box.alarms().DeleteAlarms(t.Context(), &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{"errors"}}); err != nil {
		t.Error(err)
	}
	if left, err := box.alarms().DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{}); err != nil || len(left.MetricAlarms) != 1 {
		t.Errorf("left: %+v, %v", left, err)
	}
}

// TestAlarmHistory pages through what became of alarms, filters it, and forgets it after thirty days.
func TestAlarmHistory(t *testing.T) {
	config := sandbox.Config{DataDir: t.TempDir()}
	box, stop := serveAll(t, config)
	move := func(by time.Duration) {
		box.send(t, http.MethodPost, "/_sandbox/clock", fmt.Sprintf(`{"forward": %q}`, by))
	}
	began := box.alarmAt(t)
	box.alarm(t, "errors", types.StateValueOk)
	box.alarm(t, "latency", types.StateValueOk)
	move(time.Hour)
	for _, state := range []types.StateValue{types.StateValueAlarm, types.StateValueAlarm, types.StateValueOk} {
		expect.Value(box.alarms().SetAlarmState(t.Context(), &cloudwatch.SetAlarmStateInput{
			AlarmName: aws.String("errors"), StateValue: state, StateReason: aws.String("a test says " + string(state)),
		}))(t)
		move(time.Minute)
	}
	expect.Value(box.alarms().DeleteAlarms(t.Context(), &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{"errors"}}))(t)
	toOK, toAlarm, first := "Alarm updated from ALARM to OK", "Alarm updated from OK to ALARM", "Alarm updated from INSUFFICIENT_DATA to OK"
	made, ended := `Alarm "errors" created`, `Alarm "errors" deleted`
	later := aws.Time(began.Add(30 * time.Minute))
	tests := []struct {
		name string
		in   cloudwatch.DescribeAlarmHistoryInput
		want []string
	}{
		{"all of one, newest first", cloudwatch.DescribeAlarmHistoryInput{AlarmName: aws.String("errors")}, []string{ended, toOK, toAlarm, first, made}},
		{"oldest first", cloudwatch.DescribeAlarmHistoryInput{AlarmName: aws.String("errors"), ScanBy: types.ScanByTimestampAscending}, []string{made, first, toAlarm, toOK, ended}},
		{"states", cloudwatch.DescribeAlarmHistoryInput{AlarmName: aws.String("errors"), HistoryItemType: types.HistoryItemTypeStateUpdate}, []string{toOK, toAlarm, first}},
		{"since", cloudwatch.DescribeAlarmHistoryInput{HistoryItemType: types.HistoryItemTypeStateUpdate, StartDate: later}, []string{toOK, toAlarm}},
		{"until", cloudwatch.DescribeAlarmHistoryInput{HistoryItemType: types.HistoryItemTypeStateUpdate, EndDate: later}, []string{first, first}},
		{"other types", cloudwatch.DescribeAlarmHistoryInput{AlarmTypes: []types.AlarmType{types.AlarmTypeCompositeAlarm}}, nil},
		{"another alarm", cloudwatch.DescribeAlarmHistoryInput{AlarmName: aws.String("absent")}, nil},
	}
	for _, test := range tests {
		for _, size := range []int32{1, 2, 100} {
			test.in.MaxRecords, test.in.NextToken = &size, nil
			expect.EqualIn(t, test.name, test.want, box.summaries(t, test.in))
		}
	}
	out := expect.Value(box.alarms().DescribeAlarmHistory(t.Context(), &cloudwatch.DescribeAlarmHistoryInput{AlarmName: aws.String("errors"), HistoryItemType: types.HistoryItemTypeStateUpdate}))(t)
	expect.Equal(t, `{"newState":{"stateValue":"OK","stateReason":"a test says OK"},"oldState":{"stateValue":"ALARM","stateReason":"a test says ALARM"},"version":"1.0"}`, *out.AlarmHistoryItems[0].HistoryData)
	for _, bad := range []cloudwatch.DescribeAlarmHistoryInput{{MaxRecords: aws.Int32(101)}, {HistoryItemType: "Moods"}, {ScanBy: "Colour"}, {StartDate: later, EndDate: &began}} {
		if _, err := box.alarms().DescribeAlarmHistory(t.Context(), &bad); code(err) != "ValidationError" {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	before := box.summaries(t, cloudwatch.DescribeAlarmHistoryInput{})
	stop()
	box, _ = serveAll(t, config)
	expect.EqualIn(t, "after a restart", before, box.summaries(t, cloudwatch.DescribeAlarmHistoryInput{}))
	move(31 * 24 * time.Hour)
	expect.Equal(t, nil, box.summaries(t, cloudwatch.DescribeAlarmHistoryInput{}))
}

// alarmAt returns the sandbox's time, as an alarm tells it.
func (r running) alarmAt(t *testing.T) time.Time {
	t.Helper()
	r.alarm(t, "clock", types.StateValueInsufficientData)
	out := expect.Value(r.alarms().DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{"clock"}}))(t)
	return *out.MetricAlarms[0].StateUpdatedTimestamp
}

// summaries returns the summaries of all pages of the history.
func (r running) summaries(t *testing.T, in cloudwatch.DescribeAlarmHistoryInput) []string {
	t.Helper()
	var all []string
	for {
		out := expect.Value(r.alarms().DescribeAlarmHistory(t.Context(), &in))(t)
		for _, item := range out.AlarmHistoryItems {
			all = append(all, *item.HistorySummary)
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			return all
		}
	}
}

func TestAlarmsByTheOtherProtocols(t *testing.T) {
	box, _ := serveAll(t, sandbox.Config{})
	box.alarm(t, "errors", types.StateValueAlarm)
	response, body := box.send(t, http.MethodPost, "/", `{"AlarmNames":["errors"]}`, "Authorization", signed,
		"Content-Type", "application/x-amz-json-1.0", "X-Amz-Target", "GraniteServiceVersion20100801.DescribeAlarms")
	if response.StatusCode != http.StatusOK || !strings.Contains(body, `"StateValue":"ALARM"`) {
		t.Errorf("JSON: %d %s", response.StatusCode, body)
	}
	form := url.Values{"Action": {"DescribeAlarms"}, "Version": {"2010-08-01"}, "AlarmNames.member.1": {"errors"}}
	response, body = box.send(t, http.MethodPost, "/", form.Encode(), "Authorization", signed, "Content-Type", "application/x-www-form-urlencoded")
	if response.StatusCode != http.StatusOK || !strings.Contains(body, "<StateValue>ALARM</StateValue>") {
		t.Errorf("query: %d %s", response.StatusCode, body)
	}
	response, body = box.send(t, http.MethodPost, "/service/GraniteServiceVersion20100801/operation/DescribeAlarms", "\xff\xff", "Authorization", signed,
		"Smithy-Protocol", "rpc-v2-cbor", "Content-Type", "application/cbor")
	if response.StatusCode != http.StatusBadRequest || !strings.Contains(body, "SerializationException") {
		t.Errorf("what is no CBOR: %d %s", response.StatusCode, body)
	}
}
