package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/ledger"
)

const single = "/containers/dev/api"

// projecting is the group with a projection of api.
func projecting() ledger.Group {
	g := group()
	g.Projections = ledger.Projections{Form: ledger.FormURI, Parameters: map[tagboat.ImageName][]string{"api": {single}}}
	return g
}

// pinAPI pins api in the group with its projection.
func pinAPI(ctx context.Context, s ledger.Store, tag string, d tagboat.Digest) error {
	change := ledger.Change{Group: projecting(), Pins: changes{"api": version("shop/api", tag, d)}}
	return expect.Err((&ledger.Ledger{Store: s}).UpdateAll(ctx, []ledger.Change{change}, ledger.Why{}))
}

// shown returns what the projection has.
func shown(t *testing.T, s ledger.Store) string {
	t.Helper()
	got := expect.Value(s.Get(t.Context(), []string{single}))(t)
	return got[single].Value
}

func TestProjectionFollowsThePin(t *testing.T) {
	m := memory()
	for i, c := range []struct {
		tag    string
		digest tagboat.Digest
		calls  int
	}{
		{"1", digest1, 4}, // one read of both, two writes, and both are read again
		{"2", digest2, 4},
		{"2", digest2, 1}, // nothing differs, and the read tells
		{"3", digest2, 2}, // the tag moves, which the projection does not show
	} {
		s := &scripted{Store: m}
		expect.OK(t, pinAPI(t.Context(), s, c.tag, c.digest))
		if s.calls != c.calls {
			t.Errorf("step %d: %d calls, want %d", i, s.calls, c.calls)
		}
		expect.Equal(t, "registry.test/shop/api@"+string(c.digest), shown(t, m))
	}
}

func TestStaleProjectionIsSeenAndRepaired(t *testing.T) {
	m := memory()
	l := &ledger.Ledger{Store: m}
	expect.OK(t, pinAPI(t.Context(), m, "1", digest1))
	update(t, m, projecting(), changes{"api": version("shop/api", "2", digest2)}) // as a writer that died before the projection
	book := expect.Value(l.Read(t.Context(), projecting()))(t)
	got := expect.Value(l.ReadProjections(t.Context(), book))(t)
	want := []ledger.Projection{{
		Image: "api", Parameter: single, Value: "registry.test/shop/api@" + string(digest1), Want: "registry.test/shop/api@" + string(digest2),
	}}
	if diff := cmp.Diff(want, got); diff != "" || !got[0].Stale() {
		t.Error(diff)
	}
	// Whoever pins next repairs it, even if their pin is so already and of another image.
	change := ledger.Change{Group: projecting(), Pins: changes{"proxy": version("shop/proxy", "1", digest1)}}
	expect.Value(l.UpdateAll(t.Context(), []ledger.Change{change}, ledger.Why{}))(t)
	expect.EqualIn(t, "it has", want[0].Want, shown(t, m))
}

// TestLateProjection: the other writer is done, projection and all, between our write of
// the group and ours of the projection. Ours is the older one, and must not stay.
func TestLateProjection(t *testing.T) {
	m := memory()
	s := &scripted{Store: m}
	s.beforePut = []func(){func() {}, func() {
		if err := pinAPI(t.Context(), m, "2", digest2); err != nil {
			t.Error(err)
		}
	}}
	expect.OK(t, pinAPI(t.Context(), s, "1", digest1))
	if got := shown(t, m); !strings.HasSuffix(got, string(digest2)) {
		t.Errorf("the projection has %s, and the ledger %s", got, value(t, m))
	}
}

func TestProjectionsAgreeAfterARace(t *testing.T) {
	m := memory()
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			d := tagboat.Digest("sha256:" + strings.Repeat(fmt.Sprintf("%x", i), 64))
			if err := pinAPI(t.Context(), m, fmt.Sprint(i), d); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if _, digest, _ := strings.Cut(shown(t, m), "@"); !strings.Contains(value(t, m), digest) {
		t.Errorf("the projection has %s, and the ledger %s", digest, value(t, m))
	}
}

func TestProjectionOverwritesNothingElse(t *testing.T) {
	for name, p := range map[string]ledger.Parameter{
		"a secret":      {Value: "AQICAHh", Type: "SecureString"},
		"another image": {Value: "registry.test/shop/web@" + string(digest1)},
		"a text":        {Value: "hello, world"},
	} {
		t.Run(name, func(t *testing.T) {
			p.Name, p.Version = single, 1
			s := &scripted{Store: found{memory(), p}}
			err := pinAPI(t.Context(), s, "1", digest1)
			var e *tagboat.Error
			if !errors.As(err, &e) || e.Kind != tagboat.Usage || e.Hint == "" || len(s.puts) != 0 || !strings.Contains(err.Error(), single) {
				t.Errorf("%d writes, %v", len(s.puts), err)
			}
		})
	}
}

// found is a Store that has one more parameter.
type found struct {
	ledger.Store
	more ledger.Parameter
}

func (s found) Get(ctx context.Context, names []string) (map[string]ledger.Parameter, error) {
	got, err := s.Store.Get(ctx, names)
	for _, name := range names {
		if name == s.more.Name {
			got[name] = s.more
		}
	}
	return got, err
}

func TestPinThatCannotBeProjected(t *testing.T) {
	s := &scripted{Store: memory()}
	g := projecting()
	g.Projections.Form = ledger.FormTag
	change := ledger.Change{Group: g, Pins: changes{"api": version("shop/api", "", digest1)}}
	_, err := (&ledger.Ledger{Store: s}).UpdateAll(t.Context(), []ledger.Change{change}, ledger.Why{})
	if tagboat.KindOf(err) != tagboat.Usage || len(s.puts) != 0 {
		t.Errorf("%d writes, %v", len(s.puts), err)
	}
}

// TestReadThatIsBehind: the read after the writes has the group as it was before them. What
// we wrote ourselves is known better.
func TestReadThatIsBehind(t *testing.T) {
	m := memory()
	expect.OK(t, pinAPI(t.Context(), m, "1", digest1))
	s := &scripted{Store: &lagging{Store: m}}
	expect.OK(t, pinAPI(t.Context(), s, "2", digest2))
	expect.EqualIn(t, "writes", 2, len(s.puts))
}

// lagging is a Store whose second Get has the group as the first one had it.
type lagging struct {
	ledger.Store
	first ledger.Parameter
	gets  int
}

func (s *lagging) Get(ctx context.Context, names []string) (map[string]ledger.Parameter, error) {
	got, err := s.Store.Get(ctx, names)
	switch s.gets++; s.gets {
	case 1:
		s.first = got[parameter]
	case 2:
		got[parameter] = s.first
	}
	return got, err
}
