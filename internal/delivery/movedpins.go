package delivery

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/deploy/rollout"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/ledger"
)

// movedPins tells what of a plan is pinned otherwise by now. One read does for all services of
// an environment that ask before it begins.
type movedPins struct {
	delivery     *Delivery
	automation   bool // holds that came meanwhile count, too
	may          func(ctx context.Context, now ledger.Book) error
	environments map[tagboat.EnvName]*planned
}

var _ rollout.Pins = (*movedPins)(nil)

// planned is an environment, and what was read of it for a plan.
type planned struct {
	env  config.Environment
	book ledger.Book

	turn chan struct{} // held by who reads
	mu   sync.Mutex
	next *reading // the one that has not begun
}

// reading is one read for all who ask before it begins.
type reading struct {
	done bool
	at   time.Time // of one that was handed over
	book ledger.Book
	err  error
}

// readLasts is for how long what was read before counts as read now: for a deployment that follows
// at once.
const readLasts = time.Second

func (d *Delivery) movedPins(s *PlanSet) rollout.Pins {
	m := &movedPins{delivery: d, automation: s.automation, may: s.may, environments: map[tagboat.EnvName]*planned{}}
	for _, c := range s.cells {
		if m.environments[c.Env.Name] == nil {
			p := &planned{env: c.Env, book: c.Book(), turn: make(chan struct{}, 1)}
			if s.back {
				p.book = s.known
			}
			if was, ok := s.read[c.Env.Name]; ok && time.Since(was.at) < readLasts {
				p.next = &was
			}
			m.environments[c.Env.Name] = p
		}
	}
	return m
}

// Moved implements rollout.Pins. A version counts as moved, too, that was rejected meanwhile: a
// rollback does that before it pins.
func (m *movedPins) Moved(ctx context.Context, d deploy.Desired) (string, error) {
	p := m.environments[d.Environment]
	if p == nil {
		return "", nil
	}
	book, err := p.read(ctx, m.delivery)
	if err != nil {
		return "", err
	}
	rejected := newlyRejected(p.env.Name, p.book, book)
	var moved []string
	for _, image := range d.Images {
		pin, ok := book.Pin(p.env.Name, image.Image)
		switch {
		case image.Pinned.Digest == "":
		case !ok:
			moved = append(moved, fmt.Sprintf("image %s is not pinned any more", image.Image))
		case !pin.Pins(image.Pinned):
			moved = append(moved, m.delivery.movedTo(ctx, p.env, pin))
		case rejected(image.Image, pin.Digest):
			moved = append(moved, fmt.Sprintf("%s of image %s was rejected meanwhile by a rollback", pin.Reference().Readable(), image.Image))
		}
	}
	if revision := newlyRejectedRevision(p.env.Name, p.book, book, d); revision != "" {
		moved = append(moved, fmt.Sprintf("%s of service %s was rejected meanwhile by a rollback", revision, d.Service))
	}
	if len(moved) == 0 && m.automation {
		if err := m.delivery.Holds.MayDeploy(p.env, book, d.Images); err != nil {
			return "", err
		}
	}
	if len(moved) == 0 && m.may != nil {
		return "", m.may(ctx, book)
	}
	return strings.Join(moved, ", "), nil
}

// newlyRejected returns a function that reports whether a version was rejected between two reads.
// Holds that cannot be read reject nothing.
func newlyRejected(env tagboat.EnvName, before, now ledger.Book) func(tagboat.ImageName, tagboat.Digest) bool {
	was, _ := before.Holds(env)
	is, _ := now.Holds(env)
	return func(image tagboat.ImageName, d tagboat.Digest) bool {
		return is[image].Rejects(d) && !was[image].Rejects(d)
	}
}

// newlyRejectedRevision returns a revision of a service that was rejected between two reads; of
// who goes back to one, that one alone counts.
func newlyRejectedRevision(env tagboat.EnvName, before, now ledger.Book, d deploy.Desired) string {
	was, _ := before.Holds(env)
	is, _ := now.Holds(env)
	for _, revision := range (rejected{is, d.Service}).revisions() {
		ours := d.Revision == "" || ecs.LastPart(d.Revision) == revision
		if ours && !(rejected{was, d.Service}).Revision(revision) {
			return revision
		}
	}
	return ""
}

// movedTo says what an image is pinned to by now, and who did that where the history tells.
func (d *Delivery) movedTo(ctx context.Context, env config.Environment, pin tagboat.Pin) string {
	text := fmt.Sprintf("image %s is pinned to %s by now", pin.Image, pin.Reference().Readable())
	book, err := d.Access.Ledger(env).Audit(ctx, d.Fleet.Layout().Holding(env, []tagboat.ImageName{pin.Image})...)
	if err != nil {
		return text
	}
	if known, ok := book.Pin(env.Name, pin.Image); ok && known.Pins(pin.Reference()) {
		text += ", by " + cmp.Or(known.SetBy, "somebody")
		if known.Message != "" {
			text += " (" + known.Message + ")"
		}
	}
	return text
}

// read reads the pins and holds of the environment.
func (p *planned) read(ctx context.Context, d *Delivery) (ledger.Book, error) {
	p.mu.Lock()
	if p.next == nil {
		p.next = &reading{}
	}
	r := p.next
	p.mu.Unlock()
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return ledger.Book{}, ctx.Err()
	}
	p.mu.Lock()
	if p.next == r {
		p.next = nil
	}
	p.mu.Unlock()
	if !r.done {
		r.book, r.err = d.Access.Ledger(p.env).Read(ctx, d.Fleet.Layout().All(p.env)...)
		r.done = true
	}
	return r.book, r.err
}
