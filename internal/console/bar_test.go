package console_test

import (
	"strings"
	"testing"

	"github.com/tagboat/tagboat/internal/console"
	"github.com/tagboat/tagboat/internal/expect"
)

func TestBar(t *testing.T) {
	for _, tc := range []struct {
		done, total int64
		want        string
	}{
		{0, 0, "x  [>                       ]  0 B of 0 B"},
		{0, 300_000_000, "x  [>                       ]  0 B of 300.0 MB"},
		{150_000_000, 300_000_000, "x  [============>           ]  150.0 MB of 300.0 MB"},
		{300_000_000, 300_000_000, "x  [========================]  300.0 MB of 300.0 MB"},
		{400, 300, "x  [========================]  400 B of 300 B"},
	} {
		if got := console.Bar("x", tc.done, tc.total); got != tc.want {
			t.Errorf("%d of %d:\n%q, want\n%q", tc.done, tc.total, got, tc.want)
		}
	}
}

func TestBarsWithoutATerminal(t *testing.T) {
	streams, _, out := buffers()
	bars := streams.NewBars()
	for done := range int64(101) {
		bars.Set("layer", done, 100)
	}
	bars.End("layer", "pushed")
	want := "layer  0% of 100 B\nlayer  25% of 100 B\nlayer  50% of 100 B\nlayer  75% of 100 B\nlayer  pushed\n"
	expect.Equal(t, want, out.String())
}

func TestBarsOnATerminal(t *testing.T) {
	streams, _, out := buffers()
	streams.ErrTTY = true
	bars := streams.NewBars()
	for done := range int64(10_000) {
		bars.Set("layer", done, 10_000)
	}
	bars.End("layer", "pushed")
	bars.Done()
	if drawn := strings.Count(out.String(), "\x1b[2K"); drawn < 2 || drawn > 100 {
		t.Errorf("%d drawings of 10000 steps", drawn)
	}
	if !strings.Contains(out.String(), "layer  pushed\n") {
		t.Errorf("the end is not shown: %q", out.String())
	}
}
