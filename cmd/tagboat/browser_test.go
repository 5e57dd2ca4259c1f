//go:build browser

package main

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/tagboat/tagboat/internal/serve/browsertest"
)

// open opens the drawer of a service by a click on its cell.
func open(tab *browsertest.Tab, place string) {
	tab.Helper()
	tab.Click(fmt.Sprintf("[id='c:%s'] > a", place), "")
	tab.Until(`document.querySelector("#drawer[open] #service h1")`)
}

// act clicks a button of the drawer, and returns when its dry run is shown.
func act(tab *browsertest.Tab, label string) {
	tab.Helper()
	tab.Click("#drawer .acts button", label)
	tab.Until(`document.querySelector("#drawer #dry h1")`)
}

// done has exactly the plan carried out that is shown, and watches it to its end.
func done(tab *browsertest.Tab, state string) {
	tab.Helper()
	tab.Click("#dry button", "Do exactly this")
	tab.Until(`location.pathname.startsWith("/operations/")`)
	tab.Until(`["succeeded", "failed"].includes(document.getElementById("operation-state").dataset.state)`)
	tab.Until(`document.getElementById("operation-state").dataset.state === "` + state + `"`)
}

// matrix goes back to the matrix.
func matrix(h *harbour, tab *browsertest.Tab) {
	tab.Helper()
	tab.Open(h.url + "/")
	tab.Until(`document.getElementById("live").dataset.state === "on"`)
}

func shows(place, text string) string {
	return fmt.Sprintf(`document.getElementById("c:%s").innerText.includes(%q)`, place, text)
}

// TestBrowserStory is a day with the page: somebody finds a service, opens it, has a release
// promoted that another one approves, watches it, and rolls it back.
func TestBrowserStory(t *testing.T) {
	h := newHarbour(t)
	h.released()
	h.serve()
	bob, anna := browsertest.New(t), browsertest.New(t)
	h.login(bob, "bob")
	bob.Axe("the matrix")
	bob.Type("#q", "ap")
	bob.Until(`[...document.querySelectorAll(".matrix tbody tr")].filter(r => r.offsetParent).length === 1 && location.search === "?q=ap"`)
	open(bob, "prod/api")
	bob.Axe("the drawer")
	act(bob, "Promote 1")
	bob.Until(`document.querySelector(".decide").innerText.includes("cannot be done")`)
	if browsertest.Eval[bool](bob, `[...document.querySelectorAll("#drawer button")].some(b => b.textContent.includes("Approve"))`) {
		t.Error("a deployer can approve")
	}

	h.login(anna, "anna")
	open(anna, "prod/api")
	act(anna, "Approve 1")
	anna.Axe("the dry run of an approval")
	done(anna, "succeeded")
	anna.Axe("the operation of an approval")

	matrix(h, bob)
	open(bob, "prod/api")
	act(bob, "Promote 1")
	bob.Until(`document.querySelector(".promotion .state").innerText === "ready"`)
	bob.Axe("the dry run of a promotion")
	done(bob, "succeeded")
	matrix(h, bob)
	bob.Until(shows("prod/api", "1.0.0"))

	// A push reaches dev, and the page hears of it by itself.
	h.push("shop/api", "1.1.0", map[string]string{"tagboat.sandbox.start": "240s"})
	h.tagboat("promote", "--to", "dev", "--automation")
	bob.Until(shows("dev/api", "1.1.0"))
	matrix(h, anna)
	open(anna, "prod/api")
	act(anna, "Approve 2")
	done(anna, "succeeded")
	matrix(h, bob)
	open(bob, "prod/api")
	act(bob, "Promote 2")
	bob.Click("#dry button", "Do exactly this")
	bob.Until(`document.querySelectorAll(".tasks [data-phase]").length > 0`) // tasks, as they start
	bob.Axe("an operation that goes on")
	bob.Until(`document.getElementById("operation-state").dataset.state === "succeeded"`)
	matrix(h, bob)
	bob.Until(shows("prod/api", "1.1.0"))

	// And back, with a reason.
	open(bob, "prod/api")
	bob.Click("#drawer summary", "Roll back")
	bob.Type("#drawer .act[open] input[name=message]", "slow")
	bob.Click("#drawer .act[open] button", "Dry run")
	bob.Until(`document.querySelector("#drawer #dry h1")`)
	done(bob, "succeeded")
	matrix(h, bob)
	bob.Until(shows("prod/api", "1.0.0"))
	bob.Until(shows("prod/api", "held"))
	open(bob, "prod/api")
	bob.Until(`document.querySelector("#drawer .facts").innerText.includes("bob")`)
	bob.Click("#drawer a", "Why not newer?")
	bob.Until(`document.querySelector("#drawer .chain [aria-current]")`)

	for _, path := range []string{"/history", "/releases", "/releases/2", "/images", "/images/api", "/operations", "/cart", "/services/prod/web", "/nowhere"} {
		bob.Open(h.url + path)
		bob.Axe(path)
	}
}

// TestBrowserCart has two actions planned together, and done together.
func TestBrowserCart(t *testing.T) {
	h := newHarbour(t)
	h.released()
	h.serve()
	bob := browsertest.New(t)
	h.login(bob, "bob")
	for _, env := range []string{"dev", "mb-dev"} {
		matrix(h, bob)
		open(bob, env+"/api")
		bob.Click("#drawer summary", "Hold")
		bob.Type("#drawer .act[open] input[name=message]", "sale")
		bob.Click("#drawer .act[open] button", "Dry run")
		bob.Click("#dry button", "Add to cart")
		bob.Until(`location.pathname === "/cart"`)
	}
	bob.Until(`document.querySelectorAll(".planned").length === 2`)
	bob.Axe("the cart")
	done(bob, "succeeded")
	matrix(h, bob)
	bob.Until(shows("dev/api", "held"))
	bob.Until(shows("mb-dev/web", "held"))
	bob.Until(`document.querySelector("#cart-link .count").textContent === "0"`)
}

// TestBrowserRoles keeps out who has no token, and keeps from acting who may not.
func TestBrowserRoles(t *testing.T) {
	h := newHarbour(t)
	h.released()
	h.serve()
	tab := browsertest.New(t)
	tab.Do(chromedp.Navigate(h.url+"/history"), chromedp.WaitVisible(chromedp.ID("token")))
	tab.Type("#token", "a-token-that-nobody-has")
	tab.Click("button", "Log in")
	tab.Until(`document.querySelector("[role=alert]").innerText.includes("not known")`)
	tab.Axe("the login")
	h.login(tab, "vera")
	open(tab, "dev/api")
	if n := browsertest.Eval[int](tab, `document.querySelectorAll("#drawer .acts button").length`); n != 0 {
		t.Errorf("a viewer has %d buttons", n)
	}
	actions := browsertest.Eval[string](tab, `btoa('[{"kind":"hold","environments":["dev"],"message":"x"}]').replace(/=+$/, "")`)
	status := browsertest.Eval[int](tab, fmt.Sprintf(`fetch("/operations", {method: "POST", headers: {"X-Csrf-Token": document.querySelector("meta[name=csrf]").content}, body: new URLSearchParams({actions: %q, plan: "0".repeat(12)})}).then(r => r.status)`, actions))
	if status != 403 {
		t.Errorf("a viewer who acts anyway is answered %d", status)
	}
	forged := browsertest.Eval[int](tab, fmt.Sprintf(`fetch("/operations", {method: "POST", body: new URLSearchParams({actions: %q, plan: "0".repeat(12)})}).then(r => r.status)`, actions))
	if forged != 403 {
		t.Errorf("a form without the page's token is answered %d", forged)
	}
}

// TestBrowserConnection loses the server, and has what happened meanwhile when it is back; of ten
// tabs one reads the stream, and all show what it says.
func TestBrowserConnection(t *testing.T) {
	h := newHarbour(t)
	h.released()
	stop := h.serve()
	first := browsertest.New(t)
	h.login(first, "vera")
	tabs := []*browsertest.Tab{first}
	for range 9 {
		tab := first.Another()
		matrix(h, tab)
		tabs = append(tabs, tab)
	}
	if n := browsertest.Eval[int](first, `navigator.locks.query().then(q => q.held.filter(l => l.name === "tagboat-stream").length)`); n != 1 {
		t.Errorf("%d tabs read the stream", n)
	}
	h.push("shop/api", "1.1.0", nil)
	h.tagboat("promote", "--to", "dev", "--automation")
	for _, tab := range tabs {
		tab.Until(shows("dev/api", "1.1.0"))
	}
	stop()
	last := tabs[len(tabs)-1]
	last.Until(`document.getElementById("live").dataset.state === "lost"`)
	h.push("shop/web", "1.1.0", nil)
	h.tagboat("promote", "--to", "dev", "--automation")
	h.serve()
	// Sessions are of one process: the page asks who it is, and then shows what happened meanwhile.
	last.Until(`document.getElementById("token")`)
	h.login(last, "vera")
	last.Until(shows("dev/web", "1.1.0"))
}

// TestBrowserPause lets a deployment go on that waits at a pause hook.
func TestBrowserPause(t *testing.T) {
	h := newHarbour(t)
	h.push("shop/api", "1.0.0", nil)
	h.tagboat("pin", "api=1.0.0", "--env", "dev")
	h.tagboat("deploy", "--env", "dev", "api")
	h.write("api.service.json", serviceOf("api", `"deploymentConfiguration": {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 1,
"lifecycleHooks": [{"targetType": "PAUSE", "lifecycleStages": ["POST_TEST_TRAFFIC_SHIFT"]}]},`))
	h.push("shop/api", "1.1.0", nil)
	h.tagboat("pin", "api=1.1.0", "--env", "dev")
	h.tagboat("deploy", "--env", "dev", "--wait=false", "api")
	h.serve()
	bob := browsertest.New(t)
	h.login(bob, "bob")
	bob.Until(`document.getElementById("c:dev/api").dataset.state === "rolling"`)
	open(bob, "dev/api")
	bob.Until(`[...document.querySelectorAll("#drawer .acts button")].some(b => b.textContent.includes("Continue"))`)
	bob.Axe("the drawer of a deployment that waits")
	act(bob, "Continue")
	done(bob, "succeeded")
	matrix(h, bob)
	bob.Until(shows("dev/api", "1.1.0"))
	bob.Until(`document.getElementById("c:dev/api").dataset.state === "steady"`)
}

// TestBrowserKeyboard does without a mouse.
func TestBrowserKeyboard(t *testing.T) {
	h := newHarbour(t)
	h.released()
	h.serve()
	tab := browsertest.New(t)
	h.login(tab, "bob")
	const active = `(document.activeElement.closest("td")?.id || document.activeElement.id)`
	press := func(keys ...string) {
		for _, key := range keys {
			tab.Do(chromedp.KeyEvent(key))
		}
	}
	press("/", kb.Backspace, "w", "e", "b", kb.ArrowDown)
	tab.Until(active + ` === "c:dev/web"`)
	press(kb.ArrowRight, kb.Enter)
	tab.Until(`document.querySelector("#drawer[open] #service h1").innerText.includes("mb-dev")`)
	tab.Until(`document.activeElement.tagName === "H1"`)
	press(kb.Tab)
	tab.Until(`document.querySelector("#drawer").contains(document.activeElement)`)
	press(kb.Escape)
	tab.Until(`!document.querySelector("#drawer[open]")`)
	tab.Until(active + ` === "c:mb-dev/web" && location.pathname === "/"`)
}

// TestBrowserPhone answers in two taps what runs in mb-dev, since when, and who did it.
func TestBrowserPhone(t *testing.T) {
	h := newHarbour(t)
	h.released()
	h.serve()
	tab := browsertest.New(t)
	tab.Look(390, 844, false)
	h.login(tab, "vera")
	tab.Click(".places a", "mb-dev")
	tab.Until(`document.querySelector(".matrix").dataset.columns === "1" && location.search === "?env=mb-dev"`)
	tab.Axe("an environment on a phone")
	open(tab, "mb-dev/api")
	tab.Until(`/Since[\s\S]*20\d\d[\s\S]*By[\s\S]*\w/.test(document.querySelector("#drawer .facts").innerText)`)
	tab.Axe("the drawer on a phone")
}
