package console_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tagboat/tagboat/internal/console"
	"github.com/tagboat/tagboat/internal/expect"
)

// onScreen runs a test on a terminal, in a bubble where time passes at once.
func onScreen(t *testing.T, width, height int, run func(t *testing.T, streams *console.Streams, s *screen)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := newScreen(t, width, height)
		streams := &console.Streams{Err: s, ErrTTY: true, Width: width, Height: height}
		run(t, streams, s)
	})
}

func line(group string, rank int, cells ...string) console.Line {
	l := console.Line{Group: group, Rank: rank}
	for _, text := range cells {
		l.Cells = append(l.Cells, console.Text(text))
	}
	return l
}

func later(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func shows(t *testing.T, s *screen, want string) {
	t.Helper()
	expect.EqualIn(t, "the screen", strings.TrimPrefix(want, "\n"), s.text())
}

func TestLiveIsDrawnInPlace(t *testing.T) {
	onScreen(t, 80, 24, func(t *testing.T, streams *console.Streams, s *screen) {
		streams.Talkf("before\n")
		live := streams.NewLive(0)
		live.Set("a", line("", 0, "dev/a", "rolling", "0/2", "begun"))
		live.Set("b", line("", 0, "dev/long", "applying", "", "registering"))
		later(time.Second)
		shows(t, s, `
before
dev/a     rolling   0/2  begun
dev/long  applying       registering
`)
		live.Set("a", line("", 0, "dev/a", "succeeded", "2/2", ""))
		live.Done()
		streams.Talkf("after\n")
		shows(t, s, `
before
dev/a     succeeded  2/2
dev/long  applying        registering
after
`)
	})
}

func TestLiveTellsAges(t *testing.T) {
	onScreen(t, 80, 24, func(t *testing.T, streams *console.Streams, s *screen) {
		live := streams.NewLive(0)
		going := line("", 0, "a", "rolling", "event")
		going.Began = time.Now()
		live.Set("a", going)
		later(65 * time.Second)
		shows(t, s, "a  rolling  1m5s  event\n")
		going.Ended = time.Now()
		live.Set("a", going)
		later(time.Hour)
		shows(t, s, "a  rolling  1m5s  event\n")
		live.Done()
	})
}

// What does not fit is counted: those are shown that are worth looking at.
func TestLiveCollapses(t *testing.T) {
	onScreen(t, 40, 6, func(t *testing.T, streams *console.Streams, s *screen) {
		live := streams.NewLive(20)
		for i := range 8 {
			live.Set(fmt.Sprint(i), line("rolling", 1, fmt.Sprint("s", i), "rolling", "x"))
		}
		for _, i := range []int{0, 1, 2, 3, 4} {
			live.Set(fmt.Sprint(i), line("succeeded", 2, fmt.Sprint("s", i), "succeeded", ""))
		}
		live.Set("1", line("failed", 0, "s1", "failed", "out of memory"))
		later(time.Second)
		shows(t, s, `
s1  failed   out of memory
s5  rolling  x
s6  rolling  x
s7  rolling  x
… and 4 succeeded, 12 waiting
`)
		for i := range 8 {
			live.Set(fmt.Sprint(i), line("succeeded", 2, fmt.Sprint("s", i), "succeeded", ""))
		}
		live.Done()
		shows(t, s, `
s0  succeeded
s1  succeeded
s2  succeeded
s3  succeeded
… and 4 succeeded, 12 waiting
`)
	})
}

func TestLiveFitsExactly(t *testing.T) {
	onScreen(t, 40, 4, func(t *testing.T, streams *console.Streams, s *screen) {
		live := streams.NewLive(3)
		live.Set("a", line("", 0, "a"))
		later(time.Second)
		shows(t, s, "a\n… and 2 waiting\n")
		live.Set("b", line("", 0, "b"))
		live.Set("c", line("", 0, "c"))
		live.Done()
		shows(t, s, "a\nb\nc\n")
	})
}

// Whatever a line has in it, it is one line, and what is said meanwhile stands above.
func TestLiveKeepsTheTerminal(t *testing.T) {
	onScreen(t, 20, 5, func(t *testing.T, streams *console.Streams, s *screen) {
		live := streams.NewLive(0)
		for i := range 30 {
			live.Set("a", line("", 0, "a", fmt.Sprintf("%d\n\x1b[2Jand\ta rather long line", i)))
			live.Set("b", line("", 0, "b", "x"))
			if i%10 == 5 {
				streams.Talkf("note %d, which is longer than a line\n", i)
			}
			later(time.Second)
		}
		live.Done()
		shows(t, s, `
note 5, which is lon
ger than a line
note 15, which is lo
nger than a line
note 25, which is lo
nger than a line
a  29  [2Jand a rat…
b  x
`)
	})
}

// However much happens, a terminal and a connection to it can follow.
func TestLiveDoesNotFlood(t *testing.T) {
	onScreen(t, 80, 24, func(t *testing.T, streams *console.Streams, s *screen) {
		live := streams.NewLive(500)
		for tick := range 6000 { // a minute
			for i := range 10 {
				live.Set(fmt.Sprint((tick*10+i)%500), line("rolling", 1, "s", fmt.Sprint(tick)))
			}
			<-time.After(10 * time.Millisecond)
		}
		live.Done()
		if writes, bytes := s.drawn(); writes > 700 || bytes > 2_000_000 {
			t.Errorf("%d writes, %d bytes", writes, bytes)
		}
	})
}

// Where nothing changes, nothing is written.
func TestLiveIsStillWhereNothingChanges(t *testing.T) {
	onScreen(t, 80, 24, func(t *testing.T, streams *console.Streams, s *screen) {
		live := streams.NewLive(0)
		for range 600 {
			live.Set("a", line("", 0, "a", "rolling", "x"))
			later(100 * time.Millisecond)
		}
		if writes, _ := s.drawn(); writes != 1 {
			t.Errorf("%d writes", writes)
		}
		live.Done()
	})
}

// A terminal that gets another size is drawn in that one.
func TestLiveFollowsTheSize(t *testing.T) {
	onScreen(t, 80, 24, func(t *testing.T, streams *console.Streams, s *screen) {
		var small atomic.Bool
		streams.Resized = func() (int, int) {
			if small.Load() {
				return 12, 4
			}
			return 80, 24
		}
		live := streams.NewLive(0)
		for i := range 10 {
			live.Set(fmt.Sprint(i), line("rolling", 0, fmt.Sprint("service-", i), "rolling"))
		}
		later(time.Second)
		small.Store(true)
		later(time.Second)
		shows(t, s, "service-0  …\nservice-1  …\n… and 8 rol…\n")
		live.Done()
	})
}

func TestLiveInColour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		streams, _, out := buffers()
		streams.ErrTTY, streams.Color, streams.Width = true, true, 9
		live := streams.NewLive(0)
		live.Set("a", console.Line{Cells: []console.Cell{{Text: "a", Style: console.Strong}, {Text: "failed-badly", Style: console.Bad}}})
		live.Done()
		want := "\x1b[?7l\r\x1b[2K\x1b[1ma\x1b[0m  \x1b[31mfaile…\x1b[0m\n\x1b[?7h"
		expect.Equal(t, want, out.String())
	})
}

// Without a terminal there is a line whenever something changes; a remark alone is told
// now and then.
func TestLiveWithoutATerminal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		streams, _, out := buffers()
		live := streams.NewLive(3)
		live.Set("a", line("", 0, "a", "rolling", "", "event 1"))
		live.Set("b", line("", 0, "b", "rolling", "0/1", ""))
		for i := range 12 { // every two seconds
			live.Set("a", line("", 0, "a", "rolling", "", fmt.Sprintf("event\n::error::%d", i)))
			live.Set("b", line("", 0, "b", "rolling", "0/1", ""))
			<-time.After(2 * time.Second)
		}
		streams.Talkf("note\n")
		live.Set("a", line("", 0, "a", "failed", "1/2", "event 12"))
		live.Done()
		want := `
a  rolling  event 1
b  rolling  0/1
a  rolling  event ::error::5
a  rolling  event ::error::10
note
a  failed  1/2  event 12
`
		expect.Equal(t, strings.TrimPrefix(want, "\n"), out.String())
	})
}
