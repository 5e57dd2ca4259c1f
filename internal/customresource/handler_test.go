package customresource_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tagboat/tagboat/internal/customresource"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/ledger"
)

const signature = "X-Amz-Signature=hush"

// bucket stands for the S3 bucket that a presigned URL writes to: it takes a PUT that
// has a length and no Content-Type, as the signature wants it. What is in failures comes
// first, one a request.
type bucket struct {
	*httptest.Server
	mu       sync.Mutex
	failures []func(http.ResponseWriter)
	requests int
	answers  []map[string]any
	size     int
}

func newBucket(t *testing.T, failures ...func(http.ResponseWriter)) *bucket {
	b := &bucket{failures: failures}
	b.Server = httptest.NewTLSServer(b)
	t.Cleanup(b.Close)
	return b
}

func (b *bucket) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.requests++
	body, err := io.ReadAll(r.Body)
	if len(b.failures) > 0 {
		fail := b.failures[0]
		b.failures = b.failures[1:]
		fail(w)
		return
	}
	_, typed := r.Header["Content-Type"]
	if err != nil || r.Method != http.MethodPut || typed || r.ContentLength != int64(len(body)) || r.URL.RawQuery != signature {
		http.Error(w, "SignatureDoesNotMatch", http.StatusForbidden)
		return
	}
	var answer map[string]any
	if err := json.Unmarshal(body, &answer); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	b.answers, b.size = append(b.answers, answer), len(body)
}

func status(code int) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) { w.WriteHeader(code) }
}

func reset(http.ResponseWriter) { panic(http.ErrAbortHandler) }

func (b *bucket) request(kind string, p customresource.Properties) customresource.Request {
	return customresource.Request{
		RequestType: kind, RequestID: "5b5e0f1c", StackID: "arn:aws:cloudformation:eu-west-1:1:stack/s/1", ResponseURL: b.URL + "/answer?" + signature,
		ResourceType: "Custom::SsmParseDict", LogicalResourceID: "Images", ResourceProperties: p,
	}
}

func handler(b *bucket) *customresource.Handler {
	return &customresource.Handler{
		Resources: map[string]customresource.Resource{
			"Custom::SsmParseDict": customresource.ParseDict{Parameters: parameters()},
			"Custom::Panics":       panics{},
			"Custom::Waits":        waits{},
		},
		Courier: customresource.Courier{Client: b.Client(), Pause: time.Millisecond},
	}
}

type panics struct{}

func (panics) Data(context.Context, customresource.Properties) (customresource.Data, error) {
	panic("oh")
}

type waits struct{}

func (waits) Data(ctx context.Context, _ customresource.Properties) (customresource.Data, error) {
	<-ctx.Done()
	return customresource.Data{}, fmt.Errorf("waiting: %w", ctx.Err())
}

func TestHandle(t *testing.T) {
	noEcho := properties("/generic")
	noEcho["NoEcho"] = "true"
	answer := func(status, id string, more map[string]any) map[string]any {
		all := map[string]any{
			"Status": status, "PhysicalResourceId": id, "StackId": "arn:aws:cloudformation:eu-west-1:1:stack/s/1",
			"RequestId": "5b5e0f1c", "LogicalResourceId": "Images",
		}
		for key, value := range more {
			all[key] = value
		}
		return all
	}
	tests := []struct {
		name     string
		kind     string
		physical string
		typ      string
		with     customresource.Properties
		want     map[string]any
	}{
		{"create", "Create", "", "", properties("/generic"), answer("SUCCESS", "Images-5b5e0f1c", map[string]any{"Data": map[string]any{"generic/agent": "7.1"}})},
		{"update keeps the id, whoever gave it", "Update", "old-id", "", properties("/generic"), answer("SUCCESS", "old-id", map[string]any{"Data": map[string]any{"generic/agent": "7.1"}})},
		{"masked", "Update", "id", "", noEcho, answer("SUCCESS", "id", map[string]any{"NoEcho": true, "Data": map[string]any{"generic/agent": "7.1"}})},
		{"delete", "Delete", "id", "", properties("/missing"), answer("SUCCESS", "id", nil)},
		{"delete of nonsense", "Delete", "never-created", "Custom::Nonsense", customresource.Properties{"Names": 7}, answer("SUCCESS", "never-created", nil)},
		{"a name that is missing", "Create", "", "", properties("/gone"), answer("FAILED", "Images-5b5e0f1c", map[string]any{
			"Reason": "there is no parameter /gone (hint: correct Names, or write MissingOk: true to leave out what does not exist)",
		})},
		{"an unknown type", "Update", "id", "Custom::SsmParsDict", nil, answer("FAILED", "id", map[string]any{
			"Reason": `there is no custom resource "Custom::SsmParsDict" (hint: did you mean "Custom::SsmParseDict"?)`,
		})},
		{"an unknown request", "Inspect", "id", "", nil, answer("FAILED", "id", map[string]any{"Reason": `CloudFormation sent a request of the unknown type "Inspect"`})},
		{"a defect", "Update", "id", "Custom::Panics", nil, answer("FAILED", "id", map[string]any{"Reason": "a defect in tagboat: oh"})},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := newBucket(t)
			request := b.request(test.kind, test.with)
			request.PhysicalResourceID = test.physical
			if test.typ != "" {
				request.ResourceType = test.typ
			}
			outcome := expect.Value(handler(b).Handle(t.Context(), request))(t)
			expect.Equal(t, []map[string]any{test.want}, b.answers)
			if (outcome.Failed != "") != (test.want["Status"] == "FAILED") {
				t.Errorf("the outcome is %+v", outcome)
			}
		})
	}
}

func TestAnswerTooLarge(t *testing.T) {
	s := store{
		"/small": {Name: "/small", Value: `{"a":"1"}`},
		"/large": {Name: "/large", Value: `{"b":"` + strings.Repeat("x", 4000) + `"}`},
	}
	b := newBucket(t)
	h := handler(b)
	h.Resources["Custom::SsmParseDict"] = customresource.ParseDict{Parameters: s}
	expect.Value(h.Handle(t.Context(), b.request("Create", properties("/small", "/large"))))(t)
	reason, _ := b.answers[0]["Reason"].(string)
	if b.answers[0]["Status"] != "FAILED" || !strings.Contains(reason, "4096") || !strings.Contains(reason, "/large gives 4007, /small gives 8") {
		t.Errorf("the answer is %v", b.answers[0])
	}
}

func TestReasonIsCut(t *testing.T) {
	var names []string
	for i := range 200 {
		names = append(names, fmt.Sprintf("/größ/%d", i))
	}
	b := newBucket(t)
	expect.Value(handler(b).Handle(t.Context(), b.request("Create", properties(names...))))(t)
	reason, _ := b.answers[0]["Reason"].(string)
	if b.size > 4096 || b.size < 4000 || !strings.HasSuffix(reason, "…") || !strings.Contains(reason, "/größ/3") {
		t.Errorf("%d bytes: %s", b.size, reason)
	}
}

func TestSaysThatTimeIsUp(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	b := newBucket(t)
	request := b.request("Create", nil)
	request.ResourceType = "Custom::Waits"
	expect.Value(handler(b).Handle(ctx, request))(t)
	expect.Equal(t, "waiting: context deadline exceeded", b.answers[0]["Reason"])
}

func TestDelivery(t *testing.T) {
	redirect := func(code int) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			w.Header().Set("Location", "/answer?"+signature)
			w.WriteHeader(code)
		}
	}
	tests := []struct {
		name     string
		failures []func(http.ResponseWriter)
		requests int
		fails    string
	}{
		{"at once", nil, 1, ""},
		{"after errors, a reset and throttling", []func(http.ResponseWriter){status(503), reset, status(500), status(429)}, 5, ""},
		{"a redirect", []func(http.ResponseWriter){redirect(307)}, 1, "307 Temporary Redirect, and answers follow no redirects"},
		{"a redirect for good", []func(http.ResponseWriter){redirect(308)}, 1, "308"},
		{"a redirect to read", []func(http.ResponseWriter){redirect(303)}, 1, "303"},
		{"a signature that is too old", []func(http.ResponseWriter){status(403)}, 1, "403"},
		{"never", []func(http.ResponseWriter){
			status(500), status(500), status(500), status(500), status(500), status(500), status(500), status(503),
		}, 8, "503"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := newBucket(t, test.failures...)
			_, err := handler(b).Handle(t.Context(), b.request("Create", properties("/generic")))
			if (err != nil) != (test.fails != "") || err != nil && !strings.Contains(err.Error(), test.fails) {
				t.Errorf("the error is %v", err)
			}
			if b.requests != test.requests || (err == nil) != (len(b.answers) == 1) {
				t.Errorf("%d requests, %d answers", b.requests, len(b.answers))
			}
		})
	}
}

// What the answer says, values of pins among it, is for CloudFormation's bucket alone.
func TestTheAnswerGoesNowhereElse(t *testing.T) {
	var elsewhere int
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere++ }))
	defer other.Close()
	b := newBucket(t, func(w http.ResponseWriter) {
		w.Header().Set("Location", other.URL+"/?"+signature)
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
	if _, err := handler(b).Handle(t.Context(), b.request("Create", properties("/generic"))); err == nil || strings.Contains(err.Error(), "hush") {
		t.Errorf("the error is %v", err)
	}
	if elsewhere > 0 {
		t.Error("the answer followed a redirect to another host")
	}
	for _, to := range []string{"http://example.com/answer?" + signature, "ftp://127.0.0.1/", "file:///tmp/answer", "http://127.0.0.1.example.com/"} {
		err := (customresource.Courier{Client: &http.Client{Transport: unreachable{t}}}).Deliver(t.Context(), to, []byte("{}"))
		if err == nil || !strings.Contains(err.Error(), "https") || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %v", to, err)
		}
	}
}

// unreachable is a network that nothing may be sent to.
type unreachable struct{ *testing.T }

func (u unreachable) RoundTrip(r *http.Request) (*http.Response, error) {
	u.Errorf("%s was sent something", r.URL.Host)
	return nil, http.ErrHandlerTimeout
}

func TestErrorsKeepTheURL(t *testing.T) {
	b := newBucket(t)
	request := b.request("Create", properties("/generic"))
	b.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	outcome, err := handler(b).Handle(ctx, request)
	if err == nil || strings.Contains(err.Error(), "hush") || strings.Contains(fmt.Sprint(outcome), "hush") {
		t.Errorf("the error is %v, the outcome %+v", err, outcome)
	}
}

func TestParseRequest(t *testing.T) {
	for _, event := range []string{
		``, `[]`, `{}`, `{"RequestType":"Create"}`, `{"RequestType":"Create","ResponseURL":"http://x/hush"}`,
		`{"RequestType":"Create","ResponseURL":"file:///hush"}`, `{"RequestType":7,"ResponseURL":"https://x/hush"}`,
	} {
		if r, err := customresource.ParseRequest([]byte(event)); err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %+v, %v", event, r, err)
		}
	}
	if customresource.IsRequest([]byte(`{"detail-type":"ECR Image Action"}`)) || !customresource.IsRequest([]byte(`{"RequestType":"Delete","ResponseURL":"https://x"}`)) {
		t.Error("events are told apart wrongly")
	}
}

var _ customresource.ParameterReader = store(map[string]ledger.Parameter{})
