//go:build browser

package page

import (
	"bytes"
	"compress/gzip"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/serve/browsertest"
)

var screenshots = flag.String("screenshots", "", "directory to write screenshots to")

// shown serves the screens below their names, with the assets.
func shown(t *testing.T) *httptest.Server {
	t.Helper()
	screens := allScreens(t)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /assets/{hash}/{name}", (&Page{}).asset)
	mux.HandleFunc("GET /live", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = w.Write([]byte(": \n\n"))
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	mux.HandleFunc("GET /{name}", func(w http.ResponseWriter, r *http.Request) {
		if c := screens[r.PathValue("name")]; c != nil {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'")
			_ = c.Render(r.Context(), w)
		}
	})
	server := httptest.NewServer(mux)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return server
}

// TestBrowserScreens asks axe-core about every screen, in light and dark, wide and on a phone.
func TestBrowserScreens(t *testing.T) {
	server, tab := shown(t), browsertest.New(t)
	for _, name := range slices.Sorted(maps.Keys(allScreens(t))) {
		tab.Do(chromedp.Navigate(server.URL + "/" + name))
		tab.Axe(name + ", wide and light")
		if !strings.HasSuffix(name, "-large") { // it has what the small one has, and takes long
			tab.Look(390, 844, true)
			tab.Axe(name + ", on a phone and dark")
			tab.Look(1440, 900, false)
		}
	}
}

// TestBrowserLargeMatrix measures a matrix of 100 services in 12 environments.
func TestBrowserLargeMatrix(t *testing.T) {
	server, tab := shown(t), browsertest.New(t)
	text := html(t, allScreens(t)["matrix-large"])
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = w.Write([]byte(text))
	expect.OK(t, w.Close())
	tab.Open(server.URL + "/matrix-large")
	first := browsertest.Eval[float64](tab, `new Promise(done => requestAnimationFrame(() => done(performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? performance.now())))`)
	filtered := browsertest.Eval[float64](tab, `new Promise(done => { const q = document.getElementById("q"), from = performance.now(); q.value = "checkout"; q.dispatchEvent(new Event("input", {bubbles: true})); requestAnimationFrame(() => setTimeout(() => done(performance.now() - from))); })`)
	if rows := browsertest.Eval[int](tab, `[...document.querySelectorAll(".matrix tbody tr")].filter(r => r.offsetParent).length`); rows != 5 {
		t.Errorf("the filter leaves %d rows, not 5", rows)
	}
	t.Logf("100 × 12: %d bytes, %d compressed; first row after %.0f ms; a filter takes %.0f ms", len(text), packed.Len(), first, filtered)
	if first > 3000 || filtered > 1000 {
		t.Error("that is too slow")
	}
}

// TestBrowserKeys moves in the matrix by the keyboard alone.
func TestBrowserKeys(t *testing.T) {
	server, tab := shown(t), browsertest.New(t)
	tab.Open(server.URL + "/matrix")
	const active = `(document.activeElement.closest("td")?.id || document.activeElement.id)`
	press := func(keys ...string) {
		for _, key := range keys {
			tab.Do(chromedp.KeyEvent(key))
		}
	}
	press("/")
	tab.Until(active + ` === "q"`)
	press(kb.Backspace) // the driver sends the character in spite of what the page says of the key
	press(kb.ArrowDown)
	tab.Until(active + ` === "c:dev/api"`)
	press(kb.ArrowRight, kb.ArrowDown, kb.ArrowDown, kb.ArrowDown, kb.ArrowUp)
	tab.Until(active + ` === "c:mb-dev/web"`)
	press("?")
	tab.Until(`document.querySelector("dialog[open]")?.id === "keys"`)
	press(kb.Escape)
	tab.Until(`!document.querySelector("dialog[open]")`)
	if n := browsertest.Eval[int](tab, `document.querySelectorAll(".matrix td > a[tabindex='0']").length`); n != 1 {
		t.Errorf("%d cells are in the order of the tabulator, not 1", n)
	}
}

// TestScreenshots writes docs/screenshots, where it is asked to.
func TestScreenshots(t *testing.T) {
	if *screenshots == "" {
		t.Skip("make screenshots")
	}
	server, tab := shown(t), browsertest.New(t)
	expect.OK(t, os.MkdirAll(*screenshots, 0o755))
	for _, shot := range []struct {
		screen        string
		width, height int64
		dark          bool
	}{
		{"matrix", 1440, 420, false}, {"matrix", 390, 844, true}, {"matrix-one", 390, 480, false},
		{"matrix-large", 1440, 900, true}, {"drawer", 1440, 900, false}, {"rolling", 1440, 640, true}, {"why", 390, 600, false},
		{"dry", 1440, 760, false}, {"operation", 390, 844, true}, {"history", 1440, 640, false}, {"release", 1440, 760, true}, {"image", 1440, 500, false},
	} {
		tab.Look(shot.width, shot.height, shot.dark)
		tab.Open(server.URL + "/" + shot.screen)
		tab.Until(`document.getElementById("live").dataset.state === "on"`)
		name := fmt.Sprintf("%s-%d%s.png", shot.screen, shot.width, map[bool]string{true: "-dark"}[shot.dark])
		expect.OK(t, os.WriteFile(filepath.Join(*screenshots, name), tab.Screenshot(), 0o644))
	}
}
