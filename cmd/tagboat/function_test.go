package main

import (
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

const functionTimeout = 30 * time.Second // unless a story says otherwise

// function is the binary as Lambda runs it: called bootstrap, fed by the runtime API,
// its custom resources answering to a bucket behind HTTPS.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
type function struct {
	api     *httptest.Server
	bucket  *httptest.Server
	events  chan []byte
	results chan string // "" where the function answered, else its error
	process *exec.Cmd
	timeout time.Duration // of a call

	mu       sync.Mutex
	refusals []int // what the bucket answers first
	answer   []byte
	response []byte // to the last call
}

// functionKey is where a story keeps its function.
type functionKey struct{}

// startFunction runs the binary as a function: function [timeout=DURATION] [NAME=VALUE...].
func startFunction(ts *testscript.TestScript, _ bool, args []string) {
	f := &function{events: make(chan []byte), results: make(chan string), timeout: functionTimeout}
	if len(args) > 0 && strings.HasPrefix(args[0], "timeout=") {
		timeout, err := time.ParseDuration(strings.TrimPrefix(args[0], "timeout="))
		ts.Check(err)
		f.timeout, args = timeout, args[1:]
	}
	f.api = httptest.NewServer(http.HandlerFunc(f.serveRuntime))
	f.bucket = httptest.NewTLSServer(http.HandlerFunc(f.serveBucket))
	certificate := ts.MkAbs("bucket.pem")
	ts.Check(os.WriteFile(certificate, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: f.bucket.Certificate().Raw}), 0o600))
	binary, err := exec.LookPath("bootstrap")
	ts.Check(err)
	cmd := exec.Command(binary)
	cmd.Dir = ts.MkAbs(".")
	cmd.Env = append(processEnv(ts), "AWS_LAMBDA_RUNTIME_API="+strings.TrimPrefix(f.api.URL, "http://"),
		"AWS_LAMBDA_FUNCTION_NAME=tagboat", "AWS_LAMBDA_FUNCTION_VERSION=$LATEST", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=128",
		"SSL_CERT_FILE="+certificate, "NO_PROXY=127.0.0.1")
	cmd.Env = append(cmd.Env, args...)
	log, err := os.Create(ts.MkAbs("function.log"))
	ts.Check(err)
	cmd.Stdout, cmd.Stderr = log, log
	ts.Check(cmd.Start())
	f.process = cmd
	ts.Defer(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		f.api.CloseClientConnections()
		f.api.Close()
		f.bucket.Close()
		_ = log.Close()
	})
	*ts.Value(functionKey{}).(**function) = f
}

// theFunction returns the one that the story started.
func theFunction(ts *testscript.TestScript) *function {
	f := *ts.Value(functionKey{}).(**function)
	if f == nil {
		ts.Fatalf("there is no function; start one with: function")
	}
	return f
}

// sendResource sends a request for a custom resource, the rest of which is in a file,
// and writes the answer to a file: resource REQUEST-TYPE FILE ANSWER-FILE [REFUSAL...].
// The bucket first refuses with each of the given HTTP statuses.
func sendResource(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 3 {
		ts.Fatalf("usage: resource REQUEST-TYPE FILE ANSWER-FILE [REFUSAL...]")
	}
	f := theFunction(ts)
	request := map[string]any{"LogicalResourceId": "Images"}
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[1])), &request))
	request["RequestType"] = args[0]
	f.mu.Lock()
	for _, arg := range args[3:] {
		code, err := strconv.Atoi(arg)
		ts.Check(err)
		f.refusals = append(f.refusals, code)
	}
	f.mu.Unlock()
	answer, err := f.resource(request)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), answer.raw, 0o600))
}

// invokeFunction hands an event to the function, and fails as the function does; a file gets
// its answer: invoke FILE [ANSWER-FILE].
func invokeFunction(ts *testscript.TestScript, neg bool, args []string) {
	f := theFunction(ts)
	failure, err := f.invoke([]byte(ts.ReadFile(args[0])))
	ts.Check(err)
	if (failure != "") != neg {
		ts.Fatalf("the function answered with the error %q", failure)
	}
	if len(args) > 1 {
		f.mu.Lock()
		defer f.mu.Unlock()
		ts.Check(os.WriteFile(ts.MkAbs(args[1]), f.response, 0o600))
	}
}

// killFunction hands an event to the function, and kills it, as kill -9 does, once the sandbox has
// counted an operation N times: dies FILE OPERATION N.
func killFunction(ts *testscript.TestScript, _ bool, args []string) {
	f := theFunction(ts)
	f.events <- []byte(ts.ReadFile(args[0]))
	awaitCalls(ts, false, args[1:])
	ts.Check(f.process.Process.Kill())
	_ = f.process.Wait() // it says that it was killed
}

// serveRuntime is Lambda's runtime API: a function asks for the next event, and posts
// what came of it.
func (f *function) serveRuntime(w http.ResponseWriter, r *http.Request) {
	const invocation = "/2018-06-01/runtime/invocation/"
	rest, ok := strings.CutPrefix(r.URL.Path, invocation)
	body, _ := io.ReadAll(r.Body)
	switch {
	case ok && rest == "next":
		select {
		case event := <-f.events:
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd")
			w.Header().Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:123456789012:function:tagboat")
			w.Header().Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(time.Now().Add(f.timeout).UnixMilli(), 10))
			_, _ = w.Write(event)
		case <-r.Context().Done():
		}
		return
	case ok && strings.HasSuffix(rest, "/response"):
		f.mu.Lock()
		f.response = body
		f.mu.Unlock()
		f.results <- ""
	default:
		f.results <- string(body)
	}
	w.WriteHeader(http.StatusAccepted)
}

// serveBucket is the presigned URL.
func (f *function) serveBucket(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	if len(f.refusals) > 0 {
		w.WriteHeader(f.refusals[0])
		f.refusals = f.refusals[1:]
		return
	}
	if _, typed := r.Header["Content-Type"]; typed || r.Method != http.MethodPut || len(body) > 4096 {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	f.answer = body
}

// invoke hands an event to the function and returns its error, or "".
func (f *function) invoke(event []byte) (string, error) {
	limit := time.NewTimer(functionTimeout)
	defer limit.Stop()
	select {
	case f.events <- event:
	case <-limit.C:
		return "", fmt.Errorf("the function asked for no event")
	}
	select {
	case result := <-f.results:
		return result, nil
	case <-limit.C:
		return "", fmt.Errorf("the function did not answer")
	}
}

// resource sends what CloudFormation sends, and returns what it is answered.
func (f *function) resource(request map[string]any) (resourceAnswer, error) {
	request["ResponseURL"] = f.bucket.URL + "/answer?X-Amz-Signature=secret"
	if request["StackId"] == nil {
		request["StackId"] = "arn:aws:cloudformation:us-east-1:123456789012:stack/shop/f1e2"
		request["RequestId"] = "b2c3"
	}
	event, err := json.Marshal(request)
	if err != nil {
		return resourceAnswer{}, err
	}
	f.mu.Lock()
	f.answer = nil
	f.mu.Unlock()
	failure, err := f.invoke(event)
	if err != nil {
		return resourceAnswer{}, err
	}
	if failure != "" {
		return resourceAnswer{}, fmt.Errorf("the function failed: %s", failure)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	answer := resourceAnswer{raw: f.answer}
	return answer, json.Unmarshal(f.answer, &answer)
}

// resourceAnswer is what CloudFormation reads of an answer.
type resourceAnswer struct {
	Status             string
	Reason             string
	PhysicalResourceID string `json:"PhysicalResourceId"`
	Data               map[string]any
	raw                []byte
}
