// Package process is how a command begins and ends with its process: what stops it, what outlasts
// its terminal, and what happens where nobody reads what it writes.
package process

import (
	"context"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/console"
)

// Listen returns a context that ends when somebody stops the process: with Ctrl-C or
// SIGTERM, or because the terminal went away (SIGHUP). What must not be left halfway goes on
// without the terminal: Outlasting. A second Ctrl-C ends the process at once. A closed pipe
// is an error of the write from now on, and kills nothing.
func Listen() (ctx context.Context, stop func()) {
	stopped, ignore := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(stopped, ignore)
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	alone, hangUp := context.WithCancel(WithTerminal(stopped, stopped))
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

// WithTerminal returns ctx as one of a terminal; what outlasts it ends with stopped.
func WithTerminal(ctx, stopped context.Context) context.Context {
	return context.WithValue(ctx, withoutTerminal{}, stopped)
}

// Outlasting returns the context of what goes on where the terminal goes away: a rollout is
// watched to its verdict, rolled back where it fails, and written to the journal. It belongs
// to the same operation.
func Outlasting(ctx context.Context) context.Context {
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

// Lasting returns the streams with writers that outlast their readers, a function that
// returns the first error of writing, and one that reports whether there was any data.
func Lasting(streams *console.Streams) (kept *console.Streams, lost func() error, wrote func() bool) {
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

// Ended returns what a command ended in: where it was interrupted, whatever it was doing
// then failed because of that.
func Ended(ctx context.Context, err error) error {
	if err == nil || ctx.Err() == nil || tagboat.KindOf(err) != tagboat.Internal {
		return err
	}
	return tagboat.Errorf(tagboat.Interrupted, "interrupted before it was done").WithHint("the same command begins again, and does nothing twice")
}
