package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"sync"
	"syscall"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/console"
)

// Listen returns a context that ends when somebody stops the process: with Ctrl-C or
// SIGTERM, or because the terminal went away (SIGHUP). What must not be left halfway goes on
// without the terminal: outlasting. A second Ctrl-C ends the process at once. A closed pipe
// is an error of the write from now on, and kills nothing.
func Listen() (ctx context.Context, stop func()) {
	stopped, ignore := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(stopped, ignore)
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	alone, hangUp := context.WithCancel(context.WithValue(stopped, withoutTerminal{}, stopped))
	hung := make(chan os.Signal, 1)
	if !signal.Ignored(syscall.SIGHUP) { // else nohup started us
		signal.Notify(hung, syscall.SIGHUP)
	}
	go func() {
		select {
		case <-hung:
			hangUp()
		case <-alone.Done():
		}
	}()
	return alone, func() { hangUp(); ignore() }
}

type withoutTerminal struct{}

// outlasting returns the context of what goes on where the terminal goes away: a rollout is
// watched to its verdict, rolled back where it fails, and written to the journal. It belongs
// to the same operation.
func outlasting(ctx context.Context) context.Context {
	if stopped, ok := ctx.Value(withoutTerminal{}).(context.Context); ok {
		return valued{stopped, ctx}
	}
	return ctx
}

// valued is a context with the values of another one.
type valued struct {
	context.Context
	values context.Context
}

// Value implements context.Context.
func (v valued) Value(key any) any { return v.values.Value(key) }

// lastingWriter passes on what is written until that fails, and drops what comes after:
// nobody is there to read it, and what is under way matters more.
type lastingWriter struct {
	to io.Writer

	mu    sync.Mutex
	lost  error
	wrote bool
}

// Write never fails.
func (w *lastingWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wrote = w.wrote || len(p) > 0
	if w.lost == nil {
		_, w.lost = w.to.Write(p)
	}
	return len(p), nil
}

func (w *lastingWriter) err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.lost
}

// lasting returns the streams with writers that outlast their readers, a function that
// returns the first error of writing, and one that reports whether there was any data.
func lasting(streams *console.Streams) (kept *console.Streams, lost func() error, wrote func() bool) {
	var all []*lastingWriter
	kept = streams.Through(func(to io.Writer) io.Writer {
		w := &lastingWriter{to: to}
		all = append(all, w)
		return w
	})
	lost = func() error {
		for _, w := range all {
			if err := w.err(); err != nil {
				return err
			}
		}
		return nil
	}
	data := all[0]
	return kept, lost, func() bool { data.mu.Lock(); defer data.mu.Unlock(); return data.wrote }
}

// crashed prints a fault of Tagboat's own, and returns it as an error.
func (f *frame) crashed(fault any, stack []byte) error {
	f.Talkf("%s\n", console.Lines(string(stack)))
	err := tagboat.Errorf(tagboat.Internal, "tagboat crashed: %v; what it has begun in ECS continues", fault).
		WithHint("tagboat status shows what runs, and tagboat deploy --resume watches what goes on; please report it with the lines above")
	f.Error(err)
	return quiet{err}
}

// guarded runs a command, and returns a crash of it as its error.
func (f *frame) guarded(run func() error) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = f.crashed(fault, debug.Stack())
		}
	}()
	return run()
}

// exitCode returns the code of a command that ended in err. Where what it said could not be
// written that is an error, unless the command ended in one that says more.
func (f *frame) exitCode(err, lost error) int {
	if err != nil {
		return tagboat.KindOf(err).ExitCode()
	}
	if lost != nil {
		if !errors.Is(lost, syscall.EPIPE) { // who closed a pipe wants to hear no more
			f.Error(fmt.Errorf("what was to be printed could not be written: %w", lost))
		}
		return tagboat.Internal.ExitCode()
	}
	return 0
}
