package sandbox

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/cloudformation"
	"github.com/tagboat/tagboat/internal/sandbox/ecs"
)

// controlHandler serves what the sandbox has and AWS has not.
func (s *Server) controlHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /_sandbox/health", s.health)
	mux.HandleFunc("GET /_sandbox/calls", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, s.calls.snapshot())
	})
	mux.HandleFunc("DELETE /_sandbox/calls", func(w http.ResponseWriter, _ *http.Request) {
		s.calls.reset()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET /_sandbox/faults", s.listFaults)
	mux.HandleFunc("POST /_sandbox/faults", s.orderFault)
	mux.HandleFunc("DELETE /_sandbox/faults", func(w http.ResponseWriter, _ *http.Request) {
		s.faults.clear()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET /_sandbox/events", s.showEvents)
	mux.HandleFunc("DELETE /_sandbox/events", s.forgetEvents)
	mux.HandleFunc("POST /_sandbox/clock", s.moveClock)
	mux.HandleFunc("POST /_sandbox/harm", s.harm)
	mux.HandleFunc("DELETE /_sandbox/harm", s.endHarm)
	mux.HandleFunc("GET /_sandbox/functions", s.listFunctions)
	mux.HandleFunc("POST /_sandbox/functions", s.orderFunction)
	mux.HandleFunc("PUT "+cloudformation.ResponsePath+"{id}", s.respond)
	mux.HandleFunc("DELETE /_sandbox/functions", s.functions.clear)
	return mux
}

// showEvents answers what became of events.
func (s *Server) showEvents(w http.ResponseWriter, r *http.Request) {
	if s.events == nil {
		http.NotFound(w, r)
		return
	}
	writeJSON(w, http.StatusOK, s.events.Report())
}

// forgetEvents begins to count events anew.
func (s *Server) forgetEvents(w http.ResponseWriter, r *http.Request) {
	if s.events == nil {
		http.NotFound(w, r)
		return
	}
	s.events.ResetReport()
	w.WriteHeader(http.StatusNoContent)
}

// moveClock moves the sandbox's clock forward, and answers what /_sandbox/health does.
func (s *Server) moveClock(w http.ResponseWriter, r *http.Request) {
	var order struct {
		Forward string `json:"forward"` // by how much: 2h
	}
	err := readOrder(w, r, &order, func() error {
		by, err := time.ParseDuration(order.Forward)
		if err != nil || by <= 0 {
			return fmt.Errorf("forward %q is not a duration such as 2h", order.Forward)
		}
		moved, ok := s.clock.(interface{ Advance(by time.Duration) })
		if !ok {
			return fmt.Errorf("this clock cannot be moved")
		}
		moved.Advance(by)
		return nil
	})
	if err == nil {
		s.health(w, r)
	}
}

// harm answers the ARNs of the tasks that it met.
func (s *Server) harm(w http.ResponseWriter, r *http.Request) {
	if s.ecs == nil {
		http.NotFound(w, r)
		return
	}
	var h ecs.Harm
	var met []string
	err := readOrder(w, r, &h, func() (err error) {
		h.Account, h.Region = cmp.Or(h.Account, s.config.Account), cmp.Or(h.Region, s.config.Region)
		met, err = s.ecs.Do(h)
		return err
	})
	if err == nil {
		s.dirty.Store(true)
		writeJSON(w, http.StatusOK, map[string]any{"tasks": met})
	}
}

// endHarm ends the harm that goes on.
func (s *Server) endHarm(w http.ResponseWriter, r *http.Request) {
	if s.ecs == nil {
		http.NotFound(w, r)
		return
	}
	s.ecs.Undo()
	s.dirty.Store(true)
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) listFaults(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{"faults": s.faults.list()})
}

func (s *Server) orderFault(w http.ResponseWriter, r *http.Request) {
	var f Fault
	if err := readOrder(w, r, &f, func() error { return s.faults.order(f) }); err != nil {
		return
	}
	if f.Kind == faultStale && s.ecs != nil {
		s.ecs.KeepPast()
	}
	s.listFaults(w, r)
}

// Health is what /_sandbox/health answers.
type Health struct {
	Status   string    `json:"status"` // always "ok"
	Account  string    `json:"account"`
	Region   string    `json:"region"`
	Now      time.Time `json:"now"` // by the sandbox's clock
	Speed    float64   `json:"speed"`
	Quotas   string    `json:"quotas"`
	Services []string  `json:"services"`
}

func (s *Server) health(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, Health{
		Status:   "ok",
		Account:  s.config.Account,
		Region:   s.config.Region,
		Now:      s.clock.Now(),
		Speed:    s.config.Speed,
		Quotas:   s.config.Quotas,
		Services: s.serviceNames(),
	})
}

func (s *Server) serviceNames() []string {
	names := make([]string, 0, len(s.services))
	for _, service := range s.services {
		names = append(names, service.Name)
	}
	return names
}

// Operations lists what each service can do, in order of the alphabet.
func (s *Server) Operations() map[string][]string {
	operations := map[string][]string{}
	for _, service := range s.services {
		operations[service.Name] = slices.Sorted(maps.Keys(service.Operations))
	}
	return operations
}

// isFrontPage tells a person with a browser from a client of AWS.
func isFrontPage(r *http.Request) bool {
	return r.URL.Path == "/" && r.Header.Get("Authorization") == "" && (r.Method == http.MethodGet || r.Method == http.MethodHead) &&
		!r.URL.Query().Has("Action") && r.Header.Get("X-Amz-Target") == ""
}

func (s *Server) frontPage(w http.ResponseWriter, r *http.Request) {
	var page strings.Builder
	fmt.Fprintf(&page, "This is the Tagboat sandbox: AWS on localhost, for account %s.\n\nServices: %s\n\nTo use it:\n\n",
		s.config.Account, strings.Join(s.serviceNames(), ", "))
	for _, line := range s.Env("http://" + r.Host) {
		page.WriteString("  export " + line + "\n")
	}
	page.WriteString("\nSee also /_sandbox/health, /_sandbox/calls, /_sandbox/clock, /_sandbox/events, /_sandbox/faults, /_sandbox/harm and /_sandbox/functions.\n")
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, page.String()) // the client is gone if this fails
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	_ = out.Encode(value) // the client is gone if this fails
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
