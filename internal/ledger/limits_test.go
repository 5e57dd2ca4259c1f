package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/ledger"
)

// repeating is a Store whose client makes a write twice: something happens between.
type repeating struct {
	ledger.Store
	between func()
}

func (s *repeating) Put(ctx context.Context, p ledger.Put) (int64, error) {
	version, err := s.Store.Put(ctx, p)
	if between := s.between; between != nil && err == nil {
		s.between = nil
		between()
		return s.Store.Put(ctx, p)
	}
	return version, err
}

// TestARepeatedWriteIsTheSameOne has the answer of a write get lost, somebody see the write
// and pin something else, and the client write again.
func TestARepeatedWriteIsTheSameOne(t *testing.T) {
	m := memory()
	update(t, m, group(), changes{"api": version("shop/api", "0", digest1)})
	s := &repeating{Store: m, between: func() { update(t, m, group(), apiTwo) }}
	r := update(t, s, group(), apiOne)
	expect.Equal(t, `{"api":"2@`+string(digest2)+`"}`, value(t, m))
	if len(r.Overtaken) != 1 || r.Overtaken[0].Version != 3 || r.Wrote != 2 {
		t.Errorf("%+v", r)
	}
}

// TestADelayedWriteIsTheSameOne has a write arrive once more when its writer is long gone.
func TestADelayedWriteIsTheSameOne(t *testing.T) {
	m := memory()
	update(t, m, group(), proxyOne)
	s := &scripted{Store: m}
	update(t, s, group(), apiOne)
	update(t, m, group(), apiTwo)
	expect.Value(m.Put(t.Context(), s.puts[0]))(t)
	book, err := (&ledger.Ledger{Store: m}).Read(t.Context(), group())
	if pin, _ := book.Pin("dev", "api"); err != nil || pin.Tag != "2" {
		t.Errorf("%+v, %v", pin, err)
	}
	expect.EqualIn(t, "a reader left", `{"api":"2@`+string(digest2)+`","proxy":"1@`+string(digest1)+`"}`, value(t, m))
}

// TestTheLaterOneYieldsAtTheLimit has two pins that fit each, and not both.
func TestTheLaterOneYieldsAtTheLimit(t *testing.T) {
	m := memory()
	g, pins := crowd(47, "")
	start := changes{}
	for image, ref := range pins {
		if image != "service00" && image != "service01" && image != "service02" {
			start[image] = ref
		}
	}
	update(t, m, g, start) // 44 fit, and one more
	s := &scripted{Store: m}
	s.beforePut = []func(){func() { update(t, m, g, changes{"service00": pins["service00"]}) }}
	_, err := (&ledger.Ledger{Store: s}).Update(t.Context(), g, changes{"service01": pins["service01"]}, ledger.Why{})
	if err == nil || tagboat.KindOf(err) != tagboat.Internal || !strings.Contains(err.Error(), "others filled parameter") {
		t.Errorf("the later one hears %v", err)
	}
	if got := decode(value(t, m)); got["service00"] == "" || got["service01"] != "" {
		t.Errorf("service00 was acknowledged: %q, %q", got["service00"], got["service01"])
	}
	update(t, m, g, changes{"service05": version("service05", "2.0", digest2)}) // as large as before
}

// TestALabelThatWouldHinderARepair has somebody's label on one of the oldest versions: a
// write is refused as long as nothing has happened.
func TestALabelThatWouldHinderARepair(t *testing.T) {
	m := memory()
	for n := range 100 {
		update(t, m, group(), changes{"api": version("shop/api", fmt.Sprint(n), digest1)})
	}
	expect.OK(t, m.Label(t.Context(), parameter, 2, "release-7"))
	s := &scripted{Store: m}
	s.beforePut = []func(){func() { t.Error("it wrote what nobody could have repaired") }}
	_, err := (&ledger.Ledger{Store: s}).Update(t.Context(), group(), proxyOne, ledger.Why{})
	var e *tagboat.Error
	if !errors.As(err, &e) || e.Kind != tagboat.Usage || !strings.Contains(e.Hint, "--parameter-version 2 --labels release-7") {
		t.Errorf("%v", err)
	}
	expect.OK(t, m.Unlabel(t.Context(), parameter, 2, []string{"release-7"}))
	s.beforePut, s.calls = nil, 0
	if update(t, s, group(), proxyOne); s.calls != 3 {
		t.Errorf("%d calls where the oldest version has to go", s.calls)
	}
}

// barrier is a Store that lets nobody write before all have read.
type barrier struct {
	ledger.Store
	all *sync.WaitGroup
}

func (s *barrier) Put(ctx context.Context, p ledger.Put) (int64, error) {
	if s.all != nil {
		s.all.Done()
		s.all.Wait()
		s.all = nil
	}
	return s.Store.Put(ctx, p)
}

// rated is a Store that takes three writes a second, as Parameter Store does.
type rated struct {
	ledger.Store
	tokens *rate.Limiter
}

func (s *rated) Put(ctx context.Context, p ledger.Put) (int64, error) {
	if !s.tokens.Allow() {
		return 0, ledger.ErrThrottled
	}
	return s.Store.Put(ctx, p)
}

// TestMoreThanAHundredAtOnce has more writers than versions are kept write over one version,
// each an image of its own, as fast as Parameter Store lets them. Nobody else pins theirs, so
// that all of them count.
func TestMoreThanAHundredAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const writers = 130
		m := memory()
		g := group()
		g.Tier, g.Form = ledger.TierAdvanced, ledger.FormTag
		for n := range writers {
			g.Images[tagboat.ImageName(fmt.Sprint("image", n))] = repository("x")
		}
		update(t, m, g, proxyOne)
		var read, all sync.WaitGroup
		read.Add(writers)
		aws := &rated{m, rate.NewLimiter(3, 3)}
		start, calls := time.Now(), make([]int, writers)
		for n := range writers {
			all.Go(func() {
				image := tagboat.ImageName(fmt.Sprint("image", n))
				s := &barrier{aws, &read}
				r, err := (&ledger.Ledger{Store: s}).Update(t.Context(), g, changes{image: version("x", "1", digest1)}, ledger.Why{})
				if err != nil || len(r.Overtaken) > 0 || r.Uncertain {
					t.Errorf("%s: %+v, %v", image, r.Overtaken, err)
				}
				calls[n] = r.Calls
			})
		}
		all.Wait()
		if got := decode(value(t, m)); len(got) != writers+1 {
			t.Errorf("%d images are pinned", len(got)-1)
		}
		t.Logf("%d writers took %s and at most %d calls each", writers, time.Since(start), slices.Max(calls))
	})
}

// TestADeletedParameterIsSeen has somebody delete the parameter between a writer's read and
// its write, and somebody else make it again.
func TestADeletedParameterIsSeen(t *testing.T) {
	for _, versions := range []int{0, 1, 4} { // of the parameter that was made again
		t.Run(fmt.Sprint(versions), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := memory()
				update(t, m, images(), changes{"api": version("shop/api", "0", digest1), "agent": version("shop/agent", "0", digest1)})
				update(t, m, images(), apiTwo)
				s := &scripted{Store: m}
				s.beforePut = []func(){func() {
					m.Delete(parameter)
					for n := range versions {
						update(t, m, images(), changes{"proxy": version("shop/proxy", fmt.Sprint(n), digest1)})
					}
				}}
				r := update(t, s, images(), apiOne)
				want := map[string]string{"api": "1@" + string(digest1)}
				if versions > 0 {
					want["proxy"] = fmt.Sprint(versions-1) + "@" + string(digest1)
				}
				expect.Equal(t, want, decode(value(t, m)))
				expect.EqualIn(t, "forgotten", []string{"agent"}, r.Forgotten)
			})
		})
	}
}

// TestADeletionThatLooksLikeNothingIsSeenByTheHistory has a parameter made again with just as
// many versions as it had: a writer cannot tell, and whoever reads the history can.
func TestADeletionThatLooksLikeNothingIsSeenByTheHistory(t *testing.T) {
	m := memory()
	update(t, m, images(), apiTwo)
	s := &scripted{Store: m}
	s.beforePut = []func(){func() {
		m.Delete(parameter)
		update(t, m, images(), proxyOne)
	}}
	update(t, s, images(), apiOne)
	book, err := (&ledger.Ledger{Store: m}).Audit(t.Context(), images())
	if _, there := book.Pin("dev", "proxy"); err != nil || !there || !book.Entries[0].Torn {
		t.Errorf("%+v, %v", book, err)
	}
}

// TestNobodyCanTell has a writer die over a torn write, and a hundred strangers write after
// it: what it overwrote is in no version any more.
func TestNobodyCanTell(t *testing.T) {
	m := memory()
	tear(t, m)
	for n := range 100 {
		put := ledger.Put{Name: parameter, Value: fmt.Sprintf(`{"api":"%d","other":"x"}`, n), Overwrite: true}
		expect.Value(m.Put(t.Context(), put))(t)
	}
	l := &ledger.Ledger{Store: m}
	book, err := l.Read(t.Context(), group())
	if err != nil || !book.Entries[0].Uncertain {
		t.Errorf("a reader is certain: %+v, %v", book, err)
	}
	if book, err = l.Audit(t.Context(), group()); err != nil || !book.Entries[0].Uncertain {
		t.Errorf("whoever reads the history is certain: %+v, %v", book, err)
	}
	if r := update(t, m, group(), apiOne); !r.Uncertain {
		t.Errorf("a writer is certain: %+v", r)
	}
	if book, err = l.Read(t.Context(), group()); err != nil || book.Entries[0].Uncertain {
		t.Errorf("after one that was told: %+v, %v", book, err)
	}
}

// blind is a Store whose histories may not be read.
type blind struct{ ledger.Store }

var errDenied = tagboat.Usagef("AccessDeniedException")

func (blind) History(context.Context, string) ([]ledger.Parameter, error) { return nil, errDenied }

// TestWithoutAHistoryThePinStands has a writer overwrite another's update, and not be allowed
// to read what that was: single versions tell.
func TestWithoutAHistoryThePinStands(t *testing.T) {
	m := memory()
	update(t, m, group(), apiTwo)
	s := &scripted{Store: m}
	s.beforePut = []func(){func() { update(t, m, group(), proxyOne) }}
	_, err := (&ledger.Ledger{Store: blind{s}}).Update(t.Context(), group(), apiOne, ledger.Why{})
	if !errors.Is(err, errDenied) || tagboat.KindOf(err) == tagboat.Usage {
		t.Errorf("kind %v: %v", tagboat.KindOf(err), err)
	}
	for _, words := range []string{"stands, as version 3", "overwrote", "proxy"} {
		if err != nil && !strings.Contains(err.Error(), words) {
			t.Errorf("no %q in %v", words, err)
		}
	}
}

// TestTwoMakeRoomAtOnce has another writer take our label off the oldest version, and write,
// before this one does.
func TestTwoMakeRoomAtOnce(t *testing.T) {
	m := memory()
	m.Versions = 4
	l := &ledger.Ledger{Store: m}
	for n := range 4 {
		update(t, m, group(), changes{"api": version("shop/api", fmt.Sprint(n), digest1)})
	}
	expect.OK(t, l.Label(t.Context(), group(), 1, ledger.BeforeRollback))
	s := &unlabelling{Store: m, before: func() { update(t, m, group(), proxyOne) }}
	update(t, s, group(), apiTwo)
	want := `{"api":"2@` + string(digest2) + `","proxy":"1@` + string(digest1) + `"}`
	expect.Equal(t, want, value(t, m))
}

// unlabelling is a Store in which something happens before the first label goes.
type unlabelling struct {
	ledger.Store
	before func()
}

func (s *unlabelling) Unlabel(ctx context.Context, name string, version int64, labels []string) error {
	if before := s.before; before != nil {
		s.before = nil
		before()
	}
	return s.Store.Unlabel(ctx, name, version, labels)
}
