package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"sync"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/rollout"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// Function says what the Lambda functions of lifecycle hooks answer. The sandbox runs
// none: without an order each answers SUCCEEDED.
type Function struct {
	Function string `json:"function"` // ARN, or a glob: "*"
	Stage    string `json:"stage"`    // a lifecycle stage, or a glob; "" means all
	Status   string `json:"status"`   // SUCCEEDED, FAILED or IN_PROGRESS
	CallBack string `json:"callBack"` // after IN_PROGRESS, by the sandbox's clock; "" means 30s
	Count    int    `json:"count"`    // how many calls it answers before it is over; 0 means no end
	Calls    int    `json:"calls"`    // how many it has answered
}

func (f Function) check() error {
	_, badName := path.Match(f.Function, "")
	_, badStage := path.Match(f.Stage, "")
	switch {
	case f.Function == "":
		return fmt.Errorf("function is missing: it is an ARN or a glob such as *")
	case badName != nil || badStage != nil:
		return fmt.Errorf("function %q or stage %q is not a glob", f.Function, f.Stage)
	case f.Status != "SUCCEEDED" && f.Status != "FAILED" && f.Status != "IN_PROGRESS":
		return fmt.Errorf("status %q is not SUCCEEDED, FAILED or IN_PROGRESS", f.Status)
	case f.Count < 0:
		return fmt.Errorf("count %d is negative", f.Count)
	}
	_, err := f.delay()
	return err
}

func (f Function) delay() (time.Duration, error) {
	if f.CallBack == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(f.CallBack)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("callBack %q is not a duration such as 30s", f.CallBack)
	}
	return d, nil
}

func (f Function) answers(call rollout.HookCall) bool {
	name, _ := path.Match(f.Function, call.Target) // both were checked when it was ordered
	stage, _ := path.Match(f.Stage, call.Stage)
	return name && (stage || f.Stage == "") && (f.Count == 0 || f.Calls < f.Count)
}

// functions is the answers in force. The zero value has none. It may be used
// concurrently.
type functions struct {
	mu  sync.Mutex
	all []*Function
}

// CallHook answers as the first order says that is for this call.
func (l *functions) CallHook(_ wire.Scope, call rollout.HookCall) rollout.HookAnswer {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, f := range l.all {
		if f.answers(call) {
			f.Calls++
			delay, _ := f.delay()
			return rollout.HookAnswer{Status: f.Status, CallBack: delay}
		}
	}
	return rollout.HookAnswer{Status: "SUCCEEDED"}
}

func (l *functions) order(f Function) error {
	if err := f.check(); err != nil {
		return err
	}
	f.Calls = 0
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, &f)
	return nil
}

func (l *functions) list(w http.ResponseWriter, _ *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make([]Function, 0, len(l.all))
	for _, f := range l.all {
		all = append(all, *f)
	}
	writeJSON(w, http.StatusOK, map[string]any{"functions": all})
}

func (l *functions) clear(w http.ResponseWriter, _ *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = nil
	w.WriteHeader(http.StatusNoContent)
}

func (l *functions) post(w http.ResponseWriter, r *http.Request) {
	var f Function
	if err := readOrder(w, r, &f, func() error { return l.order(f) }); err == nil {
		l.list(w, r)
	}
}

// readOrder reads the body of an order strictly and carries it out; what is wrong is
// answered and returned.
func readOrder(w http.ResponseWriter, r *http.Request, order any, carryOut func() error) error {
	body := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20))
	body.DisallowUnknownFields()
	err := body.Decode(order)
	if err == nil {
		err = carryOut()
	}
	if err != nil {
		writeJSON(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
	}
	return err
}
