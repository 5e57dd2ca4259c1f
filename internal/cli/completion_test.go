package cli

import (
	"bytes"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tagboat/tagboat/internal/cli/screen"
	"github.com/tagboat/tagboat/internal/console"
	"github.com/tagboat/tagboat/internal/sandbox"
	"github.com/tagboat/tagboat/internal/sandbox/sandboxtest"
)

// silent is a registry that never answers, even to those who stop waiting.
type silent struct{ until chan struct{} }

func (s silent) RoundTrip(*http.Request) (*http.Response, error) {
	<-s.until
	return nil, http.ErrServerClosed
}

// TestCompletionInTime holds that tags come from the cache while they are new, that an old
// cache serves where the registry is silent, and that nobody waits longer than the limit.
func TestCompletionInTime(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	sandboxtest.Run(t, sandbox.Config{}, func(w *sandboxtest.World) {
		if err := os.CopyFS(w.Dir, os.DirFS("testdata/shop")); err != nil {
			w.Fatal(err)
		}
		w.Chdir(w.Dir)
		end := make(chan struct{})
		defer close(end)
		complete := func(transport http.RoundTripper) (tags string, took time.Duration) {
			var out, talk bytes.Buffer
			f := &frame{
				Screen: &screen.Screen{Streams: &console.Streams{In: strings.NewReader(""), Out: &out, Err: &talk}, Getenv: func(string) string { return "" }}, transport: transport,
			}
			began := time.Now()
			if code := f.main(w.Context(), []string{"__complete", "pin", "api="}); code != 0 || strings.Contains(talk.String(), "rror") {
				w.Errorf("exit code %d, and %q", code, talk.String())
			}
			lines := strings.Split(out.String(), "\n")
			return strings.Join(slices.DeleteFunc(lines, func(l string) bool { return !strings.HasPrefix(l, "api=") }), " "), time.Since(began)
		}
		answering := sandboxtest.Carrier{Handler: w.Server}

		if tags, took := complete(silent{end}); tags != "" || took > completionLimit {
			w.Errorf("without a registry or a cache: %q, after %s", tags, took)
		}
		w.Push("shop/api:1.0.0")
		if tags, _ := complete(answering); tags != "api=1.0.0" {
			w.Errorf("with a registry: %q", tags)
		}
		w.Push("shop/api:1.1.0")
		if tags, took := complete(silent{end}); tags != "api=1.0.0" || took > 0 {
			w.Errorf("with a new cache: %q, after %s", tags, took)
		}
		w.Later(tagsAge)
		if tags, took := complete(silent{end}); tags != "api=1.0.0" || took > completionLimit {
			w.Errorf("with an old cache: %q, after %s", tags, took)
		}
		if tags, _ := complete(answering); tags != "api=1.1.0 api=1.0.0" {
			w.Errorf("with a registry again: %q", tags)
		}
	})
}
