package sandbox

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"path"
	"sync"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/cloudformation"
	"github.com/tagboat/tagboat/internal/sandbox/rollout"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// Function says what the Lambda functions of lifecycle hooks and of custom resources answer.
// The sandbox runs none: without an order each hook answers SUCCEEDED, and each request of a
// custom resource waits for an answer at its ResponseURL.
type Function struct {
	Function string `json:"function"` // ARN, or a glob: "*"
	Stage    string `json:"stage"`    // a lifecycle stage, the type of a custom resource, or a glob; "" means all
	Status   string `json:"status"`   // SUCCEEDED, FAILED or IN_PROGRESS

	// Of custom resources.
	PhysicalID string         `json:"physicalResourceId,omitempty"` // "" keeps what there is
	Data       map[string]any `json:"data,omitempty"`               // what Fn::GetAtt answers
	Reason     string         `json:"reason,omitempty"`             // of FAILED

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

// answerResource answers a custom resource's request as the first order says that is for it.
func (l *functions) answerResource(arn, resourceType string) (cloudformation.Answer, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, f := range l.all {
		if !f.answers(rollout.HookCall{Target: arn, Stage: resourceType}) {
			continue
		}
		f.Calls++
		answer := cloudformation.Answer{Status: "SUCCESS", PhysicalResourceID: f.PhysicalID, Data: f.Data}
		if f.Status == "FAILED" {
			answer = cloudformation.Answer{Status: "FAILED", Reason: cmp.Or(f.Reason, "See the details in CloudWatch Log Stream"), PhysicalResourceID: f.PhysicalID}
		}
		return answer, f.Status != "IN_PROGRESS"
	}
	return cloudformation.Answer{}, false
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

func (l *functions) list() []Function {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make([]Function, 0, len(l.all))
	for _, f := range l.all {
		all = append(all, *f)
	}
	return all
}

// listFunctions answers the orders, and the requests of custom resources that wait for an answer.
func (s *Server) listFunctions(w http.ResponseWriter, _ *http.Request) {
	answer := map[string]any{"functions": s.functions.list()}
	if s.stacks != nil {
		if waiting := s.stacks.Requests(); len(waiting) > 0 {
			answer["requests"] = waiting
		}
	}
	writeJSON(w, http.StatusOK, answer)
}

// respond takes the answer to a custom resource's request, as S3 would.
func (s *Server) respond(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil || s.stacks == nil || !s.stacks.Respond(r.PathValue("id"), body) {
		http.Error(w, "no custom resource waits for this answer", http.StatusForbidden)
		return
	}
	s.dirty.Store(true)
}

func (l *functions) clear(w http.ResponseWriter, _ *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = nil
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) orderFunction(w http.ResponseWriter, r *http.Request) {
	var f Function
	if err := readOrder(w, r, &f, func() error { return s.functions.order(f) }); err == nil {
		s.listFunctions(w, r)
	}
}
