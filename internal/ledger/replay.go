package ledger

import "maps"

// state is what a history comes to.
type state struct {
	values values         // with every update in it
	origin map[string]int // key to the index of the version that last meant to set it
	head   Parameter      // the newest version; the zero value where there is none
	stored values         // what the newest version holds
}

// torn tells whether the newest version lacks an update that the history has.
func (s state) torn() bool { return !maps.Equal(s.values, s.stored) }

// replay works out what a parameter should hold. A version whose value is no flat
// object of strings changes nothing, unless it is the newest: that is an error of kind
// Usage, because writing over it could destroy what somebody meant.
func replay(history []Parameter) (state, error) {
	s := state{values: values{}, origin: map[string]int{}, stored: values{}}
	for i, p := range history {
		v, err := valuesOf(p)
		if err != nil && i == len(history)-1 {
			return state{}, err
		}
		s.head = p
		if err != nil {
			continue
		}
		s.apply(i, p, v)
		s.stored = v
	}
	return s, nil
}

// apply makes what the writer of version i meant. The oldest version that is kept stands
// for all that came before it, and so does one that is whole.
func (s *state) apply(i int, p Parameter, v values) {
	n, ours := noteOf(p)
	if ours && i > 0 {
		if n.Base == p.Version-1 && p.whole(v) {
			s.restart(i, v)
		}
		for _, key := range n.keys(v) {
			s.values[key], s.origin[key] = v[key], i
		}
		return
	}
	s.others(i, v)
}

// restart takes v for everything before version i: what brought it about may be older than
// the history.
func (s *state) restart(i int, v values) {
	for key, value := range v {
		if s.values[key] != value {
			s.origin[key] = i
		}
	}
	for key := range s.origin {
		if _, ok := v[key]; !ok {
			delete(s.origin, key)
		}
	}
	s.values = maps.Clone(v)
}

// others applies what somebody else wrote: every key that they changed.
func (s *state) others(i int, v values) {
	for key, value := range v {
		if old, ok := s.stored[key]; !ok || old != value {
			s.values[key], s.origin[key] = value, i
		}
	}
	for key := range s.stored {
		if _, ok := v[key]; !ok {
			delete(s.values, key)
			delete(s.origin, key)
		}
	}
}
