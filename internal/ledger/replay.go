package ledger

import (
	"maps"
	"slices"
)

// state is what a history comes to.
type state struct {
	values values         // with every update in it
	origin map[string]int // key to the index of the version that last meant to set it
	head   Parameter      // the newest version; the zero value where there is none
	stored values         // what the newest version holds
	// certain says that no update is missing from values: the history is whole, or one of its
	// writers had read all that came before.
	certain bool

	retention int            // versions that the store keeps
	first     int64          // the oldest version that is kept
	sums      []string       // of each version's value, by index
	intent    []intent       // of each version, by index
	ids       map[string]int // intention to the index of the version that counts
}

// intent is what the writer of one version meant, as far as it counts.
type intent struct {
	set  values
	gone []string
	was  map[string]prior // what each key held that it meant to change, whether that counts or not
	// void are keys of a condition that did not hold.
	void []string
	over bool // it counts for nothing, since the value would be over the limit
	lost bool // its writer had read another parameter of that name, which was deleted since
	late bool // too many versions came between, so that it counts for nothing
}

// prior is what a key held, and the index of the version that set that; -1 where that is
// not known.
type prior struct {
	value string
	there bool
	at    int
}

func (n intent) changes(key string) bool {
	_, set := n.set[key]
	return set || slices.Contains(n.gone, key)
}

func (n intent) apply(v values) {
	maps.Copy(v, n.set)
	for _, key := range n.gone {
		delete(v, key)
	}
}

// torn reports whether the newest version lacks an update that the history has.
func (s state) torn() bool { return !maps.Equal(s.values, s.stored) }

// replay works out what a parameter should hold. A version whose value is no flat
// object of strings changes nothing, unless it is the newest: that is an error of kind
// Usage, because writing over it could destroy what somebody meant.
//
// It follows from the history alone, and everybody who replays it comes to the same:
//   - a version sets the keys that its note names, in the order of the versions;
//   - an intention that was there already is a repeated write, and counts once;
//   - a key with a condition counts only where it holds what its writer had read;
//   - what would take the value over the limit counts for nothing: the later one yields;
//   - what is based on a version that is older than half of those kept is late: soon nobody
//     could tell any more whether it is repeated. Its writer means it again.
func replay(history []Parameter, kept int) (state, error) {
	s := nothing(kept)
	for i, p := range history {
		if err := s.take(i, p); err != nil && i == len(history)-1 {
			return state{}, err
		}
	}
	return s, nil
}

// nothing is what no history comes to.
func nothing(kept int) state {
	return state{values: values{}, origin: map[string]int{}, stored: values{}, ids: map[string]int{}, retention: kept, certain: true}
}

// take takes version i in; an error says that its value is no flat object of strings.
func (s *state) take(i int, p Parameter) error {
	s.head = p
	s.sums = append(s.sums, sum(p.Value))
	if i == 0 {
		s.first, s.certain = p.Version, p.Version == 1
	}
	v, err := valuesOf(p)
	if err != nil {
		s.intent = append(s.intent, intent{})
		return err
	}
	s.apply(i, p, v)
	s.stored = v
	return nil
}

// copy returns what s is now: another version does not change it.
func (s *state) copy() state {
	now := *s
	now.values, now.origin, now.ids = maps.Clone(s.values), maps.Clone(s.origin), maps.Clone(s.ids)
	return now
}

// apply makes what the writer of version i meant. The oldest version that is kept stands
// for all that came before it.
func (s *state) apply(i int, p Parameter, v values) {
	n, ours := noteOf(p)
	old := ours && s.otherThan(n, p)
	var meant intent
	switch {
	case i == 0 && p.Version > 1, !ours:
		meant = difference(s.stored, v)
		meant.was = s.priors(append(meant.set.keys(), meant.gone...))
		if s.torn() {
			meant = s.fitting(meant, roundUp(len(p.Value)))
		}
	default:
		meant = s.judge(n, p, v)
	}
	meant.lost = old
	s.intent = append(s.intent, meant)
	meant.apply(s.values)
	for key := range meant.set {
		s.origin[key] = i
	}
	for _, key := range meant.gone {
		delete(s.origin, key)
	}
	switch {
	case !ours:
	case i == 0 && p.Version > 1:
		s.certain = n.Base == p.Version-1
		s.know(n.ID, i)
	case !old && n.Base >= s.first-1 && (!n.Unsure || n.Base == p.Version-1):
		s.trust(i, n, v)
	case n.ID != "" && s.first > 1 && len(meant.set)+len(meant.gone) > 0:
		s.certain = false // it may be repeated, and what it repeats is no longer kept
	}
}

// roundUp returns the limit of the tier that a value of n bytes is in.
func roundUp(n int) int {
	if n <= maxStandard {
		return maxStandard
	}
	return maxAdvanced
}

// otherThan reports whether the writer of version p had read another parameter of that name:
// one that was deleted since.
func (s *state) otherThan(n note, p Parameter) bool {
	if n.Base >= p.Version {
		return true
	}
	at := n.Base - s.first
	return n.On != "" && at >= 0 && at < int64(len(s.sums)) && s.sums[at] != n.On
}

// know notes that an intention is there.
func (s *state) know(id string, i int) {
	if _, known := s.ids[id]; id != "" && !known {
		s.ids[id] = i
	}
}

// judge returns what version p of ours means, as far as that counts.
func (s *state) judge(n note, p Parameter, v values) intent {
	set := n.of(v)
	if n.ID == "" {
		return intent{set: set, gone: n.Gone, was: s.priors(append(set.keys(), n.Gone...))}
	}
	if _, repeated := s.ids[n.ID]; repeated {
		return intent{}
	}
	keys := append(set.keys(), n.Gone...)
	meant := intent{set: set, gone: slices.Clone(n.Gone), was: s.priors(keys)}
	if p.Version-n.Base > int64(s.retention/2) {
		meant.set, meant.gone, meant.late = nil, nil, true
		return meant
	}
	s.know(n.ID, len(s.intent))
	for _, key := range n.fails(keys, s.values) {
		meant.void = append(meant.void, key)
		delete(meant.set, key)
		meant.gone = slices.DeleteFunc(meant.gone, func(gone string) bool { return gone == key })
	}
	return s.fitting(meant, n.limit())
}

// fitting returns what is meant, or nothing where the value would be over a limit.
func (s *state) fitting(meant intent, limit int) intent {
	next := maps.Clone(s.values)
	meant.apply(next)
	if n := len(next.String()); n > limit && n > len(s.values.String()) {
		meant.set, meant.gone, meant.over = nil, nil, true
	}
	return meant
}

// priors returns what keys hold now.
func (s *state) priors(keys []string) map[string]prior {
	was := make(map[string]prior, len(keys))
	for _, key := range keys {
		at, known := s.origin[key]
		if !known {
			at = -1
		}
		value, there := s.values[key]
		was[key] = prior{value, there, at}
	}
	return was
}

// trust takes version i of ours at its word: it holds all that was meant up to its base,
// since its writer had read that, and what was meant after that is in the history. So what
// brought a key about may be older than the history. Keys that it meant and that did not
// count are as they were.
func (s *state) trust(i int, n note, v values) {
	all := maps.Clone(v)
	for at := max(0, int(n.Base-s.first)+1); at <= i; at++ {
		s.intent[at].apply(all)
	}
	for _, key := range append(n.of(v).keys(), n.Gone...) {
		if s.intent[i].changes(key) {
			continue
		}
		delete(all, key)
		if value, there := s.values[key]; there {
			all[key] = value
		}
	}
	for key, value := range all {
		if s.values[key] != value {
			s.origin[key] = i
		}
	}
	maps.DeleteFunc(s.origin, func(key string, _ int) bool { _, there := all[key]; return !there })
	s.values, s.certain = all, true
}

// difference is what somebody meant who knows nothing of the protocol: all that they changed.
func difference(before, after values) intent {
	meant := intent{set: values{}}
	for key, value := range after {
		if old, ok := before[key]; !ok || old != value {
			meant.set[key] = value
		}
	}
	for key := range before {
		if _, ok := after[key]; !ok {
			meant.gone = append(meant.gone, key)
		}
	}
	return meant
}
