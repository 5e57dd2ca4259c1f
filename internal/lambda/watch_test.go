package lambda_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/casetest"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/customresource"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/lambda"
	"github.com/tagboat/tagboat/internal/sandbox"
	"github.com/tagboat/tagboat/internal/sandbox/sandboxtest"
	"github.com/tagboat/tagboat/internal/watch"
	"github.com/tagboat/tagboat/internal/watch/hint"
)

// function is one as it is when Lambda has just started it.
func function(w *apptest.World, log *bytes.Buffer, wrap ...func(http.RoundTripper) http.RoundTripper) *lambda.Function {
	logger := slog.New(slog.NewJSONHandler(log, nil))
	return &lambda.Function{
		Resources: &customresource.Handler{}, Log: logger,
		Watching: &lambda.Watching{Open: func(context.Context) (*watch.Watcher, error) {
			watcher := w.Open(wrap...).Watcher()
			watcher.Log = logger
			return watcher, nil
		}},
	}
}

// batch is an event of messages.
func batch(messages ...apptest.Received) []byte {
	type attributes struct{ ApproximateReceiveCount string }
	type record struct {
		ID         string     `json:"messageId"`
		Source     string     `json:"eventSource"`
		Body       string     `json:"body"`
		Attributes attributes `json:"attributes"`
	}
	var all []record
	for _, m := range messages {
		all = append(all, record{m.ID, "aws:sqs", m.Body, attributes{m.Count}})
	}
	text, _ := json.Marshal(map[string]any{"Records": all})
	return text
}

// pushed is an event of a push.
func pushed(repository string) string {
	return fmt.Sprintf(`{"version":"0","id":"1","detail-type":"ECR Image Action","source":"aws.ecr","account":"123456789012","time":"2026-01-01T00:00:00Z",`+
		`"region":"us-east-1","resources":[],"detail":{"result":"SUCCESS","repository-name":%q,"action-type":"PUSH","image-tag":"v1"}}`, repository)
}

const scheduled = `{"version":"0","id":"1","detail-type":"Scheduled Event","source":"aws.events","account":"123456789012","time":"2026-01-01T00:00:00Z",` +
	`"region":"us-east-1","resources":["arn:aws:events:us-east-1:123456789012:rule/each-minute"],"detail":{}}`

// TestRealEventsAreAnswered invokes the function with events that were seen in public, each a folder
// of testdata/events with its date and place in the file source. Where no stage says auto they are
// refused: a rule of EventBridge that is pointed at the function by mistake changes nothing.
func TestRealEventsAreAnswered(t *testing.T) {
	casetest.Each(t, "testdata/events/*/event.json", func(t *testing.T, file string) {
		event, err := os.ReadFile(file)
		if err != nil || !json.Valid(event) {
			t.Fatal(err)
		}
		for _, stages := range []string{"", "[{name: dev}, {name: staging}, {name: prod}]"} {
			apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
				apptest.Family{Stages: stages}.Open(w)
				var log bytes.Buffer
				_, err := function(w, &log).Invoke(w.Context(), event)
				if stages == "" {
					expect.OK(w, err)
				} else if tagboat.KindOf(err) != tagboat.Usage || !strings.Contains(log.String(), "no stage of tagboat.yaml says auto") {
					w.Errorf("the error is %v, the log %s", err, log.String())
				}
			})
		}
	})
}

// TestBatch: of messages those are answered that are to come again, and no others.
func TestBatch(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		apptest.Family{Services: []string{"api", "web"}}.Open(w)
		w.Push("shop/api:v1")
		w.Push("shop/web:v1")
		var log bytes.Buffer
		down := false
		f := function(w, &log, func(next http.RoundTripper) http.RoundTripper {
			return roundTrip(func(r *http.Request) (*http.Response, error) {
				if down && strings.HasPrefix(r.URL.Path, "/v2/") {
					return nil, sandboxtest.ErrReset
				}
				return next.RoundTrip(r)
			})
		})
		invoke := func(bodies ...string) string {
			var messages []apptest.Received
			for i, body := range bodies {
				messages = append(messages, apptest.Received{ID: fmt.Sprint("m", i), Body: body, Count: "1"})
			}
			begun := time.Now()
			answer, err := f.Invoke(w.Context(), batch(messages...))
			if took := time.Since(begun); err != nil || took > time.Minute {
				w.Errorf("after %s: %v", took, err)
			}
			return string(answer)
		}
		expect.Equal(w, `{"batchItemFailures":[]}`, invoke(pushed("shop/web"), "nonsense", `{"source":"x","detail-type":"y"}`))
		expect.Equal(w, "v1", w.Pinned("web").Tag)
		w.Later(5 * time.Minute)
		expect.Equal(w, `{"batchItemFailures":[]}`, invoke(pushed("shop/web")))
		w.Push("shop/web:v2")
		down = true
		expect.Equal(w, `{"batchItemFailures":[{"itemIdentifier":"m1"}]}`, invoke(pushed("shop/else"), pushed("shop/web"), "nonsense"))
		if !strings.Contains(log.String(), `"msg":"a message failed and comes again","message":"m1","received":"1","error":"`) {
			w.Error(log.String())
		}
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestSweepsNowAndThen: a schedule has everything looked at that events missed, and not each time.
func TestSweepsNowAndThen(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		apptest.Family{}.Open(w)
		w.Push("shop/web:v1")
		f := function(w, &bytes.Buffer{})
		tick := func() int {
			before := w.Calls("")
			expect.OK(w, expect.Err(f.Invoke(w.Context(), []byte(scheduled))))
			return w.Calls("") - before
		}
		tick()
		expect.Equal(w, "v1", w.Pinned("web").Tag)
		w.Later(10 * time.Minute)
		few := tick()
		w.Push("shop/web:v2")
		few = max(few, tick())
		expect.Equal(w, "v1", w.Pinned("web").Tag)
		w.Later(6 * time.Minute)
		if many := tick(); many <= few {
			w.Errorf("a sweep took %d calls, a tick %d", many, few)
		}
		expect.Equal(w, "v2", w.Pinned("web").Tag)
	})
}

// TestRolloutGoesOnFromEventToEvent follows rollouts of twenty minutes through calls of which none takes
// a minute. Each is a new process, every third one is killed after a few calls of AWS, and two get
// events at the same time.
func TestRolloutGoesOnFromEventToEvent(t *testing.T) {
	apptest.Run(t, sandbox.Config{Quotas: "off"}, func(w *apptest.World) {
		apptest.Family{Services: []string{"api", "web"}}.Open(w)
		f := fleet{w: w, inbox: w.Inbox(50), stop: make(chan struct{})}
		var all sync.WaitGroup
		all.Go(f.schedule)
		for range 2 {
			all.Go(f.poll)
		}
		w.Push("shop/api:v1")
		w.Push("shop/web:v1")
		w.Later(time.Hour)
		expect.Equal(w, map[string]int{"ecs.CreateService": 12}, changes(w))
		w.Push("shop/web:v2", "start=20m")
		w.Later(3 * time.Hour)
		expect.Equal(w, map[string]int{"ecs.CreateService": 12, "ecs.UpdateService": 6}, changes(w))
		for _, env := range []tagboat.EnvName{"dev", "staging", "prod", "mb-dev", "mb-staging", "mb-prod"} {
			number, how, _ := strings.Cut(last(w, env), " ") // a number is left out where the call that took it was killed
			if how != "done" || number == "1" {
				w.Errorf("%s: release %s is %s", env, number, how)
			}
		}
		close(f.stop)
		all.Wait()
		w.Later(time.Minute)
		if waiting, dead := f.inbox.Left(); waiting != 0 || dead != 0 {
			w.Errorf("%d messages wait, %d are dead", waiting, dead)
		}
		if f.killed.Load() < 10 {
			w.Errorf("%d of %d calls were killed", f.killed.Load(), f.calls.Load())
		}
	})
}

// fleet is Lambda, calling a function by a schedule and with the messages of a queue.
type fleet struct {
	w             *apptest.World
	inbox         apptest.Inbox
	stop          chan struct{}
	calls, killed atomic.Int64
}

// invoke calls a new process. It returns false where that was killed.
func (f *fleet) invoke(event []byte) ([]byte, bool) {
	n := f.calls.Add(1)
	left := int64(1 << 30)
	if n%3 == 0 {
		left = n % 37
	}
	dies := func(next http.RoundTripper) http.RoundTripper {
		return roundTrip(func(r *http.Request) (*http.Response, error) {
			if atomic.AddInt64(&left, -1) < 0 {
				return nil, sandboxtest.ErrReset
			}
			return next.RoundTrip(r)
		})
	}
	begun := time.Now()
	var log bytes.Buffer
	answer, err := function(f.w, &log, dies).Invoke(f.w.Context(), event)
	f.w.Logf("%d %s %d %v\n%s", n, time.Since(begun), atomic.LoadInt64(&left), err, log.String())
	if atomic.LoadInt64(&left) < 0 {
		f.killed.Add(1)
		return nil, false
	}
	if took := time.Since(begun); took > time.Minute {
		f.w.Errorf("call %d took %s", n, took)
	}
	if err != nil && !errors.Is(err, hint.ErrUndone) {
		f.w.Errorf("call %d ended with %v", n, err)
	}
	return answer, err == nil
}

func (f *fleet) stopped() bool {
	select {
	case <-f.stop:
		return true
	case <-time.After(time.Second):
		return false
	}
}

// schedule calls each minute.
func (f *fleet) schedule() {
	for !f.stopped() {
		f.invoke([]byte(scheduled))
		f.w.Later(59 * time.Second)
	}
}

// poll calls with the messages of the queue, and deletes those that are done with.
func (f *fleet) poll() {
	for !f.stopped() {
		messages := f.inbox.Receive()
		if len(messages) == 0 {
			continue
		}
		answer, ok := f.invoke(batch(messages...))
		for _, m := range messages {
			if ok && !strings.Contains(string(answer), m.ID) {
				f.inbox.Delete(m)
			}
		}
	}
}

// changes counts the calls that change services.
func changes(w *apptest.World) map[string]int {
	counted := map[string]int{}
	for _, operation := range []string{"ecs.CreateService", "ecs.UpdateService"} {
		if n := w.Calls(operation); n > 0 {
			counted[operation] = n
		}
	}
	return counted
}

// last returns the release that an environment got last, and how that ended.
func last(w *apptest.World, env tagboat.EnvName) string {
	w.Helper()
	a := w.Open()
	books := expect.Value(a.Fleet.Books(w.Context(), []config.Environment{a.Config.Environments[env]}))(w)
	had := expect.Value(books[env].Promotions(env))(w)
	if had.Active != nil || len(had.Trail) == 0 {
		return fmt.Sprintf("active %+v", had.Active)
	}
	p := had.Trail[len(had.Trail)-1]
	if p.Failed {
		return p.Name + " failed"
	}
	return p.Name + " done"
}
