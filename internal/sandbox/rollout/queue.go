package rollout

import (
	"container/heap"
	"time"
)

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
