// Package rollout is the sandbox's Amazon ECS scheduler: services, their deployments
// and tasks as one state machine without goroutines, timers or I/O. Whoever holds it
// says what time it is; it does everything that is due by then, in order of time,
// and says when it next has something to do. So a server drives it by a clock, a test
// by hand, and a simulation of ten thousand services as fast as it computes.
//
//	API call ──▶ mutate ──▶ Advance(now) ──▶ transitions in order of time ──▶ Next()
//
// The facts that it imitates stand at each function with their source: Amazon's
// documentation where it says something, public captures of real services where it
// does not. What it leaves out: placement constraints and strategies (tasks spread over
// zones and instances), rebalancing of zones, order and dependencies between a task's containers, restart
// policies, early success, the hooks of rolling updates and those that a rollback would
// call again; a service with another deployment controller than ECS's own has no tasks.
//
// What containers do (start, exit, run out of memory, answer a health check, print) is
// for a Runtime to say; package simulated has one that runs nothing.
package rollout

import (
	"container/heap"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"time"
)

// Engine is the scheduler. One goroutine at a time may use it. Every call that takes
// the time first does what is due by then; a time earlier than the last one counts as
// the last one.
//
// The state after a call depends on the seed, the calls, their times and what World and
// Runtime answered, and on nothing else: neither on how often Advance was called between them
// nor on whether the engine was saved and restored.
type Engine struct {
	world      World
	runtime    Runtime
	options    Options
	now        time.Time
	ids        ids
	queue      queue
	services   map[string]*Service  // by ARN
	tasks      map[string]*Task     // by ARN
	specs      map[string]*TaskSpec // by ARN, all that were ever used
	instances  []*Instance          // in order of registration
	hindrances []Hindrance
	roster     uint64 // counts the changes of which services there are
}

// New returns an engine without services, whose containers a runtime runs.
func New(world World, runtime Runtime, options Options) *Engine {
	return &Engine{
		world:    world,
		runtime:  runtime,
		options:  options.withDefaults(),
		ids:      ids{Seed: options.Seed},
		services: map[string]*Service{},
		tasks:    map[string]*Task{},
		specs:    map[string]*TaskSpec{},
	}
}

// Advance does everything that is due by now, in order of time. It costs what
// changes, not what exists.
func (e *Engine) Advance(now time.Time) {
	for len(e.queue) > 0 && !e.queue[0].at.After(now) {
		d := e.queue[0]
		e.now = d.at
		if d.task != nil {
			e.step(d.task)
		} else {
			e.reconcile(d.service)
		}
	}
	e.begin(now)
}

// begin sets the engine's time, which never goes back. Times lose the wall clock's
// monotonic reading and their zone, so that a restored state equals the saved one.
func (e *Engine) begin(now time.Time) {
	if now = now.Round(0).UTC(); now.After(e.now) {
		e.now = now
	}
}

// Roster returns a number that is another one once a service came or became INACTIVE.
func (e *Engine) Roster() uint64 { return e.roster }

// Next returns when Advance next has something to do; false if never.
func (e *Engine) Next() (time.Time, bool) {
	if len(e.queue) == 0 {
		return time.Time{}, false
	}
	return e.queue[0].at, true
}

// wake has a service look at its tasks once all that happens at this instant did.
func (e *Engine) wake(s *Service) { e.queue.hasten(&s.due, e.now) }

// adopt returns the one TaskSpec that stands for its ARN.
func (e *Engine) adopt(spec *TaskSpec) *TaskSpec {
	if spec == nil { // a service with an external controller may have none
		return nil
	}
	if known := e.specs[spec.ARN]; known != nil {
		return known
	}
	e.specs[spec.ARN] = spec
	return spec
}

func (t Timings) backoff(failures int) time.Duration {
	d := t.Backoff
	for ; failures > 1 && d < t.BackoffMax; failures-- {
		d *= 2
	}
	return min(d, t.BackoffMax)
}

// due is when a task or a service next has something to do. It lies inside of its
// owner and in the engine's queue while its time is not zero.
type due struct {
	at      time.Time
	serial  uint64 // of the owner
	index   int    // in the queue, from 1; 0 when it is not there
	task    *Task  // the owner is one of these two
	service *Service
}

// before orders by time, then tasks before services, so that a service sees all that
// happened to its tasks at an instant at once, then by age.
func (d *due) before(o *due) bool {
	if !d.at.Equal(o.at) {
		return d.at.Before(o.at)
	}
	if (d.task == nil) != (o.task == nil) {
		return d.task != nil
	}
	return d.serial < o.serial
}

// queue is a heap of what is due, earliest first.
type queue []*due

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].before(q[j]) }
func (q queue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].index, q[j].index = i+1, j+1
}
func (q *queue) Push(x any) {
	d := x.(*due)
	*q = append(*q, d)
	d.index = len(*q)
}
func (q *queue) Pop() any {
	old := *q
	d := old[len(old)-1]
	old[len(old)-1] = nil
	*q = old[:len(old)-1]
	d.index = 0
	return d
}

// set moves d to a time; the zero time takes it out.
func (q *queue) set(d *due, at time.Time) {
	d.at = at
	switch {
	case at.IsZero() && d.index > 0:
		heap.Remove(q, d.index-1)
	case at.IsZero():
	case d.index > 0:
		heap.Fix(q, d.index-1)
	default:
		heap.Push(q, d)
	}
}

// hasten moves d to a time if that is earlier than its own.
func (q *queue) hasten(d *due, at time.Time) {
	if d.at.IsZero() || at.Before(d.at) {
		q.set(d, at)
	}
}

var _ heap.Interface = (*queue)(nil)

// ids makes identifiers that look like AWS's from a seed and a counter, so that equal
// calls give equal ids and no two ids of an engine are equal.
type ids struct {
	Seed   string `json:"seed"`
	Serial uint64 `json:"serial"`
}

// next returns the number of the next thing, counting from 1.
func (i *ids) next() uint64 {
	i.Serial++
	return i.Serial
}

func (i *ids) hash() [sha256.Size]byte {
	return sha256.Sum256(strconv.AppendUint([]byte(i.Seed+"/"), i.next(), 10))
}

// hex returns 32 hex digits, as task ids have.
func (i *ids) hex() string {
	sum := i.hash()
	return hex.EncodeToString(sum[:16])
}

// uuid returns a version 4 UUID, as event and container ids have.
func (i *ids) uuid() string {
	sum := i.hash()
	sum[6], sum[8] = sum[6]&0x0f|0x40, sum[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

// digits returns 19 digits, as ids of deployments and service revisions have.
func (i *ids) digits() string {
	sum := i.hash()
	return strconv.FormatUint(1e18+binary.BigEndian.Uint64(sum[:])%8e18, 10)
}

// nano returns 21 letters and digits, as ids of service deployments have.
func (i *ids) nano() string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	sum := i.hash()
	out := make([]byte, 21)
	for n := range out {
		out[n] = alphabet[sum[n]%64]
	}
	return string(out)
}
