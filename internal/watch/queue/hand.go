package queue

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tagboat/tagboat/internal/watch/hint"
)

// Times of a message in hand. AWS keeps a message from others for twelve hours from when it was
// received, whatever it is asked for after that.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
const (
	visibility = 2 * time.Minute
	longest    = 12 * time.Hour
)

// item is a message in hand.
type item struct {
	id, receipt   string
	received      int
	sent          time.Time // by AWS's clock
	since, lapses time.Time // when it was received, and until when others do not see it
	ended         bool
	failed        error // why it is to come again; nil where it is done with
}

// hand has the messages that this watcher works on. It makes no call.
type hand struct {
	mu    sync.Mutex
	items map[string]*item // by ID
	wake  chan struct{}    // has an element where an item has ended
	freed chan struct{}    // has one where there may be room, or nobody is left
}

func newHand() *hand {
	return &hand{items: map[string]*item{}, wake: make(chan struct{}, 1), freed: make(chan struct{}, 1)}
}

// take puts a message in hand, and returns nil where it was there already.
func (h *hand) take(m Message, now time.Time) *item {
	h.mu.Lock()
	defer h.mu.Unlock()
	if i := h.items[m.ID]; i != nil {
		i.receipt, i.received, i.since, i.lapses = m.Receipt, m.Received, now, now.Add(visibility)
		return nil
	}
	i := &item{id: m.ID, receipt: m.Receipt, received: m.Received, sent: m.Sent, since: now, lapses: now.Add(visibility)}
	h.items[m.ID] = i
	return i
}

// done says that an item is done with, or why it is to come again. The first word counts.
func (h *hand) done(i *item, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !i.ended {
		i.ended, i.failed = true, err
		poke(h.wake)
	}
}

// work is what is to be asked of SQS for the messages in hand.
type work struct {
	finished []item // to be deleted
	returned []item // to be seen by others again, after a pause where they failed
	extended []item
}

// due returns what there is to do. What is returned is out of hand with that, and so is what was to
// be deleted until it lapsed. What AWS would not keep for much longer is returned and comes again.
func (h *hand) due(now time.Time) work {
	h.mu.Lock()
	defer h.mu.Unlock()
	var w work
	for id, i := range h.items {
		lapsed := !now.Before(i.lapses)
		switch {
		case i.ended && i.failed == nil && !lapsed:
			w.finished = append(w.finished, *i)
		case i.ended && i.failed == nil:
			delete(h.items, id)
		case i.ended:
			w.returned = append(w.returned, *i)
			delete(h.items, id)
		case !now.Before(i.since.Add(longest - 2*visibility)):
			i.failed = hint.ErrUndone
			w.returned = append(w.returned, *i)
			delete(h.items, id)
		case !lapsed && i.lapses.Sub(now) <= visibility/2:
			w.extended = append(w.extended, *i)
		}
	}
	poke(h.freed)
	oldestFirst(w.finished, w.returned, w.extended)
	return w
}

func oldestFirst(lists ...[]item) {
	for _, list := range lists {
		slices.SortFunc(list, func(a, b item) int {
			if c := a.since.Compare(b.since); c != 0 {
				return c
			}
			return strings.Compare(a.id, b.id)
		})
	}
}

// deleted takes items out of hand, unless they were received again meanwhile.
func (h *hand) deleted(items []item) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, i := range items {
		if now := h.items[i.id]; now != nil && now.receipt == i.receipt {
			delete(h.items, i.id)
		}
	}
	poke(h.freed)
}

// kept says that others do not see items until a time.
func (h *hand) kept(items []item, until time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, i := range items {
		if now := h.items[i.id]; now != nil && now.receipt == i.receipt {
			now.lapses = until
		}
	}
}

// rest takes all out of hand that is not to be deleted.
func (h *hand) rest() (items []item) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for id, i := range h.items {
		if !i.ended || i.failed != nil {
			items = append(items, *i)
			delete(h.items, id)
		}
	}
	oldestFirst(items)
	return items
}

func (h *hand) size() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.items)
}

// oldest returns when the message in hand was sent that was sent first; now where there is none.
func (h *hand) oldest(now time.Time) time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, i := range h.items {
		if i.sent.Before(now) {
			now = i.sent
		}
	}
	return now
}

// poke puts an element into a channel that has room for one.
func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
