package ledger

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/tagboat/tagboat"
)

// Book is what a read of the ledger found, in the order of the groups.
type Book struct {
	Entries []Entry

	parameters map[string]Parameter // that were read, where Look or Read did
}

// Entry is what one group's parameter holds.
type Entry struct {
	Group   Group
	Version int64             // 0 where the parameter does not exist
	Pins    []tagboat.Pin     // sorted by image
	Others  map[string]string // keys of the value that belong to no image of the group
	// Torn says that a writer died before it could repair what it had overwritten:
	// an update is missing, and the next update brings it back. Only Audit
	// fills it.
	Torn bool
	// Uncertain says that an update may be missing: none of the versions that Parameter Store
	// still has says what all before it came to.
	Uncertain bool
	// Overwritten are updates that a writer outside the protocol overwrote, by image. Only
	// Audit fills it.
	Overwritten []tagboat.Overwritten
	// Err says what of the parameter could not be read, where Look or Inspect read it. Pins
	// has the others.
	Err error

	values values // all of it
}

// Pins returns the pins of an environment, those of all its groups, by image.
func (b Book) Pins(env tagboat.EnvName) []tagboat.Pin {
	var pins []tagboat.Pin
	for _, e := range b.Entries {
		if e.Group.Environment == env {
			pins = append(pins, e.Pins...)
		}
	}
	slices.SortFunc(pins, func(a, b tagboat.Pin) int { return cmp.Compare(a.Image, b.Image) })
	return pins
}

// Pin returns the pin of an image in an environment, and false where there is none.
func (b Book) Pin(env tagboat.EnvName, image tagboat.ImageName) (tagboat.Pin, bool) {
	for _, e := range b.Entries {
		if e.Group.Environment != env {
			continue
		}
		for _, pin := range e.Pins {
			if pin.Image == image {
				return pin, true
			}
		}
	}
	return tagboat.Pin{}, false
}

// entry makes an Entry of what the group's parameter holds.
func entry(g Group, v values, version int64) (Entry, error) {
	pins, err := g.pins(v, version)
	e := Entry{Group: g, Version: version, Pins: pins, values: v}
	for key, value := range v {
		if _, ours := g.image(key); !ours {
			if e.Others == nil {
				e.Others = map[string]string{}
			}
			e.Others[key] = value
		}
	}
	return e, err
}

// Ledger reads and writes pins in one account and region. It is safe for
// concurrent use, as is any number of Ledgers on the same Store.
type Ledger struct {
	Store Store
	// Versions is how many versions the Store keeps; 0 for Parameter Store's hundred. All who
	// write to a parameter have to say the same.
	Versions int
	// Dice returns a number from 0 to below n by chance; nil throws real ones. With others
	// what a writer does follows from what the Store answers alone.
	Dice func(n int) int
}

func (l *Ledger) dice() func(n int) int {
	if l.Dice == nil {
		return rand.N[int]
	}
	return l.Dice
}

func (l *Ledger) retention() int { return cmp.Or(l.Versions, versionsKept) }

// versionsKept is how many versions of a parameter Parameter Store keeps.
// https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-versions.html
const versionsKept = 100

// historiesAtOnce bounds Audit: Parameter Store answers three a second.
const historiesAtOnce = 3

// strict returns the book, or the first of its entries' errors.
func strict(book Book, err error) (Book, error) {
	for _, e := range book.Entries {
		if e.Err != nil {
			return Book{}, e.Err
		}
	}
	return book, err
}

// Read returns what the groups' parameters hold. It takes one Get of the Store for all of
// them. It reads the history only after a writer outside the protocol, or one that died: the
// history says what is missing, and Read restores it if it may write.
func (l *Ledger) Read(ctx context.Context, groups ...Group) (Book, error) {
	return strict(l.Look(ctx, groups...))
}

// Look is Read for who changes nothing: what is wrong with one parameter is the error of its
// entry alone.
func (l *Ledger) Look(ctx context.Context, groups ...Group) (Book, error) {
	if len(groups) == 0 {
		return Book{}, nil
	}
	found, err := l.Store.Get(ctx, names(groups))
	if err != nil {
		return Book{}, fmt.Errorf("reading the ledger: %w", err)
	}
	book := l.book(ctx, groups, found)
	book.parameters = found
	return book, nil
}

// book returns what groups hold whose parameters were read.
func (l *Ledger) book(ctx context.Context, groups []Group, found map[string]Parameter) Book {
	var book Book
	for _, g := range groups {
		var e Entry
		if p, ok := found[g.Parameter]; ok {
			var err error
			e, err = l.entryOf(ctx, g, p)
			e.Err = err
		}
		e.Group = g
		book.Entries = append(book.Entries, e)
	}
	return book
}

func (l *Ledger) entryOf(ctx context.Context, g Group, p Parameter) (Entry, error) {
	v, err := valuesOf(p)
	if err != nil {
		return Entry{}, err
	}
	if p.whole(v) {
		return entry(g, v, p.Version)
	}
	return l.certain(ctx, g, p.Version)
}

// certain returns what a group holds whose newest version does not say by itself that no
// update is missing from it.
func (l *Ledger) certain(ctx context.Context, g Group, head int64) (Entry, error) {
	w := l.writer(g)
	w.head, w.once = head, true
	_, s, err := w.history(ctx)
	if err != nil {
		return Entry{}, err
	}
	if s.torn() {
		if repaired, err := w.settle(ctx); err == nil { // who may only read still knows what is missing
			e, err := entryWith(g, repaired)
			e.Uncertain = !s.certain
			return e, err
		}
	}
	e, err := entry(g, s.values, s.head.Version)
	e.Torn, e.Uncertain = s.torn(), !s.certain
	return e, err
}

func entryWith(g Group, r Receipt) (Entry, error) {
	v, err := parseValues(r.Value)
	if err != nil {
		return Entry{}, err
	}
	return entry(g, v, r.Version)
}

func names(groups []Group) []string {
	var names []string
	seen := map[string]bool{}
	for _, g := range groups {
		if !seen[g.Parameter] {
			seen[g.Parameter] = true
			names = append(names, g.Parameter)
		}
	}
	return names
}

// Audit is Read with who set each pin, when and why. It reads the history of each
// parameter, of which Parameter Store answers three a second.
func (l *Ledger) Audit(ctx context.Context, groups ...Group) (Book, error) {
	return strict(l.Inspect(ctx, groups...), nil)
}

// Inspect is Audit for who changes nothing, as Look is Read.
func (l *Ledger) Inspect(ctx context.Context, groups ...Group) Book {
	book := Book{Entries: make([]Entry, len(groups))}
	var all errgroup.Group
	all.SetLimit(historiesAtOnce)
	for i, g := range groups {
		all.Go(func() error {
			e, err := l.audit(ctx, g)
			e.Group, e.Err = g, err
			book.Entries[i] = e
			return nil
		})
	}
	_ = all.Wait()
	return book
}

func (l *Ledger) audit(ctx context.Context, g Group) (Entry, error) {
	history, _, err := versions(ctx, l.Store, g.Parameter)
	if err != nil {
		return Entry{}, err
	}
	return l.entryFrom(g, history)
}

// entryFrom returns what a history comes to, with who set each pin.
func (l *Ledger) entryFrom(g Group, history []Parameter) (Entry, error) {
	s, err := replay(history, l.retention())
	if err != nil {
		return Entry{}, err
	}
	e, bad := entry(g, s.values, s.head.Version)
	e.Torn, e.Uncertain = s.torn(), len(history) > 0 && !s.certain
	e.Overwritten = g.lostUpdates(history, s)
	for i := range e.Pins {
		if at, ok := s.origin[g.key(e.Pins[i].Image)]; ok {
			sign(&e.Pins[i], history[at])
		}
	}
	return e, bad
}
