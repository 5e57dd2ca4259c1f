package cache_test

import (
	"testing"

	"github.com/tagboat/tagboat/internal/cache"
)

// TestRecent keeps what is in use, and not all that there ever was.
func TestRecent(t *testing.T) {
	var r cache.Recent[int, string]
	if _, ok := r.Get(1); ok {
		t.Error("there is a value that nobody put")
	}
	r.Put(-1, "in use")
	for i := range 1000 {
		r.Put(i, "once")
		if v, ok := r.Get(-1); !ok || v != "in use" {
			t.Fatalf("after %d others it is %q, %t", i+1, v, ok)
		}
	}
	kept := 0
	for i := range 1000 {
		if _, ok := r.Get(i); ok {
			kept++
		}
	}
	if kept < 60 || kept > 130 {
		t.Errorf("%d of 1000 are kept", kept)
	}
}
