package cache

import "sync"

// Recent keeps the values that were put last, so that a process that lives long does not keep all
// that it has ever seen. The zero value is ready for use. It is safe for concurrent use.
type Recent[K comparable, V any] struct {
	mu           sync.Mutex
	newer, older map[K]V
}

// kept is of how many keys a Recent keeps the values at least; twice as many at most.
const kept = 64

// Get returns the value of a key, and false where none is kept.
func (r *Recent[K, V]) Get(key K) (V, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if v, ok := r.newer[key]; ok {
		return v, true
	}
	v, ok := r.older[key]
	if ok {
		r.put(key, v)
	}
	return v, ok
}

// Put keeps a value.
func (r *Recent[K, V]) Put(key K, value V) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.put(key, value)
}

func (r *Recent[K, V]) put(key K, value V) {
	if len(r.newer) >= kept {
		r.newer, r.older = nil, r.newer
	}
	if r.newer == nil {
		r.newer = map[K]V{}
	}
	r.newer[key] = value
}
