package proxytest

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Kind is what an order does to a call.
type Kind string

// The kinds of order.
const (
	Drop       Kind = "drop"        // it never arrives, and the connection is reset
	Lose       Kind = "lose"        // it takes effect, and the connection is reset instead of an answer
	Cut        Kind = "cut"         // it takes effect, and the connection breaks in the middle of the answer
	Repeat     Kind = "repeat"      // it is delivered twice in a row; the client gets the first answer
	Echo       Kind = "echo"        // it is answered, and delivered once more at Release
	Hold       Kind = "hold"        // it is delivered at Release, and the client waits for it
	Strand     Kind = "strand"      // the connection is reset at once, and it is delivered at Release
	HoldAnswer Kind = "hold-answer" // it takes effect, and its answer is held until Release
	Delay      Kind = "delay"       // it is delivered after Order.For, while the client waits
	Reorder    Kind = "reorder"     // it is delivered after the next call of the operation
	Stale      Kind = "stale"       // it is answered as the same question was answered before the order
	Rewrite    Kind = "rewrite"     // members of its answer are changed: Order.Edits
	Refuse     Kind = "refuse"      // it never arrives, and is answered with an error: Order.Code
)

var kinds = []Kind{Drop, Lose, Cut, Repeat, Echo, Hold, Strand, HoldAnswer, Delay, Reorder, Stale, Rewrite, Refuse}

// Order says which calls are struck, and what becomes of them. The zero values of all but
// Kind and Operation strike every call of the operation.
type Order struct {
	Kind      Kind
	Operation string // "ecs.UpdateService", or a glob: "ssm.*"
	Name      string // "" takes the operation
	Times     int    // how many calls are struck; 0 means all
	Skip      int    // how many pass before the first one that is struck
	Match     string // only requests with that in their body
	Rate      float64
	Seed      uint64 // of the dice that Rate throws

	For     time.Duration // of Delay
	Code    string        // of Refuse; "" means AccessDeniedException
	Message string        // of Refuse; "" takes what AWS says where a policy lacks the operation
	Edits   []Edit        // of Rewrite
	// Answer changes the body of an answer after Edits; it may be nil. Another kind than
	// Rewrite ignores it.
	Answer func(request, answer []byte) []byte

	released chan struct{}
	passed   chan struct{} // of Reorder: one for each call that may go now
	waiting  int           // of Reorder
	dice     *rand.Rand
	frozen   map[question][]byte // of Stale
}

// prepare fills in what is left out and refuses what makes no sense.
func (o *Order) prepare() error {
	if o.Name == "" {
		o.Name = o.Operation
	}
	_, err := path.Match(o.Operation, "")
	switch {
	case !slices.Contains(kinds, o.Kind):
		return fmt.Errorf("%q is none of %q", o.Kind, kinds)
	case o.Operation == "" || err != nil:
		return fmt.Errorf("%q is neither an operation nor a glob", o.Operation)
	case o.Kind == Delay && o.For <= 0:
		return errors.New("delay needs for=DURATION")
	case o.Kind == Rewrite && len(o.Edits) == 0 && o.Answer == nil:
		return errors.New("rewrite needs PATH:=JSON or PATH:-")
	}
	o.released, o.passed, o.frozen = make(chan struct{}), make(chan struct{}), map[question][]byte{}
	o.dice = rand.New(rand.NewPCG(o.Seed, 0))
	return nil
}

// wants reports whether a call is struck, and counts it.
func (o *Order) wants(operation string, body []byte) bool {
	if !matches(o.Operation, operation) || !bytes.Contains(body, []byte(o.Match)) || o.Times < 0 {
		return false
	}
	if o.Kind == Reorder && o.waiting > 0 { // this is the one that goes before
		return false
	}
	if o.Rate > 0 && o.dice.Float64() >= o.Rate {
		return false
	}
	if o.Skip > 0 {
		o.Skip--
		return false
	}
	if o.Times > 0 {
		if o.Times--; o.Times == 0 {
			o.Times = -1
		}
	}
	if o.Kind == Reorder {
		o.waiting++
	}
	return true
}

// carry does the call and returns what its client gets; nil resets the connection.
func (x *exchange) carry() *answer {
	o := x.order
	if o == nil {
		return x.pass()
	}
	p := x.proxy
	switch o.Kind {
	case Drop:
		return nil
	case Lose:
		x.deliver()
		return nil
	case Cut:
		return x.deliver().broken()
	case Repeat:
		first := x.deliver()
		x.deliver()
		return first
	case Echo:
		first := x.deliver()
		go x.later()
		return first
	case Strand:
		go x.later()
		return nil
	case Hold:
		if !p.wait(o.released) {
			return nil
		}
		return x.deliver()
	case HoldAnswer:
		got := x.deliver()
		p.wait(o.released)
		return got
	case Delay:
		return x.delayed()
	case Reorder:
		if !x.overtaken() {
			return nil
		}
		return x.deliver()
	case Stale:
		return x.stale()
	case Rewrite:
		return x.rewritten()
	case Refuse:
		return x.refused()
	}
	panic("proxytest: no such kind: " + string(o.Kind)) // prepare lets none in
}

// later delivers the call once the order is released.
func (x *exchange) later() {
	if x.proxy.wait(x.order.released) {
		x.deliver()
	}
}

// pass delivers a call that no order strikes, and lets one go that waits to be overtaken
// by it.
func (x *exchange) pass() *answer {
	got := x.deliver()
	p := x.proxy
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, o := range p.orders {
		if o.waiting > 0 && matches(o.Operation, x.operation) {
			o.waiting--
			close(o.passed)
			o.passed = make(chan struct{})
		}
	}
	return got
}

// overtaken waits for the next call of the operation.
func (x *exchange) overtaken() bool {
	p := x.proxy
	p.mu.Lock()
	passed := x.order.passed
	p.mu.Unlock()
	select {
	case <-passed:
	case <-x.order.released:
	case <-p.over:
		return false
	}
	return true
}

func (x *exchange) delayed() *answer {
	timer := time.NewTimer(x.order.For)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-x.order.released:
	case <-x.proxy.over:
		return nil
	}
	return x.deliver()
}

// stale answers what the question was answered before the order struck it first. A
// question that was never asked is asked now, and its answer stays.
func (x *exchange) stale() *answer {
	p, o, q := x.proxy, x.order, ask(x.operation, x.body)
	p.mu.Lock()
	if o.frozen[q] == nil {
		o.frozen[q] = p.before[q]
	}
	old := o.frozen[q]
	p.mu.Unlock()
	if old != nil {
		header := http.Header{"Content-Type": x.request.Header.Values("Content-Type")}
		return &answer{status: http.StatusOK, header: header, body: old}
	}
	got := x.deliver()
	if got != nil && got.status == http.StatusOK {
		p.mu.Lock()
		o.frozen[q] = got.body
		p.mu.Unlock()
	}
	return got
}

func (x *exchange) rewritten() *answer {
	got := x.deliver()
	if got == nil || got.status != http.StatusOK {
		return got
	}
	changed, err := edit(got.body, x.order.Edits)
	if err != nil { // the client reports it, which ends the test
		return x.failed(http.StatusBadRequest, "ProxytestCannotRewrite", err.Error())
	}
	if x.order.Answer != nil {
		changed = x.order.Answer(x.body, changed)
	}
	return &answer{status: got.status, header: got.header, body: changed}
}

func (x *exchange) refused() *answer {
	code, message := x.order.Code, x.order.Message
	if code == "" {
		code = "AccessDeniedException"
	}
	if message == "" {
		service, operation, _ := strings.Cut(x.operation, ".")
		action := service + ":" + operation
		message = "User: arn:aws:iam::123456789012:user/ci is not authorized to perform: " + action +
			" on resource: * because no identity-based policy allows the " + action + " action"
	}
	return x.failed(http.StatusBadRequest, code, message)
}

// failed is an error in the protocol that the client speaks.
func (x *exchange) failed(status int, code, message string) *answer {
	if x.request.Header.Get("X-Amz-Target") != "" {
		body, _ := json.Marshal(map[string]string{"__type": code, "message": message}) // strings can be encoded
		return &answer{status: status, header: http.Header{"Content-Type": {"application/x-amz-json-1.1"}}, body: body}
	}
	var text bytes.Buffer
	_ = xml.EscapeText(&text, []byte(message)) // a buffer takes everything
	body := "<ErrorResponse><Error><Type>Sender</Type><Code>" + code + "</Code><Message>" + text.String() + "</Message></Error></ErrorResponse>"
	return &answer{status: status, header: http.Header{"Content-Type": {"text/xml"}}, body: []byte(body)}
}

func (a *answer) broken() *answer {
	if a != nil {
		a.cut = true
	}
	return a
}

// question is a call by what it asks.
type question struct{ operation, body string }

// ask returns the question of a call. What else is to be included in its answer is no
// part of it.
func ask(operation string, body []byte) question {
	var members map[string]any
	if json.Unmarshal(body, &members) != nil {
		return question{operation, string(body)}
	}
	delete(members, "include")
	plain, _ := json.Marshal(members) // what was JSON can be encoded
	return question{operation, string(plain)}
}

func matches(glob, operation string) bool {
	ok, err := path.Match(glob, operation)
	return ok && err == nil
}

// Parse reads an order of a story: KIND OPERATION [TIMES] [OPTION=VALUE...] [EDIT...]. The
// options are name, skip, match, rate, seed, for, code and message; an edit is PATH:=JSON
// or PATH:-.
func Parse(words []string) (Order, error) {
	if len(words) < 2 {
		return Order{}, errors.New("an order is KIND OPERATION [TIMES] [OPTION=VALUE...] [PATH:=JSON...] [PATH:-...]")
	}
	o := Order{Kind: Kind(words[0]), Operation: words[1]}
	for i, word := range words[2:] {
		if n, err := strconv.Atoi(word); err == nil && i == 0 {
			o.Times = n
			continue
		}
		if err := o.option(word); err != nil {
			return Order{}, fmt.Errorf("%s: %w", word, err)
		}
	}
	return o, nil
}

func (o *Order) option(word string) (err error) {
	if e, ok, err := parseEdit(word); ok || err != nil {
		o.Edits = append(o.Edits, e)
		return err
	}
	name, value, _ := strings.Cut(word, "=")
	switch name {
	case "name":
		o.Name = value
	case "match":
		o.Match = value
	case "code":
		o.Code = value
	case "message":
		o.Message = value
	case "skip":
		o.Skip, err = strconv.Atoi(value)
	case "rate":
		o.Rate, err = strconv.ParseFloat(value, 64)
	case "seed":
		o.Seed, err = strconv.ParseUint(value, 10, 64)
	case "for":
		o.For, err = time.ParseDuration(value)
	default:
		err = errors.New("no such option")
	}
	return err
}
