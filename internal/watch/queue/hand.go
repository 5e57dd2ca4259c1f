package queue

import (
	"errors"
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
	guards     = 10 * time.Minute // for how long a message answers for later ones
)

// item is a message in hand.
type item struct {
	id, receipt, key string
	received         int
	sent             time.Time // by AWS's clock
	since, lapses    time.Time // when it was received, and until when others do not see it
	open             int       // handed over and not done: the message, and those that it guards
	failed           error     // why it is to come again; nil where it is done with
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

// take puts a message in hand. It returns the item that answers for it, and whether that is
// another one, so that the message itself is not needed; nil where the message was in hand already.
func (h *hand) take(m Message, key string, now time.Time) (answers *item, guarded bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if i := h.items[m.ID]; i != nil {
		i.receipt, i.received, i.since, i.lapses = m.Receipt, m.Received, now, now.Add(visibility)
		return nil, false
	}
	i := &item{id: m.ID, receipt: m.Receipt, key: key, received: m.Received, sent: m.Sent, since: now, lapses: now.Add(visibility), open: 1}
	for _, other := range h.items {
		if key != "" && other.key == key && other.open > 0 && now.Before(other.lapses) && now.Sub(other.since) < guards {
			other.open++
			i.open, i.key, answers = 0, "", other
			break
		}
	}
	h.items[m.ID] = i
	if answers != nil {
		poke(h.wake)
		return answers, true
	}
	return i, false
}

// done says that one that an item answers for is done, or why it is to come again.
func (h *hand) done(i *item, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if i.failed == nil || errors.Is(i.failed, hint.ErrUndone) && err != nil {
		i.failed = err
	}
	if i.open--; i.open == 0 {
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
		case i.open == 0 && i.failed == nil && !lapsed:
			w.finished = append(w.finished, *i)
		case i.open == 0 && i.failed == nil:
			delete(h.items, id)
		case i.open == 0:
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
		if i.open > 0 || i.failed != nil {
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

// keyOf returns what the hints of a message make a watcher look at. Messages with the same key
// answer for each other; "" is of none that could.
func keyOf(hints []hint.Hint) string {
	var key strings.Builder
	for _, h := range hints {
		for _, part := range []string{string(h.Kind), h.Registry, h.Repository, h.Account, h.Region, h.Cluster, h.Service} {
			key.WriteString(part + "\x00")
		}
		for _, env := range h.Environments {
			key.WriteString(string(env) + "\x00")
		}
		key.WriteByte('\n')
	}
	return key.String()
}
