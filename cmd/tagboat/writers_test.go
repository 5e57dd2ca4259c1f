package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/cloud"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/ledger"
	"github.com/tagboat/tagboat/internal/sandbox"
)

// TestManyProcessesLoseNothing has processes of their own update one parameter, in rounds
// that they all begin at once. When all of a round were told that they are done, what is
// stored has to have all of it, without a reader's help. In the first rounds writes are
// slow, so that all of them read what none has written yet; after that Parameter Store
// throttles, refuses, fails and loses answers. TAGBOAT_EXHAUSTIVE=1 has 32 processes and 25
// updates of each.
func TestManyProcessesLoseNothing(t *testing.T) {
	processes, faulty := 8, []int{3}
	if os.Getenv("TAGBOAT_EXHAUSTIVE") != "" {
		processes, faulty = 32, []int{5, 5, 5, 5}
	}
	server := expect.Value(sandbox.New(sandbox.Config{Speed: 1}))(t)
	listening := httptest.NewServer(server)
	defer listening.Close()
	order(t, listening.URL, `{"operation":"ssm.PutParameter","kind":"latency","latency":"200ms"}`)
	r := writing{store: storeAt(t, listening.URL)}
	for number := range processes {
		r.all = append(r.all, startWriter(t, listening.URL, number))
	}
	for range 5 {
		r.round(t, 1)
	}
	for _, fault := range []string{
		`{"operation":"ssm.PutParameter","kind":"error","code":"TooManyUpdates","status":400,"rate":0.1}`,
		`{"operation":"ssm.*","kind":"throttle","rate":0.1}`,
		`{"operation":"ssm.*","kind":"error","status":500,"code":"InternalServerError","rate":0.1}`,
		`{"operation":"ssm.PutParameter","kind":"reset","rate":0.1}`,
	} {
		order(t, listening.URL, fault)
	}
	for _, updates := range faulty {
		r.round(t, updates)
	}
	made := float64(processes * r.made)
	t.Logf("%d processes, %d updates each: %.1f calls of the store an update, %.1f of AWS with all that failed",
		processes, r.made, float64(r.calls)/made, float64(callsServed(t, listening.URL))/made)
}

// writing is processes that write to one parameter.
type writing struct {
	all         []*writerProcess
	store       ledger.Store
	rounds      int
	made, calls int // updates of each process; calls of all
}

// round has all processes make some updates at once, each of another image.
func (r *writing) round(t *testing.T, updates int) {
	t.Helper()
	r.rounds++
	r.made += updates
	for _, p := range r.all {
		p.begin(t, r.rounds, updates)
	}
	for _, p := range r.all {
		r.calls += p.calls(t)
	}
	r.check(t, updates)
}

// check checks what is stored, as a template would read it.
func (r *writing) check(t *testing.T, updates int) {
	t.Helper()
	got := expect.Value(r.store.Get(t.Context(), []string{contended}))(t)
	stored := map[string]string{}
	expect.OK(t, json.Unmarshal([]byte(got[contended].Value), &stored))
	for number := range r.all {
		for update := range updates {
			if tag := stored[string(writersImage(number, update))]; tag != strconv.Itoa(r.rounds) {
				t.Errorf("round %d: process %d was told that update %d is safe, and it says %q", r.rounds, number, update, tag)
			}
		}
	}
	if tag := stored["shared"]; !strings.HasSuffix(tag, "-"+strconv.Itoa(r.rounds)) {
		t.Errorf("round %d: the image that all of them pinned is at %q", r.rounds, tag)
	}
}

// writerProcess is a process that updates the parameter once for each line that it reads.
type writerProcess struct {
	cmd *exec.Cmd
	in  io.Writer
	out *bufio.Scanner
	err *bytes.Buffer
}

func startWriter(t *testing.T, url string, number int) *writerProcess {
	t.Helper()
	binary, err := exec.LookPath("ledger-writer")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), binary, strconv.Itoa(number))
	cmd.Env = append(os.Environ(), "AWS_ENDPOINT_URL="+url, "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b", "NO_PROXY=127.0.0.1")
	in := expect.Value(cmd.StdinPipe())(t)
	out := expect.Value(cmd.StdoutPipe())(t)
	p := &writerProcess{cmd: cmd, in: in, out: bufio.NewScanner(out), err: &bytes.Buffer{}}
	cmd.Stderr = p.err
	expect.OK(t, cmd.Start())
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	return p
}

func (p *writerProcess) begin(t *testing.T, round, updates int) {
	t.Helper()
	expect.Value(fmt.Fprintln(p.in, round, updates))(t)
}

// calls waits until the process was told that its update is safe.
func (p *writerProcess) calls(t *testing.T) int {
	t.Helper()
	if !p.out.Scan() {
		t.Fatalf("a process ended: %v: %s", p.cmd.Wait(), p.err)
	}
	made := expect.Value(strconv.Atoi(p.out.Text()))(t)
	return made
}

// mostUpdates is how many images each process has.
const mostUpdates = 5

// ledgerWriter is the command of one process: for each round that it reads it updates
// images of its own, and with each one that all of them pin, and prints how many calls
// that took.
func ledgerWriter() {
	aws, err := cloud.New(context.Background(), cloud.Options{})
	if err != nil {
		fail(err)
	}
	l := &ledger.Ledger{Store: aws.At(cloud.Place{}).Parameters()}
	number, err := strconv.Atoi(os.Args[1])
	if err != nil {
		fail(err)
	}
	g := ledger.Group{
		Parameter: contended, Environment: "dev", Form: ledger.FormTag,
		Images: map[tagboat.ImageName]tagboat.Reference{"shared": {Repository: "shared"}},
	}
	for update := range mostUpdates {
		g.Images[writersImage(number, update)] = tagboat.Reference{Repository: "own"}
	}
	for {
		var round, updates, calls int
		if _, err := fmt.Scanln(&round, &updates); err != nil {
			return
		}
		for update := range updates {
			receipt, err := l.Update(context.Background(), g, map[tagboat.ImageName]tagboat.Reference{
				writersImage(number, update): {Repository: "own", Tag: strconv.Itoa(round)},
				"shared":                     {Repository: "shared", Tag: os.Args[1] + "-" + strconv.Itoa(round)},
			}, ledger.Why{Actor: os.Args[1]})
			if err != nil {
				fail(err)
			}
			calls += receipt.Calls
		}
		_, _ = fmt.Fprintln(os.Stdout, calls)
	}
}

// contended is the parameter that all processes update.
const contended = "/containers/dev/contended"

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func writersImage(number, update int) tagboat.ImageName {
	return tagboat.ImageName(fmt.Sprintf("image%d-%d", number, update))
}

func storeAt(t *testing.T, url string) ledger.Store {
	t.Helper()
	for name, value := range map[string]string{"AWS_ENDPOINT_URL": url, "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"} {
		t.Setenv(name, value)
	}
	aws := expect.Value(cloud.New(t.Context(), cloud.Options{}))(t)
	return aws.At(cloud.Place{}).Parameters()
}

// callsServed returns how many calls a sandbox was asked.
func callsServed(t *testing.T, url string) int {
	t.Helper()
	answer := expect.Value(http.Get(url + "/_sandbox/calls"))(t)
	defer answer.Body.Close()
	var got counted
	expect.OK(t, json.NewDecoder(answer.Body).Decode(&got))
	return got.Total
}

// order orders a fault.
func order(t *testing.T, url, fault string) {
	t.Helper()
	answer := expect.Value(http.Post(url+"/_sandbox/faults", "application/json", strings.NewReader(fault)))(t)
	defer answer.Body.Close()
	if answer.StatusCode >= http.StatusMultipleChoices {
		t.Fatalf("%s: %s", fault, answer.Status)
	}
}
