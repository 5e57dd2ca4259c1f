//go:build browser

// Package browsertest drives a headless Chromium in tests of the page.
package browsertest

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/tagboat/tagboat/internal/expect"
)

var axe = flag.String("axe", "", "axe-core, as scripts/deps.sh installs it")

// patience is how long a test waits for something to happen in a browser on a busy machine.
const patience = 40 * time.Second

// Tab is a tab of a browser, which ends with the test.
type Tab struct {
	*testing.T
	ctx context.Context
}

// New starts a browser of its own, with one tab.
func New(t *testing.T) *Tab {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("hide-scrollbars", true))
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	expect.OK(t, chromedp.Do(ctx)) // the browser lives as long as the context that it is started in
	tab := &Tab{t, ctx}
	tab.Look(1440, 900, false)
	return tab
}

// Another opens a tab beside this one, with the same cookies.
func (b *Tab) Another() *Tab {
	b.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx)
	b.Cleanup(cancel)
	expect.OK(b, chromedp.Do(ctx))
	tab := &Tab{b.T, ctx}
	tab.Look(1440, 900, false)
	return tab
}

// Do runs actions, one after the other.
func (b *Tab) Do(actions ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		b.Fatal(err)
	}
}

// Look sets the width of the window, and its colours, and stops what moves.
func (b *Tab) Look(width, height int64, dark bool) {
	b.Helper()
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	b.Do(chromedp.EmulateViewport(width, height), func(ctx context.Context, _ *chromedp.Target) (chromedp.Void, error) {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}},
		})
		return chromedp.Void{}, err
	})
}

// Open goes to an address, and waits until the page's module has run.
func (b *Tab) Open(address string) {
	b.Helper()
	b.Do(chromedp.Navigate(address), chromedp.WaitReady(chromedp.CSS("html.script")))
}

// Eval returns what an expression comes to, or what its promise does.
func Eval[T any](b *Tab, expression string) T {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.Fatalf("%s: %v", expression, err)
	}
	return value
}

// Until waits until an expression is true.
func (b *Tab) Until(expression string) {
	b.Helper()
	for end := time.Now().Add(patience); ; {
		if Eval[bool](b, "(() => { try { return Boolean("+expression+") } catch { return false } })()") { // what is not there yet has no members
			return
		}
		if time.Now().After(end) {
			b.Fatalf("this did not become true: %s\n%s", expression, Eval[string](b, `location.href + "\n" + document.body.innerText.slice(0, 3000)`))
		}
		b.Do(chromedp.Sleep(50 * time.Millisecond))
	}
}

// Click clicks on the first element that is visible and has a text.
func (b *Tab) Click(selector, text string) {
	b.Helper()
	find := fmt.Sprintf(`[...document.querySelectorAll(%q)].find(e => e.offsetParent && e.textContent.includes(%q))`, selector, text)
	b.Until(find)
	b.Until(find + `.click() ?? true`)
}

// Type writes into a field, as a person does.
func (b *Tab) Type(selector, text string) {
	b.Helper()
	b.Do(chromedp.Focus(chromedp.CSS(selector)), chromedp.KeyEvent(text))
}

// Axe asks axe-core about what is shown, and holds that no page scrolls sideways.
func (b *Tab) Axe(what string) {
	b.Helper()
	script := string(expect.Value(os.ReadFile(*axe))(b.T))
	Eval[bool](b, script+";true")
	report := Eval[string](b, `axe.run({resultTypes: ["violations"]}).then(r => JSON.stringify(r.violations.map(v => ({id: v.id, help: v.help, nodes: v.nodes.slice(0, 3).map(n => n.html + " " + (n.failureSummary ?? ""))}))))`)
	var violations []struct {
		ID, Help string
		Nodes    []string
	}
	expect.OK(b, json.Unmarshal([]byte(report), &violations))
	for _, v := range violations {
		b.Errorf("%s: %s: %s\n%s", what, v.ID, v.Help, strings.Join(v.Nodes, "\n"))
	}
	if sideways := Eval[int](b, `document.documentElement.scrollWidth - innerWidth`); sideways > 0 {
		b.Errorf("%s scrolls sideways by %d", what, sideways)
	}
}

// Screenshot returns the window as a PNG.
func (b *Tab) Screenshot() []byte {
	b.Helper()
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	expect.OK(b, err)
	return png
}
