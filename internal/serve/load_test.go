package serve_test

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/serve"
	"github.com/tagboat/tagboat/internal/serve/board"
	"github.com/tagboat/tagboat/internal/serve/desk"
	"github.com/tagboat/tagboat/internal/serve/page"
)

var full = flag.Bool("full", false, "load tests of a minute")

// changing is an ECS in which something changes all the time: 20 services in 6 environments, each of an
// account of its own. A version is the number of the change that brought it.
type changing struct {
	mu    sync.Mutex
	cells map[tagboat.EnvName][]int
	at    []time.Time // of changes
	n     int
}

const loadServices, loadEnvironments = 20, 6

func loadConfig() *config.Config {
	c := &config.Config{
		App: "shop", Stages: []config.Stage{{Name: "prod"}},
		Environments: map[tagboat.EnvName]config.Environment{}, Services: map[tagboat.ServiceName]config.Service{},
	}
	for i := range loadEnvironments {
		name := tagboat.EnvName(fmt.Sprintf("e%d-prod", i))
		c.Environments[name] = config.Environment{Name: name, Stage: "prod", Tenant: fmt.Sprintf("e%d", i), Account: fmt.Sprintf("%012d", i+1), Region: "us-east-1"}
	}
	for i := range loadServices {
		name := tagboat.ServiceName(fmt.Sprintf("s%02d", i))
		c.Services[name] = config.Service{Name: name}
	}
	return c
}

// change changes the next cell, and returns where.
func (e *changing) change() tagboat.EnvName {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.n++
	env := tagboat.EnvName(fmt.Sprintf("e%d-prod", e.n%loadEnvironments))
	e.cells[env][e.n/loadEnvironments%loadServices] = e.n
	e.at = append(e.at, time.Now())
	return env
}

func (e *changing) since(change int) time.Duration {
	e.mu.Lock()
	defer e.mu.Unlock()
	return time.Since(e.at[change-1])
}

func (e *changing) look(_ context.Context, s fleet.Selection) (tagboat.StatusDocument, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	var d tagboat.StatusDocument
	for _, env := range s.Environments {
		for i, version := range e.cells[env] {
			d.Services = append(d.Services, tagboat.ServiceStatus{
				Environment: env, Stage: "prod", Service: tagboat.ServiceName(fmt.Sprintf("s%02d", i)), State: "steady", MainContainer: "app", Healthy: 1, Desired: 1,
				Images: []tagboat.ImageState{{Container: "app", Image: "app", Running: tagboat.Digest("sha256:" + strings.Repeat("a", 64)), RunningTag: fmt.Sprintf("change-%d-", version)}},
			})
		}
	}
	return d, nil
}

// loaded is a server under load.
type loaded struct {
	t       *testing.T
	c       *config.Config
	e       *changing
	b       *board.Board
	addr    string
	streams atomic.Int64 // that the server has open
	heard   atomic.Int64
	newest  []atomic.Int64       // change that each reader has seen
	delays  [10_000]atomic.Int64 // how often it took so many ms from a change to a reader's first sight of it
}

// sights returns how many there were, and the time within which a part of them came.
func (l *loaded) sights() (all int, within func(part float64) time.Duration) {
	for i := range l.delays {
		all += int(l.delays[i].Load())
	}
	return all, func(part float64) time.Duration {
		left := int(float64(all) * part)
		for i := range l.delays {
			if left -= int(l.delays[i].Load()); left <= 0 {
				return time.Duration(i) * time.Millisecond
			}
		}
		return time.Duration(len(l.delays)) * time.Millisecond
	}
}

// newLoad returns a board of what changes, and nobody who sees it.
func newLoad(t *testing.T) *loaded {
	t.Helper()
	l := &loaded{t: t, c: loadConfig(), e: &changing{cells: map[tagboat.EnvName][]int{}}}
	for env := range l.c.Environments {
		l.e.cells[env] = make([]int, loadServices)
	}
	l.b = board.New(board.Options{Config: l.c, Environments: l.c.SortedEnvironments(), Look: l.e.look, Sweep: time.Hour})
	return l
}

// server returns a server of the page that counts its streams.
func (l *loaded) server(at net.Listener) *serve.Server {
	shown := page.New(page.Options{Config: l.c, Board: l.b, Desk: desk.New(l.t.Context(), desk.Options{Config: l.c, Board: l.b})})
	counted := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.streams.Add(1)
		defer l.streams.Add(-1)
		shown.ServeHTTP(w, r)
	})
	return &serve.Server{
		Listener: at, Log: slog.New(slog.DiscardHandler), Beside: []func(context.Context) error{l.b.Run},
		Handler: serve.Parts{Door: func(next http.Handler) http.Handler { return next }, Page: counted}.Handler(),
	}
}

// small gives connections a small buffer, so that who does not read is noticed soon.
type small struct{ net.Listener }

// Accept implements net.Listener.
func (s small) Accept() (net.Conn, error) {
	conn, err := s.Listener.Accept()
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetWriteBuffer(32 << 10) // else it takes a minute until megabytes are full
	}
	return conn, err
}

// read reads a stream to its end.
func (l *loaded) read(ctx context.Context, newest *atomic.Int64) {
	request := expect.Value(http.NewRequestWithContext(ctx, http.MethodGet, l.addr+"/live?after="+l.b.Boot()+"-"+strconv.FormatUint(l.b.Now().ID, 10), nil))(l.t)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		l.t.Error(err)
		return
	}
	defer answer.Body.Close()
	l.heard.Add(1)
	version := regexp.MustCompile(`change-(\d+)-`)
	lines := bufio.NewReaderSize(answer.Body, 4<<10)
	seen := make([]bool, 4096) // by change
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			break
		}
		for _, found := range version.FindAllStringSubmatch(line, -1) {
			n, _ := strconv.Atoi(found[1])
			if n == 0 || seen[n] {
				continue
			}
			seen[n] = true
			newest.Store(max(newest.Load(), int64(n)))
			l.delays[min(int(l.e.since(n).Milliseconds()), len(l.delays)-1)].Add(1)
		}
	}
}

// heap returns what is in use after a collection.
func heap() (inUse, stacks uint64) {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc, m.StackInuse
}

// TestManyStreams holds that hundreds of streams see thirty changes a second soon, that memory stays flat,
// and that who reads nothing is dropped and holds nobody up.
func TestManyStreams(t *testing.T) {
	readers, lasts := 100, 3*time.Second
	if *full {
		readers, lasts = 500, time.Minute
	}
	l := newLoad(t)
	listener := expect.Value(new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0"))(t)
	l.addr = "http://" + listener.Addr().String()
	server := l.server(small{listener})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx) }()
	for l.b.Now().At.IsZero() {
		<-time.After(time.Millisecond)
	}
	empty, noStacks := heap()

	var all sync.WaitGroup
	l.newest = make([]atomic.Int64, readers)
	for i := range readers {
		all.Go(func() { l.read(t.Context(), &l.newest[i]) })
	}
	dead := l.dead()
	defer dead.Close()
	for l.heard.Load() < int64(readers) {
		<-time.After(10 * time.Millisecond)
	}
	changes := l.changes(ctx, lasts/4)
	before, stacks := heap()
	changes += l.changes(ctx, lasts-lasts/4)
	after, _ := heap()
	current := l.current(time.Minute)
	dropped := !*full || l.waitFor(int64(readers), 20*time.Second) // TestWhoReadsNothingIsDropped is quicker
	stop()
	expect.OK(t, <-ended)
	all.Wait()

	sights, at := l.sights()
	t.Logf("%d streams, %d changes in %v: %d sights; from a change to its reader %v at the median, %v at the 99th percentile, %v at most",
		readers, changes, lasts, sights, at(0.5), at(0.99), at(1))
	t.Logf("memory for each stream and its reader: %d kB; growth in the last three quarters: %d kB", (before+stacks-empty-noStacks)/uint64(readers)>>10, (int64(after)-int64(before))>>10)
	if !dropped {
		t.Errorf("%d streams are open, so that who reads nothing was not dropped", l.streams.Load())
	}
	if !current {
		t.Error("a reader never saw the last change")
	}
	if growth := int64(after) - int64(before); growth > 64<<20 { // while events fill the ring, each with its HTML
		t.Errorf("memory grew by %d MB", growth>>20)
	}
}

// current waits until every reader has seen the last change, and reports whether that came.
func (l *loaded) current(most time.Duration) bool {
	for began := time.Now(); time.Since(began) < most; <-time.After(10 * time.Millisecond) {
		l.e.mu.Lock()
		last := int64(l.e.n)
		l.e.mu.Unlock()
		behind := false
		for i := range l.newest {
			behind = behind || l.newest[i].Load() < last
		}
		if !behind {
			return true
		}
	}
	return false
}

// pipe is a listener whose connections are in memory, and have no buffer.
type pipe struct {
	conns  chan net.Conn
	closed chan struct{}
}

// Accept, Close and Addr implement net.Listener.
func (p pipe) Accept() (net.Conn, error) {
	select {
	case conn := <-p.conns:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}
func (p pipe) Close() error   { close(p.closed); return nil }
func (p pipe) Addr() net.Addr { return &net.TCPAddr{} }

// TestWhoReadsNothingIsDropped holds that a stream which nobody reads ends by its write deadline.
func TestWhoReadsNothingIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLoad(t)
		at := pipe{make(chan net.Conn), make(chan struct{})}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- l.server(at).Run(ctx) }()
		ours, theirs := net.Pipe()
		at.conns <- theirs
		expect.Value(io.WriteString(ours, "GET /live HTTP/1.1\r\nHost: here\r\n\r\n"))(t)
		synctest.Wait()
		expect.Equal(t, 1, l.streams.Load())
		<-time.After(11 * time.Second)
		synctest.Wait()
		expect.Equal(t, 0, l.streams.Load())
		_ = ours.Close() // the server closed its end
		stop()
		expect.OK(t, <-ended)
	})
}

// changes changes thirty cells a second, of which an event tells, and returns how many it changed.
func (l *loaded) changes(ctx context.Context, lasts time.Duration) int {
	tick := time.NewTicker(time.Second / 30)
	defer tick.Stop()
	ends := time.After(lasts)
	for n := 0; ; n++ {
		select {
		case <-tick.C:
			l.b.Nudge(l.e.change())
		case <-ends:
			return n
		case <-ctx.Done():
			return n
		}
	}
}

// dead asks for a stream and reads nothing of it.
func (l *loaded) dead() net.Conn {
	conn := expect.Value(new(net.Dialer).DialContext(l.t.Context(), "tcp", strings.TrimPrefix(l.addr, "http://")))(l.t)
	expect.OK(l.t, conn.(*net.TCPConn).SetReadBuffer(4<<10))
	expect.Value(io.WriteString(conn, "GET /live HTTP/1.1\r\nHost: here\r\n\r\n"))(l.t)
	return conn
}

// waitFor goes on changing until only so many streams are open, and reports whether that came.
func (l *loaded) waitFor(streams int64, most time.Duration) bool {
	ctx, cancel := context.WithTimeout(l.t.Context(), most)
	defer cancel()
	for l.streams.Load() > streams && !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		l.changes(ctx, 500*time.Millisecond)
	}
	return l.streams.Load() <= streams
}
