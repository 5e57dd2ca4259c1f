package lambda_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/customresource"
	"github.com/tagboat/tagboat/internal/lambda"
)

type answers struct{}

func (answers) Data(_ context.Context, p customresource.Properties) (customresource.Data, error) {
	if p["Fail"] != nil {
		return customresource.Data{}, tagboat.Usagef("no such thing")
	}
	return customresource.Data{Values: map[string]json.RawMessage{"key": json.RawMessage(`"hush"`)}}, nil
}

func TestInvoke(t *testing.T) {
	bucket := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer bucket.Close()
	closed := httptest.NewTLSServer(nil)
	closed.Close()
	request := func(url, properties string) string {
		return `{"RequestType":"Create","ResourceType":"Custom::X","StackId":"stack-1","LogicalResourceId":"R","ResponseURL":"` +
			url + `/?sig=hush","ResourceProperties":` + properties + `}`
	}
	tests := []struct {
		name  string
		event string
		fails bool
		logs  string
	}{
		{"answered", request(bucket.URL, `{}`), false, `"level":"INFO","msg":"custom resource answered","outcome":{"request":"Create","type":"Custom::X","stack":"stack-1"`},
		{"refused", request(bucket.URL, `{"Fail":"1"}`), false, `"failed":"no such thing"`},
		{"not delivered", request(closed.URL, `{}`), true, `"level":"ERROR"`},
		{"not over HTTPS", request("http://127.0.0.1:1", `{}`), true, "ResponseURL"},
		{"somebody else's event", `{"source":"aws.s3","token":"hush"}`, true, "none that tagboat answers"},
		{"no event", `"hush"`, true, "none that tagboat answers"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var log bytes.Buffer
			f := &lambda.Function{
				Resources: &customresource.Handler{
					Resources: map[string]customresource.Resource{"Custom::X": answers{}},
					Courier:   customresource.Courier{Client: bucket.Client(), Pause: 1},
				},
				Log: slog.New(slog.NewJSONHandler(&log, nil)),
			}
			_, err := f.Invoke(t.Context(), []byte(test.event))
			if (err != nil) != test.fails {
				t.Errorf("the error is %v", err)
			}
			if !strings.Contains(log.String(), test.logs) {
				t.Errorf("the log is %s, without %s", log.String(), test.logs)
			}
			if strings.Contains(log.String(), "hush") {
				t.Errorf("the log tells a secret: %s", log.String())
			}
		})
	}
}

func TestInside(t *testing.T) {
	set := func(value string) func(string) string {
		return func(name string) string {
			if name == "AWS_LAMBDA_RUNTIME_API" {
				return value
			}
			return ""
		}
	}
	if !lambda.Inside(set("127.0.0.1:9001")) || lambda.Inside(set("")) {
		t.Error("a function is where the runtime's address is set")
	}
}
