//go:build browser

package serve_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/serve/browsertest"
)

// watching notes when the page shows each change for the first time, beside what it takes from others.
const watching = `(() => {
	window.shown = {};
	const look = () => {
		for (const [, n] of document.querySelector("table").textContent.matchAll(/change-(\d+)-/g)) window.shown[n] ??= Date.now();
	};
	new MutationObserver(look).observe(document.querySelector("table"), {childList: true, subtree: true, characterData: true});
	return true;
})()`

// TestBrowserUnderLoad prints how long it takes from a change in ECS until a browser shows it, with hundreds of
// other streams and thirty changes a second, and holds that the browser comes to the last one.
func TestBrowserUnderLoad(t *testing.T) {
	readers, lasts := 500, 15*time.Second
	l := newLoad(t)
	listener := expect.Value(new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0"))(t)
	l.addr = "http://" + listener.Addr().String()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- l.server(listener).Run(ctx) }()
	for l.b.Now().At.IsZero() {
		<-time.After(time.Millisecond)
	}
	tab := browsertest.New(t)
	tab.Open(l.addr + "/")
	tab.Until(`document.getElementById("live").dataset.state === "on"`)
	browsertest.Eval[bool](tab, watching)

	var all sync.WaitGroup
	l.newest = make([]atomic.Int64, readers)
	for i := range readers {
		all.Go(func() { l.read(ctx, &l.newest[i]) })
	}
	for l.heard.Load() < int64(readers) {
		<-time.After(10 * time.Millisecond)
	}
	changes := l.changes(ctx, lasts)
	tab.Until(fmt.Sprintf(`window.shown[%d]`, changes))
	shown := browsertest.Eval[map[string]int64](tab, `window.shown`)
	stop()
	expect.OK(t, <-ended)
	all.Wait()

	dom := &loaded{}
	for n, at := range shown {
		var change int
		expect.Value(fmt.Sscan(strings.TrimSpace(n), &change))(t)
		if change > 0 {
			took := time.UnixMilli(at).Sub(l.e.at[change-1]).Milliseconds()
			dom.delays[max(0, min(int(took), len(dom.delays)-1))].Add(1)
		}
	}
	sights, at := dom.sights()
	t.Logf("%d streams, %d changes in %v, of which the browser showed %d: from a change to the DOM %v at the median, %v at the 99th percentile, %v at most",
		readers, changes, lasts, sights, at(0.5), at(0.99), at(1))
}
