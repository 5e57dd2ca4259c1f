package wire_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

func asError(err error, e **wire.Error) bool { return errors.As(err, e) }

var (
	jsonService  = wire.Service{Name: "ecs", Protocol: wire.JSON11}
	sqsService   = wire.Service{Name: "sqs", Protocol: wire.JSON10, QueryErrors: true}
	queryService = wire.Service{Name: "sts", Protocol: wire.Query, Version: "2011-06-15", Namespace: "urn:ns"}
)

func TestQueryAnswer(t *testing.T) {
	type output struct {
		Name    string            `json:"Name"`
		Count   int               `json:"Count"`
		At      wire.Time         `json:"At"`
		Tags    []tag             `json:"Tags"`
		Empty   []string          `json:"Empty,omitempty"`
		Labels  map[string]string `json:"Labels,omitempty"`
		Missing *tag              `json:"Missing"`
		Hidden  string            `json:"-"`
	}
	got := queryService.Success("req-1", "DescribeThings", output{
		Name: "a<b", Count: 2, At: wire.At(time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC)),
		Tags: []tag{{"k", "v"}}, Labels: map[string]string{"x": "1"}, Hidden: "no",
	})
	want := `<DescribeThingsResponse xmlns="urn:ns"><DescribeThingsResult>` +
		`<Name>a&lt;b</Name><Count>2</Count><At>2026-01-02T03:04:05.006Z</At>` +
		`<Tags><member><Key>k</Key><Value>v</Value></member></Tags>` +
		`<Labels><entry><key>x</key><value>1</value></entry></Labels>` +
		`</DescribeThingsResult><ResponseMetadata><RequestId>req-1</RequestId></ResponseMetadata></DescribeThingsResponse>`
	expect.Equal(t, want, string(got.Body))
	if got.Status != http.StatusOK || got.Header.Get("Content-Type") != "text/xml" {
		t.Errorf("status %d, headers %v", got.Status, got.Header)
	}
}

func TestQueryError(t *testing.T) {
	got := queryService.Failure("req-1", wire.Errorf("ValidationError", "%s is wrong", "x"))
	want := `<ErrorResponse xmlns="urn:ns"><Error><Type>Sender</Type><Code>ValidationError</Code>` +
		`<Message>x is wrong</Message></Error><RequestId>req-1</RequestId></ErrorResponse>`
	expect.Equal(t, want, string(got.Body))
	expect.EqualIn(t, "status", http.StatusBadRequest, got.Status)
}

func TestJSONErrors(t *testing.T) {
	tests := map[string]struct {
		service wire.Service
		err     error
		status  int
		header  map[string]string
		body    map[string]any
	}{
		"plain": {
			jsonService, wire.Errorf("ClientException", "no"), 400,
			map[string]string{"X-Amzn-ErrorType": "ClientException", "Content-Type": "application/x-amz-json-1.1"},
			map[string]any{"__type": "ClientException", "message": "no"},
		},
		"status and fields": {
			jsonService, &wire.Error{Code: "ServerException", Message: "oh", Status: 503, Fields: map[string]any{"resourceIds": []string{"a"}}}, 503,
			map[string]string{"X-Amzn-RequestId": "req-1"},
			map[string]any{"__type": "ServerException", "message": "oh", "resourceIds": []any{"a"}},
		},
		"no error of AWS": {
			jsonService, errors.New("disk full"), 500,
			map[string]string{"X-Amzn-ErrorType": "InternalFailure"},
			map[string]any{"__type": "InternalFailure", "message": "disk full"},
		},
		"compatible with query": {
			sqsService, &wire.Error{Code: "QueueDoesNotExist", Query: "AWS.SimpleQueueService.NonExistentQueue", Message: "no"}, 400,
			map[string]string{"X-Amzn-Query-Error": "AWS.SimpleQueueService.NonExistentQueue;Sender", "Content-Type": "application/x-amz-json-1.0"},
			map[string]any{"__type": "QueueDoesNotExist", "message": "no"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := tt.service.Failure("req-1", tt.err)
			var body map[string]any
			expect.OK(t, json.Unmarshal(got.Body, &body))
			expect.Equal(t, tt.body, body)
			expect.EqualIn(t, "status", tt.status, got.Status)
			for name, want := range tt.header {
				expect.EqualIn(t, name, want, got.Header.Get(name))
			}
		})
	}
}

func TestMissingOperationAndThrottleHaveTheProtocolsOwnCodes(t *testing.T) {
	tests := map[string]struct {
		service           wire.Service
		missing, throttle string
	}{
		"json":  {jsonService, "UnknownOperationException", "ThrottlingException"},
		"sqs":   {sqsService, "UnknownOperationException", "RequestThrottled"},
		"query": {queryService, "InvalidAction", "Throttling"},
	}
	for name, tt := range tests {
		if got := tt.service.UnknownOperation("Fly").Code; got != tt.missing {
			t.Errorf("%s: missing operation: %s, want %s", name, got, tt.missing)
		}
		if got := tt.service.Throttled().Code; got != tt.throttle {
			t.Errorf("%s: throttle: %s, want %s", name, got, tt.throttle)
		}
	}
}

func TestAnswerThatCannotBeEncodedIsAnInternalFailure(t *testing.T) {
	for _, s := range []wire.Service{jsonService, queryService} {
		if got := s.Success("req-1", "Op", map[string]any{"c": make(chan int)}); got.Status != http.StatusInternalServerError {
			t.Errorf("%s: status %d", s.Name, got.Status)
		}
	}
}
