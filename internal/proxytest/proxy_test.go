package proxytest_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/proxytest"
)

// aws answers each call with how many it has had, and remembers their bodies.
type aws struct {
	mu   sync.Mutex
	had  []string
	fail bool
}

func (a *aws) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.had = append(a.had, string(body))
	if a.fail {
		panic(http.ErrAbortHandler)
	}
	fmt.Fprintf(w, `{"n":%d,"list":[{"a":1,"b":"x"},{"a":2}]}`, len(a.had))
}

func (a *aws) bodies() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return strings.Join(a.had, " ")
}

// call makes a call and returns its answer's body; "reset" where there was none.
func call(p *proxytest.Proxy, operation, body string) (answer string) {
	defer func() {
		if recover() != nil {
			answer = "reset"
		}
	}()
	service, name, _ := strings.Cut(operation, ".")
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AK/20260101/us-east-1/"+service+"/aws4_request, SignedHeaders=host")
	r.Header.Set("X-Amz-Target", "Target."+name)
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	return w.Body.String()
}

func TestOrders(t *testing.T) {
	const list = `,"list":[{"a":1,"b":"x"},{"a":2}]}`
	for _, c := range []struct {
		name, order string
		calls       string   // the bodies of the calls, one after the other
		answers     []string // without the list
		landed      string
	}{
		{"an order of another operation", "drop ecs.B", "1 2", []string{"1", "2"}, "1 2"},
		{"drop", "drop ecs.A 1", "1 2", []string{"reset", "1"}, "2"},
		{"lose", "lose ecs.A 1", "1 2", []string{"reset", "2"}, "1 2"},
		{"skip", "lose ecs.* 1 skip=1", "1 2 3", []string{"1", "reset", "3"}, "1 2 3"},
		{"match", "drop ecs.A match=2", "1 2 3", []string{"1", "reset", "2"}, "1 3"},
		{"repeat", "repeat ecs.A 1", "1 2", []string{"1", "3"}, "1 1 2"},
		{"the same dice", "drop ecs.A rate=0.5 seed=3", "1 2 3 4", []string{"1", "reset", "2", "reset"}, "1 3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			behind := &aws{}
			p := proxytest.New(behind)
			order(t, p, c.order)
			var answers []string
			for body := range strings.FieldsSeq(c.calls) {
				answers = append(answers, strings.TrimPrefix(strings.TrimSuffix(call(p, "ecs.A", body), list), `{"n":`))
			}
			if diff := cmp.Diff(c.answers, answers); diff != "" || behind.bodies() != c.landed {
				t.Errorf("%s landed, not %s: %s", behind.bodies(), c.landed, diff)
			}
		})
	}
}

func order(t *testing.T, p *proxytest.Proxy, words ...string) {
	t.Helper()
	if len(words) == 1 {
		words = strings.Fields(words[0])
	}
	o, err := proxytest.Parse(words)
	if err == nil {
		err = p.Order(o)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestAnswersAreRewritten(t *testing.T) {
	for _, c := range []struct{ edits, answer string }{
		{`n:="x"`, `{"list":[{"a":1,"b":"x"},{"a":2}],"n":"x"}`},
		{`list.*.a:=7`, `{"list":[{"a":7,"b":"x"},{"a":7}],"n":1}`},
		{`list.1.b:=null new:=[1]`, `{"list":[{"a":1,"b":"x"},{"a":2,"b":null}],"n":1,"new":[1]}`},
		{`list.0:- n:-`, `{"list":[{"a":2}]}`},
		{`list.*.a:- no.where:=1`, `{"list":[{"b":"x"},{}],"n":1}`},
	} {
		p := proxytest.New(&aws{})
		order(t, p, "rewrite ecs.A "+c.edits)
		expect.EqualIn(t, c.edits, c.answer, call(p, "ecs.A", "{}"))
	}
}

func TestARefusalIsAsAWSWordsIt(t *testing.T) {
	behind := &aws{}
	p := proxytest.New(behind)
	order(t, p, "refuse ecs.ListTasks")
	if got := call(p, "ecs.ListTasks", "{}"); !strings.Contains(got, `"__type":"AccessDeniedException"`) || !strings.Contains(got, "not authorized to perform: ecs:ListTasks") {
		t.Errorf("refused with %s", got)
	}
	expect.EqualIn(t, "it arrived", "", behind.bodies())
}

func TestStaleAnswersAreOfTheSameQuestion(t *testing.T) {
	p := proxytest.New(&aws{})
	first, other := call(p, "ecs.A", `{"of":1}`), call(p, "ecs.A", `{"of":2,"include":["TAGS"]}`)
	order(t, p, "stale ecs.A 3")
	expect.Equal(t, first, call(p, "ecs.A", `{"of":1}`))
	expect.Equal(t, other, call(p, "ecs.A", `{"of":2}`))
	if fresh := call(p, "ecs.A", `{"of":3}`); fresh == first || fresh == other {
		t.Errorf("a question that is new is answered %s", fresh)
	}
	if got := call(p, "ecs.A", `{"of":1}`); got == first {
		t.Errorf("after the order it is still %s", got)
	}
}

func TestWhatIsHeldLandsAtRelease(t *testing.T) {
	for _, c := range []struct{ kind, before, after, client string }{
		{"hold", "", "late", "answered"},
		{"strand", "", "late", "reset"},
		{"hold-answer", "late", "late", "answered"},
		{"echo", "late", "late late", "answered"},
		{"delay", "", "late", "answered"},
		{"reorder", "", "late", "answered"},
	} {
		t.Run(c.kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				behind := &aws{}
				p := proxytest.New(behind)
				order(t, p, c.kind+" ecs.A 1 name=slow for=1m")
				var answer string
				go func() { answer = call(p, "ecs.A", "late") }()
				expect.OK(t, p.Await(t.Context(), "slow", 1))
				synctest.Wait()
				if behind.bodies() != c.before {
					t.Errorf("before it was released %q landed", behind.bodies())
				}
				expect.OK(t, p.Release("slow"))
				synctest.Wait()
				if behind.bodies() != c.after {
					t.Errorf("in the end %q landed", behind.bodies())
				}
				if (answer == "reset") != (c.client == "reset") || answer == "" {
					t.Errorf("the client got %q", answer)
				}
			})
		})
	}
}

func TestADelayedCallLandsByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start, p := time.Now(), proxytest.New(&aws{})
		order(t, p, "delay ecs.A for=1m")
		if call(p, "ecs.A", "x"); time.Since(start) != time.Minute {
			t.Errorf("it took %s", time.Since(start))
		}
	})
}

func TestReorderedCallsChangePlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		behind := &aws{}
		p := proxytest.New(behind)
		order(t, p, "reorder ecs.A 1")
		go call(p, "ecs.A", "first")
		synctest.Wait()
		call(p, "ecs.B", "another")
		call(p, "ecs.A", "second")
		synctest.Wait()
		expect.EqualIn(t, "landed as", "another second first", behind.bodies())
	})
}

func TestWhatIsHeldAtTheEndNeverLands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		behind := &aws{}
		p := proxytest.New(behind)
		order(t, p, "hold ecs.A")
		go call(p, "ecs.A", "x")
		synctest.Wait()
		p.Close()
		synctest.Wait()
		if got := behind.bodies(); got != "" {
			t.Errorf("%s landed", got)
		}
	})
}

func TestCallsAreCounted(t *testing.T) {
	p := proxytest.New(&aws{})
	order(t, p, "drop ecs.A 1")
	order(t, p, "repeat ecs.A 1 name=twice")
	call(p, "ecs.A", "1")
	call(p, "ecs.A", "2")
	call(p, "ecs.B", "3")
	want := []proxytest.Call{
		{Operation: "ecs.A", Body: []byte("1"), Order: "ecs.A"},
		{Operation: "ecs.A", Body: []byte("2"), Order: "twice", Landed: 2},
		{Operation: "ecs.B", Body: []byte("3"), Landed: 1},
	}
	expect.Equal(t, want, p.Calls("*"))
	if err := p.AwaitLanded(t.Context(), "ecs.*", 3); err != nil {
		t.Error(err)
	}
}

func TestAResetBehindTheProxyReachesTheClient(t *testing.T) {
	p := proxytest.New(&aws{fail: true})
	expect.EqualIn(t, "the client got", "reset", call(p, "ecs.A", "1"))
}

func TestOrdersThatMakeNoSense(t *testing.T) {
	for _, words := range []string{
		"drop", "vanish ecs.A", "drop [", "delay ecs.A", "rewrite ecs.A", "drop ecs.A often=yes", "drop ecs.A skip=x", "rewrite ecs.A a:={",
	} {
		o, err := proxytest.Parse(strings.Fields(words))
		if err == nil {
			err = proxytest.New(nil).Order(o)
		}
		if err == nil {
			t.Errorf("%q is taken", words)
		}
	}
}
