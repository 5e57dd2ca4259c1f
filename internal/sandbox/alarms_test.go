package sandbox_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

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
