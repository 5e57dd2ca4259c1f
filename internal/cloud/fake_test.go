package cloud_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/tagboat/tagboat/internal/cloud"
)

// answer is what the fake answers to one attempt.
type answer struct {
	status int         // 0 stands for 200
	code   string      // of an error
	body   string      // JSON or XML
	header http.Header // more headers
	hangUp bool        // no answer at all
}

// request is what the fake was asked.
type request struct {
	operation string // ecs.DescribeServices, sts.GetCallerIdentity
	body      string
	form      url.Values
	agent     string
}

func (r request) member(t *testing.T, name string) any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(r.body), &m); err != nil {
		t.Fatal(err)
	}
	return m[name]
}

// fake is AWS as far as a test says: answers by operation, one an attempt, the last one
// again and again.
type fake struct {
	mu      sync.Mutex
	answers map[string][]answer
	asked   []request
}

// aws starts a fake and points the standard chain at it.
func aws(t *testing.T, answers map[string][]answer) *fake {
	t.Helper()
	f := &fake{answers: answers}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	environment(t, server.URL)
	return f
}

// environment is the standard chain of a test: nothing of the machine's own.
func environment(t *testing.T, endpoint string) {
	t.Helper()
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": endpoint, "AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "AKIATEST", "AWS_SECRET_ACCESS_KEY": "secret",
		"AWS_SESSION_TOKEN": "", "AWS_PROFILE": "", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
		"AWS_EC2_METADATA_DISABLED": "true", "AWS_CA_BUNDLE": "",
	} {
		t.Setenv(name, value)
	}
}

func open(t *testing.T) *cloud.Cloud {
	t.Helper()
	c, err := cloud.New(t.Context(), cloud.Options{UserAgent: "tagboat/1.2"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	q := request{body: string(body), agent: r.UserAgent()}
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		service, operation, _ := strings.Cut(target, ".")
		names := map[string]string{"AmazonEC2ContainerServiceV20141113": "ecs", "AmazonSSM": "ssm", "Logs_20140328": "logs", "AmazonEC2ContainerRegistry_V20150921": "ecr", "AmazonSQS": "sqs"}
		q.operation = names[service] + "." + operation
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	} else {
		q.form, _ = url.ParseQuery(q.body)
		service := map[string]string{"2011-06-15": "sts", "2015-12-01": "elb", "2010-05-08": "iam"}[q.form.Get("Version")]
		q.operation = service + "." + q.form.Get("Action")
		w.Header().Set("Content-Type", "text/xml")
	}
	f.respond(w, f.next(q))
}

func (f *fake) next(q request) answer {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, q)
	list := f.answers[q.operation]
	if len(list) == 0 {
		return answer{status: 400, code: "UnknownOperationException"}
	}
	if len(list) > 1 {
		f.answers[q.operation] = list[1:]
	}
	return list[0]
}

func (f *fake) respond(w http.ResponseWriter, a answer) {
	if a.hangUp {
		panic(http.ErrAbortHandler)
	}
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.Header().Set("X-Amzn-Requestid", "request-1")
	if a.code == "" {
		_, _ = io.WriteString(w, a.body)
		return
	}
	if a.status == 0 {
		a.status = 400
	}
	w.WriteHeader(a.status)
	if w.Header().Get("Content-Type") == "text/xml" {
		_, _ = io.WriteString(w, "<ErrorResponse><Error><Code>"+a.code+"</Code><Message>"+a.body+"</Message></Error><RequestId>request-1</RequestId></ErrorResponse>")
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]string{"__type": a.code, "message": a.body})
}

// operations returns what was asked, in order.
func (f *fake) operations() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var names []string
	for _, q := range f.asked {
		names = append(names, q.operation)
	}
	return names
}

func (f *fake) requests(operation string) []request {
	f.mu.Lock()
	defer f.mu.Unlock()
	var found []request
	for _, q := range f.asked {
		if q.operation == operation {
			found = append(found, q)
		}
	}
	return found
}

const identity = `<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::111111111111:user/ci</Arn><UserId>U</UserId><Account>111111111111</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`

const assumed = `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIATEST</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials><AssumedRoleUser><Arn>arn:aws:sts::222222222222:assumed-role/r/tagboat</Arn><AssumedRoleId>A</AssumedRoleId></AssumedRoleUser></AssumeRoleResult></AssumeRoleResponse>`

var throttled = answer{code: "ThrottlingException", body: "Rate exceeded"}
