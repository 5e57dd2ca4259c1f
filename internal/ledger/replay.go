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

// apply makes what the writer of version i meant. The oldest version that is kept
// stands for all that came before it.
func (s *state) apply(i int, p Parameter, v values) {
	if n, ours := noteOf(p); ours && i > 0 {
		for _, key := range n.keys(v) {
			s.values[key], s.origin[key] = v[key], i
		}
		return
	}
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
