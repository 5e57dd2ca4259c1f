package watch_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/sandbox"
	"github.com/tagboat/tagboat/internal/sandbox/sandboxtest"
	"github.com/tagboat/tagboat/internal/watch"
	"github.com/tagboat/tagboat/internal/watch/hint"
)

// run runs a story of a family.
func run(t *testing.T, f apptest.Family, story func(w *apptest.World)) {
	t.Helper()
	apptest.Run(t, sandbox.Config{Quotas: "off"}, func(w *apptest.World) {
		f.Open(w)
		story(w)
	})
}

// source is one that a test speaks through.
type source chan hint.Message

// Run implements hint.Source.
func (s source) Run(ctx context.Context, out chan<- hint.Message) error {
	for {
		select {
		case m := <-s:
			select {
			case out <- m:
			case <-ctx.Done():
				return nil
			}
		case <-ctx.Done():
			return nil
		}
	}
}

// pushed is the hint of a push to shop/IMAGE.
func pushed(image, tag string) hint.Hint {
	return hint.Hint{Source: "ecr", Kind: hint.Pushed, Registry: sandboxtest.Host, Repository: "shop/" + image, Tag: tag, At: time.Now()}
}

// watching is a watcher at work.
type watching struct {
	source source
	log    *lines
	stop   func() error // waits for its end
}

// lines is a log that several goroutines write.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String returns what was written.
func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// begin begins a watcher, as a process that was just started does.
func begin(w *apptest.World) watching {
	return beginWith(w, &updates{of: map[string]int{}}, 15*time.Minute)
}

func beginWith(w *apptest.World, u *updates, sweep time.Duration, wrap ...func(http.RoundTripper) http.RoundTripper) watching {
	at := watching{source: make(source), log: &lines{}}
	watcher := w.Open(append(wrap, u.through)...).Watcher()
	watcher.Sweep = sweep
	watcher.Log = slog.New(slog.NewTextHandler(at.log, nil))
	ctx, cancel := context.WithCancel(w.Context())
	ended := make(chan error, 1)
	go func() { ended <- watcher.Run(ctx, at.source) }()
	at.stop = sync.OnceValue(func() error { cancel(); return <-ended })
	return at
}

func TestAPushIsDeployedAndFollowed(t *testing.T) {
	run(t, apptest.Family{Services: []string{"api", "web"}}, func(w *apptest.World) {
		w.Push("shop/api:v1")
		w.Push("shop/web:v1")
		at := begin(w)
		w.Later(20 * time.Minute)
		w.Push("shop/web:v2")
		at.source <- hint.Message{Hints: []hint.Hint{pushed("web", "v2")}, Done: func(err error) { w.Logf("done %v at %s", err, time.Now()) }}
		w.Later(10 * time.Minute)
		if err := at.stop(); err != nil {
			t.Error(err)
		}
		w.Log(at.log.String())
	})
}

var (
	_ = tagboat.PromotionDone
	_ = watch.Promote
)
