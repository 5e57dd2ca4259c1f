package ledger_test

import (
	"context"
	"encoding/json"
	"os"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/ledger"
)

// TestEveryInterleaving looks at every state that three writers and a reader can reach,
// each of which may die before or after every call, reads may be behind, and clients
// repeat writes whose answer got lost. TAGBOAT_EXHAUSTIVE=1 has them all at once; without
// it each by itself.
func TestEveryInterleaving(t *testing.T) {
	first := changes{"api": version("a", "first", digest1), "proxy": version("p", "first", digest1)}
	agent := changes{"agent": version("shop/agent", "1", digest1)}
	full := os.Getenv("TAGBOAT_EXHAUSTIVE") != ""
	for _, s := range []scenario{
		{name: "two that read behind", writers: []changes{apiOne, proxyOne}, behind: 2, lost: 2},
		{name: "two on the same image", start: first, writers: []changes{apiOne, apiTwo}, behind: 2, lost: 2},
		{name: "one, other and both", writers: []changes{apiOne, {"api": version("shop/api", "2", digest2), "proxy": version("shop/proxy", "2", digest2)}}, behind: 1, lost: 2},
		{name: "three create it", writers: []changes{apiOne, proxyOne, agent}},
		{name: "three on one that exists", start: first, writers: []changes{apiOne, proxyOne, agent}},
		{name: "three, two on the same image", start: first, writers: []changes{apiOne, proxyOne, apiTwo}},
		{name: "three that survive and read behind", start: first, writers: []changes{apiOne, proxyOne, agent}, behind: 1, survive: true},
		{name: "a stranger among two", start: first, writers: []changes{proxyOne, agent}, foreign: "9"},
		{name: "few versions are kept", start: first, writers: []changes{apiOne, proxyOne, agent}, keeps: 5},
		{name: "three that lose answers", start: first, writers: []changes{apiOne, proxyOne, apiTwo}, lost: 1, survive: true},
		{name: "three that die and read behind", start: first, writers: []changes{apiOne, proxyOne, apiTwo}, behind: 1},
	} {
		t.Run(s.name, func(t *testing.T) {
			if !full && (len(s.writers) > 2 && (s.behind > 0 || s.lost > 0 || s.foreign != "")) {
				t.Skip("takes minutes: make proof")
			}
			synctest.Test(t, func(t *testing.T) {
				found := explore(t.Context(), s, func(w *world, ended bool, path []move) bool {
					look(t, w)
					if ended {
						lookAtTheEnd(t, w)
					}
					if t.Failed() {
						t.Logf("after %v:\n%s", path, w)
					}
					return !t.Failed()
				})
				if found.ends == 0 {
					t.Error("nothing ever ended")
				}
				t.Logf("%d states, %d of them ends", found.states, found.ends)
			})
		})
	}
}

// images is a group that has all images of the scenarios.
func images() ledger.Group {
	g := group()
	g.Images["agent"] = repository("shop/agent")
	return g
}

// look checks what readers see now, be they behind or not, and what writers were told.
func look(t *testing.T, w *world) {
	t.Helper()
	for n := len(w.puts); n >= max(0, len(w.puts)-2); n-- {
		want := w.meant(n)
		if got := read(t, refusing{w.stored(n)}, w.keeps); !cmp.Equal(want, got) {
			t.Errorf("after version %d a reader sees something else than was meant: %s", n, cmp.Diff(want, got))
		}
	}
	for i, a := range w.actors {
		if a.receipt == nil {
			continue
		}
		if len(a.own) == 0 {
			t.Errorf("writer %d was told that it is done, and never wrote", i)
		}
		mine, then := map[string]string{}, w.meant(int(a.receipt.Version))
		set(mine, a.wants)
		for key, value := range mine {
			if then[key] != value && len(a.receipt.Overtaken) == 0 {
				t.Errorf("writer %d was told that all is well, and %s was %s then", i, key, then[key])
			}
		}
	}
}

// lookAtTheEnd checks that nothing is missing where all lived, and that whoever comes next
// brings back what is missing: a reader, or a writer.
func lookAtTheEnd(t *testing.T, w *world) {
	t.Helper()
	want, died := w.meant(len(w.puts)), false
	for i, a := range w.actors {
		died = died || a.dead
		if !a.dead && !a.foreign && a.receipt == nil {
			t.Errorf("writer %d lived and was told nothing", i)
		}
	}
	if got := holds(w.memory); !died && w.foreign == "" && !cmp.Equal(want, got) {
		t.Errorf("all lived, and something is missing: %s", cmp.Diff(want, got))
	}
	after := w.stored(len(w.puts))
	read(t, after, w.keeps)
	if got := holds(after); !cmp.Equal(want, got) {
		t.Errorf("a reader left it torn: %s", cmp.Diff(want, got))
	}
	after = w.stored(len(w.puts))
	next := changes{"agent": version("shop/agent", "next", digest2)}
	set(want, next)
	expect.Value((&ledger.Ledger{Store: after, Versions: w.keeps}).Update(t.Context(), images(), next, ledger.Why{}))(t)
	if got := holds(after); !cmp.Equal(want, got) {
		t.Errorf("the next writer left it torn: %s", cmp.Diff(want, got))
	}
}

// read returns what a reader takes for the pins, as tags and digests.
func read(t *testing.T, s ledger.Store, kept int) map[string]string {
	t.Helper()
	book := expect.Value((&ledger.Ledger{Store: s, Versions: kept}).Read(t.Context(), images()))(t)
	got := map[string]string{}
	for _, pin := range book.Pins("dev") {
		set(got, map[tagboat.ImageName]tagboat.Reference{pin.Image: pin.Reference()})
		if pin.Digest == "" {
			got[string(pin.Image)] = pin.Tag
		}
	}
	return got
}

// holds returns what is really stored.
func holds(m *ledger.Memory) map[string]string {
	got, err := m.Get(context.Background(), []string{parameter})
	if err != nil {
		panic(err)
	}
	return decode(got[parameter].Value)
}

func decode(value string) map[string]string {
	v := map[string]string{}
	if value == "" {
		return v
	}
	if err := json.Unmarshal([]byte(value), &v); err != nil {
		panic(err)
	}
	return v
}

func encode(value map[string]string) string {
	data, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return string(data)
}
