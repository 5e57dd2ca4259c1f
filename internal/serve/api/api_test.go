package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/casetest"
	"github.com/tagboat/tagboat/internal/promotion"
	"github.com/tagboat/tagboat/internal/sandbox"
	"github.com/tagboat/tagboat/internal/serve/api"
	"github.com/tagboat/tagboat/internal/serve/board"
	"github.com/tagboat/tagboat/internal/serve/desk"
	"github.com/tagboat/tagboat/internal/serve/door"
)

// server is an API in a world in which release 1 is in dev and staging, and 2 in dev.
type server struct {
	*apptest.World
	api   *api.API
	board *board.Board
	desk  *desk.Desk
}

func story(t *testing.T, tell func(s *server)) {
	t.Helper()
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		apptest.Family{Stages: "[{name: dev, auto: newest}, {name: staging}, {name: prod, gates: {approvals: 1}}]"}.Open(w)
		for i, to := range []tagboat.EnvName{"dev", "staging", "dev"} {
			if to == "dev" {
				w.Push(fmt.Sprintf("shop/web:v%d", i/2+1), "org.opencontainers.image.revision=4f1c9a"+fmt.Sprint(i), "org.opencontainers.image.source=https://github.com/acme/shop")
			}
			release := map[tagboat.EnvName]string{"staging": "1"}[to]
			w.Promote(promotion.Request{Selection: apptest.In(to), Release: release})
		}
		a := w.Open()
		ctx, cancel := context.WithCancel(w.Context())
		environments, err := a.Fleet.Environments(apptest.In("dev", "staging", "prod"))
		if err != nil {
			w.Fatal(err)
		}
		s := &server{World: w, board: board.New(board.Options{Config: a.Config, Environments: environments, Look: a.View.Status, Sweep: time.Hour})}
		s.desk = a.Desk(ctx, s.board, false)
		s.api = api.New(api.Options{Desk: s.desk, Board: s.board})
		ended := make(chan error, 1)
		go func() { ended <- s.board.Run(ctx) }()
		synctest.Wait()
		tell(s)
		s.desk.Close(ctx)
		cancel()
		<-ended
	})
}

var (
	ada  = door.Person{Name: "ada", Role: door.Approver, Token: "t0ken-of-forms"}
	vera = door.Person{Name: "vera", Role: door.Viewer}
)

type request struct {
	as         door.Person
	method     string
	path, body string
	header     map[string]string
}

func (s *server) send(q request) *httptest.ResponseRecorder {
	r := httptest.NewRequest(q.method, "/api/v1"+q.path, strings.NewReader(q.body))
	if q.body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for name, value := range q.header {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	s.api.ServeHTTP(w, r.WithContext(door.With(r.Context(), q.as)))
	return w
}

// What is different each time: ids that somebody made up, and what calls came to.
var random = []struct {
	is *regexp.Regexp
	as string
}{
	{regexp.MustCompile(`"[A-Z2-7]{26}"`), `"ID"`},
	{regexp.MustCompile(`"calls": \{[^{}]*(\{[^{}]*\}[^{}]*)*\}`), `"calls": {}`},
}

// answered is an answer as the golden file has it.
func (s *server) answered(q request) string {
	w := s.send(q)
	var out bytes.Buffer
	fmt.Fprintf(&out, "%s %s", q.method, q.path)
	if q.body != "" {
		fmt.Fprintf(&out, " %s", q.body)
	}
	fmt.Fprintf(&out, "\n%d", w.Code)
	for _, name := range []string{"Allow", "Location"} {
		if value := w.Header().Get(name); value != "" {
			fmt.Fprintf(&out, " %s: %s", name, value)
		}
	}
	out.WriteString("\n")
	if err := json.Indent(&out, w.Body.Bytes(), "", "  "); err != nil {
		fmt.Fprintf(&out, "%s", w.Body)
	}
	text := strings.ReplaceAll(out.String(), s.Dir, "DIR")
	for _, r := range random {
		text = r.is.ReplaceAllString(text, r.as)
	}
	return strings.TrimRight(text, "\n") + "\n\n"
}

// TestAnswers holds whole answers to a golden file: of every path, and of what is refused.
func TestAnswers(t *testing.T) {
	story(t, func(s *server) {
		post := func(path, body string) request { return request{ada, "POST", path, body, nil} }
		var all strings.Builder
		for _, path := range []string{
			"/me", "/status?env=dev&env=staging", "/status?env=dev&at=1m", "/services/staging/web", "/services/dev/web/rollout", "/services/dev/web/explain",
			"/why/staging/web", "/where/v2", "/images", "/images/web?limit=1", "/releases", "/releases/2", "/releases/2/diff?from=1", "/history?env=staging&limit=2", "/operations",
			// what is not there
			"/services/devv/web", "/services/dev/webb", "/why/dev/webb", "/images/webb", "/releases/9", "/operations/none", "/status?env=devv", "/nothing",
			// what makes no sense
			"/status?stages=dev", "/status?at=never", "/history?limit=0", "/history?after=x", "/images/web?limit=many", "/releases/2/diff",
		} {
			all.WriteString(s.answered(request{ada, "GET", path, "", nil}))
		}
		for _, q := range []request{
			{ada, "DELETE", "/status", "", nil}, {ada, "PUT", "/operations", "", nil}, {ada, "POST", "/plans", "", nil},
			{ada, "POST", "/plans", "{}", map[string]string{"Content-Type": "text/plain"}},
			{ada, "GET", "/status", "", map[string]string{"Accept": "text/html"}},
			{ada, "GET", "/events", "", map[string]string{"Accept": "application/json"}},
			post("/plans", `{"actions": []}`), post("/plans", `{"actions": [{"kind": "promote", "surroundings": ["dev"]}]}`), post("/plans", `{"actions": [`), post("/plans", `{"actions": []} {}`),
			post("/plans", "[]"), post("/plans", `{"actions": [{"kind": "hold", "environments": [1]}]}`), post("/plans", `{"actions": [{"kind": "rollback", "environments": ["dev"], "at": "2026-13-01"}]}`),
			post("/plans", `{"actions": [{"kind": "hold", "environments": ["dev"], "message": "the sale"}, {"kind": "unhold", "environments": ["dev"]}]}`),
			{vera, "POST", "/plans", `{"actions": [{"kind": "promote", "environments": ["staging"]}]}`, nil},
			{vera, "POST", "/operations", `{"actions": [{"kind": "promote", "environments": ["staging"]}], "plan": "000000000000.x"}`, nil},
			post("/operations", `{"actions": [{"kind": "promote", "environments": ["staging"]}], "plan": "what was shown"}`),
			post("/plans", `{"actions": [{"kind": "promote", "environments": ["staging"], "release": "2"}]}`),
		} {
			all.WriteString(s.answered(q))
		}
		casetest.Golden(t, "testdata/answers.golden", []byte(all.String()))
	})
}

// TestActing plans, does exactly that, and hears of it until its end; another plan is refused.
func TestActing(t *testing.T) {
	story(t, func(s *server) {
		const actions = `"actions": [{"kind": "promote", "environments": ["staging"], "release": "2", "message": "it is time"}]`
		var dry tagboat.ActionsDocument
		expectJSON(t, 200, s.send(request{ada, "POST", "/plans", "{" + actions + "}", nil}), &dry)
		if refused := s.send(request{ada, "POST", "/operations", fmt.Sprintf(`{"actions": [{"kind": "promote", "environments": ["staging"], "release": "1"}], "plan": %q}`, dry.Plan), nil}); refused.Code != 409 {
			t.Errorf("other actions answer %d %s", refused.Code, refused.Body)
		}
		lines := s.listen()
		begun := s.send(request{ada, "POST", "/operations", fmt.Sprintf(`{%s, "plan": %q}`, actions, dry.Plan), nil})
		var o tagboat.OperationDocument
		expectJSON(t, 202, begun, &o)
		path := "/operations/" + o.ID
		if to := begun.Header().Get("Location"); to != "/api/v1"+path {
			t.Errorf("it is told at %s", to)
		}
		for o.State == tagboat.OperationRunning {
			<-time.After(time.Second)
			expectJSON(t, 200, s.send(request{ada, "GET", path, "", nil}), &o)
		}
		if o.State != tagboat.OperationSucceeded || o.By != "ada" || o.Actions[0].Promotions[0].State != tagboat.PromotionDone {
			t.Errorf("it ended as %+v", o)
		}
		<-time.After(time.Minute)
		heard := lines()
		for _, want := range []string{"event: operation", "event: service", `"operation":"` + o.ID + `"`, `"service":"web"`} {
			if !strings.Contains(heard, want) {
				t.Errorf("the stream does not have %q:\n%s", want, heard)
			}
		}
	})
}

func expectJSON(t *testing.T, status int, w *httptest.ResponseRecorder, to any) {
	t.Helper()
	if w.Code != status {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), to); err != nil {
		t.Fatal(err)
	}
}

// stream is what a client of the stream reads, while it is written.
type streamed struct {
	*httptest.ResponseRecorder
	written chan []byte
}

// Write implements http.ResponseWriter.
func (s streamed) Write(b []byte) (int, error) {
	s.written <- bytes.Clone(b)
	return len(b), nil
}

// listen reads the stream from now on. The function ends it and returns what it said.
func (s *server) listen(header ...string) func() string {
	ctx, cancel := context.WithCancel(s.Context())
	r := httptest.NewRequest(http.MethodGet, "/api/v1/events?after="+url.QueryEscape(s.position()), nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := streamed{httptest.NewRecorder(), make(chan []byte, 1000)}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.api.ServeHTTP(w, r.WithContext(door.With(ctx, vera)))
	}()
	synctest.Wait()
	return func() string {
		cancel()
		<-ended
		close(w.written)
		var all strings.Builder
		for b := range w.written {
			all.Write(b)
		}
		return all.String()
	}
}

func (s *server) position() string {
	tag := s.send(request{vera, "GET", "/status", "", nil}).Header().Get("ETag")
	return strings.TrimSuffix(strings.TrimPrefix(tag, `W/"`), `"`)
}

// TestStream goes on behind the last event, says Reset where it cannot, and gives signs of life.
func TestStream(t *testing.T) {
	story(t, func(s *server) {
		at := s.position()
		lines := s.listen()
		s.board.Operate("one")
		<-time.After(time.Minute)
		first := lines()
		s.board.Operate("two")
		id := regexp.MustCompile(`id: (\S+)\n`).FindStringSubmatch(first)
		if len(id) == 0 || !strings.Contains(first, "event: operation\n") || strings.Count(first, ": \n\n") < 2 || !strings.HasPrefix(first, "retry: 2000\n\n") {
			t.Fatalf("behind %s it said %q", at, first)
		}
		again := s.listen("Last-Event-ID", id[1])()
		if !strings.Contains(again, `"operation":"two"`) || strings.Contains(again, `"operation":"one"`) {
			t.Errorf("behind %s it said %q", id[1], again)
		}
		for _, unknown := range []string{"another-1", "x", id[1] + "9"} {
			if said := s.listen("Last-Event-ID", unknown)(); !strings.Contains(said, "event: reset\n") {
				t.Errorf("behind %s it said %q", unknown, said)
			}
		}
	})
}

// TestConditional answers who has the document already without it.
func TestConditional(t *testing.T) {
	story(t, func(s *server) {
		var got []string
		for _, path := range []string{"/status", "/openapi.yaml"} {
			tag := s.send(request{vera, "GET", path, "", nil}).Header().Get("ETag")
			same := s.send(request{vera, "GET", path, "", map[string]string{"If-None-Match": `"x", ` + tag}})
			other := s.send(request{vera, "GET", path, "", map[string]string{"If-None-Match": `"x"`}})
			got = append(got, fmt.Sprint(path, same.Code, same.Body.Len(), other.Code))
		}
		s.board.Operate("something")
		if diff := cmp.Diff([]string{"/status304 0 200", "/openapi.yaml304 0 200"}, got); diff != "" {
			t.Error(diff)
		}
	})
}

// TestEveryPathIsNamed holds that a name with any character reaches its path as one segment.
func TestEveryPathIsNamed(t *testing.T) {
	story(t, func(s *server) {
		for _, name := range []string{"shop/web", "a b", "a%2Fb", "ü"} {
			w := s.send(request{vera, "GET", "/images/" + url.PathEscape(name), "", nil})
			if w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), `there is no image `) {
				t.Errorf("%s answers %d %s", name, w.Code, w.Body)
			}
		}
	})
}
