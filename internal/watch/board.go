package watch

import (
	"maps"
	"slices"
	"time"

	"github.com/tagboat/tagboat"
)

// Board has what hints ask of environments, joined, until somebody has looked there. It is pure:
// time is passed in, and one goroutine uses it. An environment is worked on once at a time; what is
// asked of it meanwhile waits.
type Board struct {
	// Settle is how long an environment gathers hints, from the first one on: however many follow,
	// they do not put it off.
	Settle time.Duration
	// Overtakes says of environments that what happens there while they are worked on is looked at
	// beside that, once: what is under way gives way. Nil is for none.
	Overtakes func(tagboat.EnvName) bool
	places    map[tagboat.EnvName]*place
	begun     int
}

// Asked is what hints ask of one environment, joined.
type Asked struct {
	Look   bool                // else only the ledger is looked at first: is there anything to go on with?
	All    bool                // the newest versions of all images
	Images []tagboat.ImageName // those whose newest versions are asked for, by name, unless All
	Words  []string            // the hints in words, the oldest first
	More   int                 // hints that Words leaves out
	Since  time.Time           // when the oldest push happened; the zero time for none
	// Routine says that nothing happened: a sweep, or the clock.
	Routine bool
}

// wordsKept is how many hints are named; the others are counted.
const wordsKept = 3

// Item is an environment to look at now.
type Item struct {
	Environment tagboat.EnvName
	Asked
	Work int // tells the work from other work on the environment
}

// Outcome is what a look at an environment, and what was done there, leaves for later.
type Outcome struct {
	Served bool      // nothing is left to do for the messages
	Again  time.Time // when to look again; the zero time for when somebody asks
	Soon   bool      // look again after a while that grows: others are at work
	Failed bool      // look again after a while that grows: it could not be looked at
	Err    error     // why messages that wait for too long are handed back
}

// How long a look is put off that would come to nothing yet, at first and at most.
const (
	soonAtFirst  = 15 * time.Second
	againAtFirst = time.Second
	longestPause = 2 * time.Minute
	// roundsAtOnce is how often in a row an environment is looked at again without a pause.
	roundsAtOnce = 3
	// patience is how long messages wait for an environment that cannot be looked at.
	patience = time.Hour
)

// place is one environment.
type place struct {
	asked   *Asked // nil for nothing
	tickets []*ticket
	// guarded are the images for which a message waits that is not deleted: a second one for the
	// same is not needed. "" is for no image.
	guarded map[tagboat.ImageName]bool
	due     time.Time
	at      *place // what is worked on; nil for nothing
	work    int    // of what is worked on
	other   int    // work that is overtaken, and goes on still
	// failures, waits and rounds count looks in a row that came to nothing.
	failures, waits, rounds int
	failing                 time.Time // since when; the zero time for not
}

// ticket is a message that waits for environments.
type ticket struct {
	left int
	err  error
	done func(error)
}

// released is called once for each environment that a message waits for.
func (t *ticket) released(err error) {
	if t.left--; t.err == nil {
		t.err = err
	}
	if t.left == 0 {
		t.done(t.err)
	}
}

// Join notes what a message asks. Done is called once, with nil, when nothing is left to do for it;
// at once where an older message that is not deleted asks the same. It may be nil.
func (b *Board) Join(now time.Time, asked []Item, settle bool, done func(error)) {
	if b.places == nil {
		b.places = map[tagboat.EnvName]*place{}
	}
	t := &ticket{done: done}
	var waitsAt []*place
	for _, item := range asked {
		p := b.places[item.Environment]
		if p == nil {
			p = &place{}
			b.places[item.Environment] = p
		}
		p.join(now, item.Asked, b.after(settle))
		if done != nil && !p.guards(item.Asked) {
			waitsAt = append(waitsAt, p)
		}
	}
	for _, p := range waitsAt {
		t.left++
		p.tickets = append(p.tickets, t)
	}
	if done != nil && t.left == 0 {
		done(nil)
	}
}

func (b *Board) after(settle bool) time.Duration {
	if settle {
		return b.Settle
	}
	return 0
}

// join adds what is asked, which is due after a while, or when what was asked before is.
func (p *place) join(now time.Time, more Asked, after time.Duration) {
	due := now.Add(after)
	switch {
	case p.asked == nil:
		p.due = due
	case p.failures == 0 && due.Before(p.due): // else the pause counts
		p.due = due
	}
	p.asked = joined(p.asked, more)
}

// joined returns what two ask together; the first may be nil.
func joined(a *Asked, more Asked) *Asked {
	if a == nil {
		a = &Asked{Routine: true}
	}
	j := *a
	j.Look, j.All, j.Routine = a.Look || more.Look, a.All || more.All, a.Routine && more.Routine
	j.Images = slices.Compact(slices.Sorted(slices.Values(slices.Concat(a.Images, more.Images))))
	j.Words, j.More = slices.Clone(a.Words), a.More+more.More
	for _, word := range more.Words {
		switch {
		case slices.Contains(j.Words, word):
		case len(j.Words) < wordsKept:
			j.Words = append(j.Words, word)
		default:
			j.More++
		}
	}
	if j.Since.IsZero() || !more.Since.IsZero() && more.Since.Before(j.Since) {
		j.Since = more.Since
	}
	return &j
}

// guards reports whether a message waits already that asks the same, and notes that one does now.
func (p *place) guards(asked Asked) bool {
	all := asked.Images
	if len(all) == 0 || asked.All {
		all = []tagboat.ImageName{""}
	}
	if p.guarded == nil {
		p.guarded = map[tagboat.ImageName]bool{}
	}
	guarded := true
	for _, image := range all {
		guarded = guarded && p.guarded[image]
		p.guarded[image] = true
	}
	return guarded
}

// Due takes what is due, by the names of the environments.
func (b *Board) Due(now time.Time) []Item {
	var due []Item
	for _, name := range slices.Sorted(maps.Keys(b.places)) {
		p := b.places[name]
		if p.asked == nil || p.due.After(now) || p.at != nil && !b.mayOvertake(name, p) {
			continue
		}
		if p.at != nil { // what it was for is asked together with what overtakes it
			p.take(p.at)
			p.other++
		}
		b.begun++
		p.at, p.work = &place{asked: p.asked, tickets: p.tickets, guarded: p.guarded}, b.begun
		due = append(due, Item{name, *p.asked, p.work})
		p.asked, p.tickets, p.guarded = nil, nil, nil
	}
	return due
}

// mayOvertake reports whether what is asked of an environment is looked at beside the work there.
func (b *Board) mayOvertake(name tagboat.EnvName, p *place) bool {
	return p.other == 0 && p.asked.Look && !p.asked.Routine && b.Overtakes != nil && b.Overtakes(name)
}

// take adds what was worked on to what is asked.
func (p *place) take(was *place) {
	p.asked = joined(was.asked, orNothing(p.asked))
	p.tickets = append(was.tickets, p.tickets...)
	for image := range was.guarded {
		if p.guarded == nil {
			p.guarded = map[tagboat.ImageName]bool{}
		}
		p.guarded[image] = true
	}
}

// Next returns when something is due; false where nothing is before somebody asks, or work ends.
func (b *Board) Next() (time.Time, bool) {
	var next time.Time
	for name, p := range b.places {
		if p.asked != nil && (p.at == nil || b.mayOvertake(name, p)) && (next.IsZero() || p.due.Before(next)) {
			next = p.due
		}
	}
	return next, !next.IsZero()
}

// AtWork reports whether an environment is worked on.
func (b *Board) AtWork(env tagboat.EnvName) bool {
	return b.places[env] != nil && b.places[env].at != nil
}

// Raise has an environment that is worked on looked at, and not its ledger alone, the next time.
func (b *Board) Raise(env tagboat.EnvName, work int) {
	p := b.places[env]
	if p.work != work {
		return
	}
	raised := *p.at.asked
	raised.Look, raised.All = true, true
	p.at.asked = &raised
}

// ends takes the work on an environment from the board, and returns what it was for; nil for work
// that was overtaken, whose messages are those of what overtook it.
func (b *Board) ends(env tagboat.EnvName, work int) (p, was *place) {
	p = b.places[env]
	if p.work != work {
		p.other--
		return p, nil
	}
	was, p.at, p.work = p.at, nil, 0
	return p, was
}

// Ended says that the work on an environment ended.
func (b *Board) Ended(now time.Time, env tagboat.EnvName, work int, o Outcome) {
	p, was := b.ends(env, work)
	if was == nil {
		return
	}
	at := p.again(now, o)
	if p.failures > 0 && now.Sub(p.failing) >= patience {
		was.release(o.Err)
	} else if o.Served || at.IsZero() {
		was.release(nil)
		answered := *was.asked
		answered.Routine, answered.Since = true, time.Time{}
		was.asked = &answered
	}
	switch {
	case at.IsZero() && p.asked == nil && p.other == 0:
		delete(b.places, env)
	case at.IsZero():
	default:
		if p.asked == nil || p.failures > 0 || at.Before(p.due) {
			p.due = at
		}
		p.take(was)
	}
}

func orNothing(a *Asked) Asked {
	if a == nil {
		return Asked{Routine: true}
	}
	return *a
}

// again returns when to look again, and counts.
func (p *place) again(now time.Time, o Outcome) time.Time {
	if !o.Failed {
		p.failures, p.failing = 0, time.Time{}
	} else if p.failing.IsZero() {
		p.failing = now
	}
	atOnce := !o.Again.IsZero() && !o.Again.After(now)
	if atOnce {
		p.rounds++
	}
	soon := o.Soon || atOnce && p.rounds > roundsAtOnce
	if !atOnce && !soon {
		p.rounds = 0
	}
	if !soon {
		p.waits = 0
	}
	switch {
	case o.Failed:
		p.failures++
		return now.Add(pause(againAtFirst, p.failures))
	case soon:
		p.waits++
		return now.Add(pause(soonAtFirst, p.waits))
	default:
		return o.Again
	}
}

// pause returns first for the first time, twice as long for each one after that, up to the longest.
func pause(first time.Duration, times int) time.Duration {
	return min(first<<min(times-1, 10), longestPause)
}

// release releases the messages that wait for a place.
func (p *place) release(err error) {
	for _, t := range p.tickets {
		t.released(err)
	}
	p.tickets, p.guarded = nil, nil
}

// HandBack says that the work on an environment stopped before its end: its messages are to come
// again.
func (b *Board) HandBack(env tagboat.EnvName, work int, err error) {
	if _, was := b.ends(env, work); was != nil {
		was.release(err)
	}
}

// HandBackAll takes what nobody works on from the board: its messages are to come again.
func (b *Board) HandBackAll(err error) {
	for _, name := range slices.Sorted(maps.Keys(b.places)) {
		p := b.places[name]
		p.release(err)
		p.asked = nil
	}
}
