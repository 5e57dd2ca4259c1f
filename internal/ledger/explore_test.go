package ledger_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/tagboat/tagboat/internal/ledger"
)

// This file explores every order in which writers can make their calls. Writers are the
// real code on goroutines of their own, which stand before each call of the Store until
// they are told to go on. A state is what is stored and what each writer was answered so
// far, since nothing else decides what a writer does next; states that were seen already
// are not explored twice, however they were reached. Readers change nothing, so that
// looking at every state with a reader's eyes is every interleaving with a reader.

// errKilled is what a killed writer's calls come back with.
var errKilled = errors.New("killed")

// move is what may happen next.
type move struct {
	actor int
	how   string
}

// What may happen to a writer that stands before a call.
const (
	goesOn = "goes on"
	dies   = "dies"
	behind = "reads what was before the newest version"
	twice  = "writes, loses the answer, and its client writes again"
	late   = "a copy of a write arrives"
	gone   = "somebody deletes the parameter"
)

// actor is one writer.
type actor struct {
	world   *world
	wants   changes
	foreign bool
	waiting chan string // the call that it stands before; "" where it is done
	resume  chan string
	next    string
	heard   []string // what it was answered
	behind  int      // reads that were
	dead    bool
	own     []int // the versions in which it wrote what it wants
	told    bool  // it was told that a write succeeded
	receipt *ledger.Receipt

	run     func(ctx context.Context, l *ledger.Ledger, a *actor) error // what a player does
	err     error                                                       // what came of that
	reads   map[string]int64                                            // the version that it read first, by parameter
	read    map[string]int                                              // when it read last
	ended   int                                                         // when; 0 until then
	results map[string]ledger.Receipt
}

// step waits until the call may be made.
func (a *actor) step(call string) (string, error) {
	if a.dead {
		return "", errKilled
	}
	a.waiting <- call
	how := <-a.resume
	if how == dies {
		a.dead = true
		return "", errKilled
	}
	return how, nil
}

// sees returns the store as a call finds it.
func (a *actor) sees(how string) *ledger.Memory {
	if how == behind {
		a.behind++
		return a.world.stored(len(a.world.puts) - 1)
	}
	return a.world.memory
}

func (a *actor) Get(ctx context.Context, names []string) (map[string]ledger.Parameter, error) {
	how, err := a.step("get")
	if err != nil {
		return nil, err
	}
	got, err := a.sees(how).Get(ctx, names)
	for _, name := range names {
		a.heard = append(a.heard, fmt.Sprint("get ", got[name].Version))
		if _, known := a.reads[name]; !known {
			a.reads[name] = got[name].Version
		}
		a.read[name] = a.world.time
	}
	return got, err
}

func (a *actor) History(ctx context.Context, name string) ([]ledger.Parameter, error) {
	how, err := a.step("history")
	if err != nil {
		return nil, err
	}
	got, err := a.sees(how).History(ctx, name)
	head := int64(0)
	if len(got) > 0 {
		head = got[len(got)-1].Version
	}
	a.heard = append(a.heard, fmt.Sprint("history ", head))
	return got, err
}

func (a *actor) Put(ctx context.Context, p ledger.Put) (int64, error) {
	how, err := a.step("put")
	if err != nil {
		return 0, err
	}
	version, err := a.put(ctx, p)
	if how == twice && err == nil {
		a.world.repeated++
		version, err = a.put(ctx, p)
	}
	a.told = a.told || err == nil
	a.heard = append(a.heard, fmt.Sprint("put ", version, err))
	return version, err
}

func (a *actor) put(ctx context.Context, p ledger.Put) (int64, error) {
	version, err := a.world.put(ctx, p)
	if err == nil && (!a.told || anID.MatchString(p.Description)) {
		a.own = append(a.own, int(version))
	}
	return version, err
}

// scenario is who writes what to what.
type scenario struct {
	name    string
	start   changes
	writers []changes
	foreign string // what somebody sets the api to who knows nothing of the protocol
	keeps   int    // versions that are kept; 0 for Parameter Store's hundred
	behind  int    // reads that may be behind, of each writer
	lost    int    // writes whose answer may get lost, so that a client makes them again
	survive bool   // nobody dies

	players []player
	delayed int                  // copies of writes that may arrive at any time
	deletes bool                 // somebody may delete the parameter, once
	prepare func(*ledger.Memory) // before anybody begins
}

// player is a writer that does more than one update.
type player struct {
	name string
	run  func(ctx context.Context, l *ledger.Ledger, a *actor) error
}

// world is one run.
type world struct {
	scenario
	ctx      context.Context
	memory   *ledger.Memory
	puts     []ledger.Put
	repeated int // writes that were made twice
	late     int // copies that arrived
	deleted  int // when the parameter was; 0 where it was not
	time     int // moves so far
	actors   []*actor
}

func newWorld(ctx context.Context, s scenario) *world {
	w := &world{scenario: s, ctx: ctx, memory: memory()}
	w.memory.Versions = s.keeps
	if s.start != nil {
		starting := newActor(w)
		starting.waiting, starting.resume = make(chan string, 8), make(chan string, 8)
		for range 8 {
			starting.resume <- goesOn
		}
		if _, err := (&ledger.Ledger{Store: starting}).Update(ctx, images(), s.start, ledger.Why{}); err != nil {
			panic(err)
		}
	}
	if s.prepare != nil {
		s.prepare(w.memory)
	}
	for _, wants := range s.writers {
		w.add(wants, false)
	}
	if s.foreign != "" {
		w.add(nil, true)
	}
	for _, p := range s.players {
		w.play(p)
	}
	return w
}

func newActor(w *world) *actor {
	return &actor{
		world: w, waiting: make(chan string), resume: make(chan string),
		reads: map[string]int64{}, read: map[string]int{}, results: map[string]ledger.Receipt{},
	}
}

// play begins what a player does.
func (w *world) play(p player) {
	a := newActor(w)
	a.run = p.run
	w.actors = append(w.actors, a)
	go func() {
		a.err = a.run(w.ctx, &ledger.Ledger{Store: a, Versions: w.keeps, Dice: first}, a)
		a.heard = append(a.heard, fmt.Sprint("ended ", a.err))
		a.ended = w.time
		a.waiting <- ""
	}()
	a.next = <-a.waiting
}

func (w *world) add(wants changes, foreign bool) {
	a := newActor(w)
	a.wants, a.foreign = wants, foreign
	w.actors = append(w.actors, a)
	go func() {
		if a.foreign {
			a.writeAsOthersDo(w.ctx)
		} else if receipt, err := (&ledger.Ledger{Store: a, Versions: w.keeps, Dice: first}).Update(w.ctx, images(), wants, ledger.Why{}); err == nil {
			a.receipt = &receipt
		} else if !errors.Is(err, errKilled) {
			a.heard = append(a.heard, "failed: "+err.Error())
		}
		a.waiting <- ""
	}()
	a.next = <-a.waiting
}

// writeAsOthersDo reads the value, changes it, and writes it, and thinks no more of it.
func (a *actor) writeAsOthersDo(ctx context.Context) {
	got, err := a.Get(ctx, []string{parameter})
	if err != nil {
		return
	}
	value := decode(got[parameter].Value)
	value["api"] = a.world.foreign
	_, _ = a.Put(ctx, ledger.Put{Name: parameter, Value: encode(value), Overwrite: true})
}

func (w *world) put(ctx context.Context, p ledger.Put) (int64, error) {
	version, err := w.memory.Put(ctx, p)
	if err == nil {
		w.puts = append(w.puts, p)
	}
	return version, err
}

// stored returns the store as it was after so many versions.
func (w *world) stored(versions int) *ledger.Memory {
	m := memory()
	m.Versions = w.keeps
	for _, p := range w.puts[:max(versions, 0)] {
		if _, err := m.Put(w.ctx, p); err != nil {
			panic(err)
		}
	}
	return m
}

// moves returns what may happen next.
func (w *world) moves() []move {
	var all []move
	for i, a := range w.actors {
		if a.next == "" {
			continue
		}
		all = append(all, move{i, goesOn})
		if !w.survive {
			all = append(all, move{i, dies})
		}
		if a.next != "put" && a.behind < w.behind && len(w.puts) > 0 {
			all = append(all, move{i, behind})
		}
		if a.next == "put" && w.repeated < w.lost && !a.foreign {
			all = append(all, move{i, twice})
		}
	}
	if len(w.puts) > 0 && w.late < w.delayed {
		for i := range w.puts {
			all = append(all, move{i, late})
		}
	}
	if w.deletes && w.deleted == 0 && len(w.puts) > 0 {
		all = append(all, move{0, gone})
	}
	return all
}

func (w *world) take(m move) {
	w.time++
	switch m.how {
	case late:
		w.late++
		_, _ = w.put(w.ctx, w.puts[m.actor])
		return
	case gone:
		w.deleted = w.time
		w.memory.Delete(parameter)
		return
	}
	a := w.actors[m.actor]
	a.resume <- m.how
	a.next = <-a.waiting
}

// anID is that of an intention in a version's description.
var anID = regexp.MustCompile(`"id":"[^"]*"`)

// state identifies all that decides what can happen from here.
func (w *world) state() [sha256.Size]byte {
	h := sha256.New()
	ids := map[string]string{} // which are random, and mean nothing but themselves
	for _, p := range w.puts {
		description := anID.ReplaceAllStringFunc(p.Description, func(id string) string {
			if ids[id] == "" {
				ids[id] = fmt.Sprint("intention ", len(ids))
			}
			return ids[id]
		})
		fmt.Fprintf(h, "%s %s %t\n", p.Value, description, p.Overwrite)
	}
	for _, a := range w.actors {
		fmt.Fprintf(h, "%q %t %d %v\n", a.heard, a.dead, a.behind, a.next)
	}
	fmt.Fprintln(h, w.late, w.deleted > 0)
	if w.deleted > 0 {
		now, _ := w.memory.History(w.ctx, parameter)
		fmt.Fprintln(h, len(now))
	}
	if len(w.players) > 0 { // what is checked of players depends on who ended before whom
		fmt.Fprintln(h, w.order())
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// order says who had ended when the others read last.
func (w *world) order() []bool {
	var before []bool
	for _, a := range w.actors {
		for _, b := range w.actors {
			before = append(before, a.ended > 0 && a.ended < b.read[holdsParameter], a.ended > 0 && w.deleted > 0 && a.ended < w.deleted)
		}
	}
	return before
}

// stop ends a run that leads to what was seen already.
func (w *world) stop() {
	for _, a := range w.actors {
		for a.next != "" {
			a.resume <- dies
			a.next = <-a.waiting
		}
	}
}

// meant returns what a parameter should hold after so many versions: of each image, what
// was meant last. It is said without the protocol: a writer means what it wants until it
// hears that it wrote it, and repairs after that; others mean all that they changed.
func (w *world) meant(versions int) map[string]string {
	want := map[string]string{}
	if w.start != nil && versions > 0 {
		set(want, w.start)
	}
	for n := range versions {
		for _, a := range w.actors {
			switch own := slices.Contains(a.own, n+1); {
			case own && a.foreign:
				w.changed(want, n)
			case own && !w.tooLate(n):
				set(want, a.wants)
			}
		}
	}
	return want
}

// tooLate reports whether a version counts for nothing, since its writer had read one that
// is older than half of those that are kept; it means that again.
func (w *world) tooLate(n int) bool {
	var note struct{ Base int }
	if w.keeps == 0 || json.Unmarshal([]byte(w.puts[n].Description), &note) != nil {
		return false
	}
	return n+1-note.Base > w.keeps/2
}

// changed makes the changes between a version and the one before it.
func (w *world) changed(want map[string]string, n int) {
	before, after := map[string]string{}, decode(w.puts[n].Value)
	if n > 0 {
		before = decode(w.puts[n-1].Value)
	}
	for key, value := range after {
		if before[key] != value {
			want[key] = value
		}
	}
	for key := range before {
		if _, ok := after[key]; !ok {
			delete(want, key)
		}
	}
}

func set(want map[string]string, c changes) {
	for image, ref := range c {
		want[string(image)] = ref.Tag + "@" + string(ref.Digest)
	}
}

// String tells how the world came to be as it is.
func (w *world) String() string {
	var b strings.Builder
	for i, p := range w.puts {
		fmt.Fprintf(&b, "version %d: %s %s\n", i+1, p.Value, p.Description)
	}
	for i, a := range w.actors {
		fmt.Fprintf(&b, "writer %d heard %q, dead %t, stands before %q, receipt %+v\n", i, a.heard, a.dead, a.next, a.receipt)
	}
	return b.String()
}

// explored is what an exploration came to.
type explored struct{ states, ends int }

// explore looks at every state of a scenario.
func explore(ctx context.Context, s scenario, check func(w *world, ended bool, path []move) bool) explored {
	var found explored
	seen := map[[sha256.Size]byte]bool{}
	paths := [][]move{nil}
	for len(paths) > 0 {
		path := paths[len(paths)-1]
		paths = paths[:len(paths)-1]
		w := newWorld(ctx, s)
		for _, m := range path {
			w.take(m)
		}
		for {
			state := w.state()
			if seen[state] {
				break
			}
			seen[state] = true
			found.states++
			moves := w.moves()
			if len(moves) == 0 {
				found.ends++
			}
			if !check(w, len(moves) == 0, path) {
				w.stop()
				return found
			}
			if len(moves) == 0 {
				break
			}
			for _, m := range moves[1:] {
				paths = append(paths, append(slices.Clone(path), m))
			}
			path = append(slices.Clone(path), moves[0])
			w.take(moves[0])
		}
		w.stop()
	}
	return found
}

func (a *actor) Oldest(ctx context.Context, name string, n int) ([]ledger.Parameter, error) {
	how, err := a.step("oldest")
	if err != nil {
		return nil, err
	}
	got, err := a.sees(how).Oldest(ctx, name, n)
	first := int64(0)
	if len(got) > 0 {
		first = got[0].Version
	}
	a.heard = append(a.heard, fmt.Sprint("oldest ", first, len(got)))
	return got, err
}

// Label and Unlabel are nothing that a writer without a label in its way does.
func (a *actor) Label(context.Context, string, int64, string) error     { return errKilled }
func (a *actor) Unlabel(context.Context, string, int64, []string) error { return errKilled }

// first is dice of which the same number is always up, so that a path leads to one state.
func first(int) int { return 0 }
