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

	first  int64    // the oldest version that is kept
	intent []intent // of each version, by index
}

// intent is what the writer of one version meant.
type intent struct {
	set  values
	gone []string
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

// torn tells whether the newest version lacks an update that the history has.
func (s state) torn() bool { return !maps.Equal(s.values, s.stored) }

// replay works out what a parameter should hold. A version whose value is no flat
// object of strings changes nothing, unless it is the newest: that is an error of kind
// Usage, because writing over it could destroy what somebody meant.
func replay(history []Parameter) (state, error) {
	s := nothing()
	for i, p := range history {
		if err := s.take(i, p); err != nil && i == len(history)-1 {
			return state{}, err
		}
	}
	return s, nil
}

// nothing is what no history comes to.
func nothing() state {
	return state{values: values{}, origin: map[string]int{}, stored: values{}}
}

// take takes version i in; an error says that its value is no flat object of strings.
func (s *state) take(i int, p Parameter) error {
	s.head = p
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
	now.values, now.origin = maps.Clone(s.values), maps.Clone(s.origin)
	return now
}

// apply makes what the writer of version i meant. The oldest version that is kept stands
// for all that came before it.
func (s *state) apply(i int, p Parameter, v values) {
	n, ours := noteOf(p)
	if i == 0 {
		s.first, ours = p.Version, false
	}
	meant := changed(s.stored, v)
	if ours {
		meant = intent{set: n.of(v)}
	}
	s.intent = append(s.intent, meant)
	meant.apply(s.values)
	for key := range meant.set {
		s.origin[key] = i
	}
	for _, key := range meant.gone {
		delete(s.origin, key)
	}
	if ours && n.Base >= s.first-1 {
		s.trust(i, n.Base, v)
	}
}

// trust takes version i of ours at its word: it holds all that was meant up to its base,
// since its writer had read that, and what was meant after that is in the history. So what
// brought a key about may be older than the history.
func (s *state) trust(i int, base int64, v values) {
	all := maps.Clone(v)
	for at := max(0, int(base-s.first)+1); at <= i; at++ {
		s.intent[at].apply(all)
	}
	for key, value := range all {
		if s.values[key] != value {
			s.origin[key] = i
		}
	}
	maps.DeleteFunc(s.origin, func(key string, _ int) bool { _, there := all[key]; return !there })
	s.values = all
}

// changed is what somebody meant who knows nothing of the protocol: all that they changed.
func changed(before, after values) intent {
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
