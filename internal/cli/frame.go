package cli

import (
	"context"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/console"
	"github.com/tagboat/tagboat/internal/operation"
)

// frame is what every command has: the streams and the flags that all of them take.
type frame struct {
	*console.Streams
	log       *console.Streams // the same where commands to GitHub Actions get through
	getenv    func(string) string
	config    string // "" until it is found
	output    string
	stats     bool
	wide      bool                 // tables show all that they have, past the terminal's edge
	verbose   bool                 // notes on what is usual, and digests
	operation *operation.Operation // what this command is
	// transport carries the requests to AWS, registries and webhooks; nil means that of net/http.
	transport http.RoundTripper
}

// quiet wraps an error that the command has printed in its own way.
type quiet struct{ error }

func (q quiet) Unwrap() error { return q.error }

func (f *frame) json() bool { return f.output == "json" }

// open reads the configuration and prepares the way to AWS; it calls nothing yet.
func (f *frame) open(ctx context.Context) (*app.App, error) {
	if f.config == "" {
		found, err := config.Find(".")
		if err != nil {
			return nil, err
		}
		f.config = found
	}
	return app.Open(ctx, app.Options{
		Config:    f.config,
		Cache:     cacheDir(f.getenv),
		Getenv:    f.getenv,
		Transport: f.transport,
	})
}

// event prints what happens on the way.
func (f *frame) event(e operation.Event) {
	if _, usual := e.(interface{ Usual() }); usual && !f.verbose {
		return
	}
	f.notice(e.String())
}

// notice prints what a user should know beside the answer.
func (f *frame) notice(text string) { f.Talkf("%s %s\n", f.OnErr(console.Warn, "note:"), text) }

// printCalls prints how many requests went out, by operation, the most frequent first.
func printCalls(f *frame, calls tagboat.Calls) {
	f.Talkf("%d calls, %d throttled, %d retried\n", calls.Total, calls.Throttled, calls.Retried)
	names := slices.Sorted(maps.Keys(calls.ByOperation))
	slices.SortStableFunc(names, func(a, b string) int { return calls.ByOperation[b] - calls.ByOperation[a] })
	for _, name := range names {
		f.Talkf("%6d  %s\n", calls.ByOperation[name], name)
	}
}

// cacheDir returns the directory for what a later run need not read again, or "" where
// there is none or TAGBOAT_CACHE=off asks for none.
func cacheDir(getenv func(string) string) string {
	if getenv("TAGBOAT_CACHE") == "off" {
		return ""
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "" // a user without a home, as in many containers
	}
	return filepath.Join(dir, "tagboat")
}
