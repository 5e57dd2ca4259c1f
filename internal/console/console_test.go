package console_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/console"
	"github.com/tagboat/tagboat/internal/expect"
)

func buffers() (*console.Streams, *bytes.Buffer, *bytes.Buffer) {
	var out, err bytes.Buffer
	return &console.Streams{In: strings.NewReader(""), Out: &out, Err: &err}, &out, &err
}

func TestTable(t *testing.T) {
	table := console.NewTable("NAME", "DRIFT")
	table.Row(console.Text("web"), console.Cell{Text: "a long story about what differs", Style: console.Warn})
	table.Row(console.Text("wörker"), console.Text("-"))

	tests := []struct {
		name  string
		tty   bool
		color bool
		width int
		want  string
	}{
		{"not a terminal: nothing is cut", false, true, 20, "NAME    DRIFT\nweb     a long story about what differs\nwörker  -\n"},
		{"a wide terminal", true, false, 80, "NAME    DRIFT\nweb     a long story about what differs\nwörker  -\n"},
		{"a narrow terminal cuts the widest column", true, false, 20, "NAME    DRIFT\nweb     a long stor…\nwörker  -\n"},
		{"colour", true, true, 80, "\x1b[1mNAME\x1b[0m    \x1b[1mDRIFT\x1b[0m\nweb     \x1b[33ma long story about what differs\x1b[0m\nwörker  -\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			streams, out, _ := buffers()
			streams.OutTTY, streams.Color, streams.Width = test.tty, test.color, test.width
			table.Print(streams)
			expect.Equal(t, test.want, out.String())
		})
	}
}

func TestError(t *testing.T) {
	placed := tagboat.Usagef("unknown key %q", "imgaes").WithHint("did you mean %q?", "images").
		At(tagboat.Position{File: "tagboat.yaml", Line: 3, Column: 2, Text: "\timgaes: {}"})
	tests := []struct {
		name string
		err  error
		want string
	}{
		{"plain", errors.New("no luck"), "error: no luck\n"},
		{"with a place", placed, "error: tagboat.yaml:3:2: unknown key \"imgaes\"\n  | \timgaes: {}\n  | \t^\nhint: did you mean \"images\"?\n"},
		{"two at once", errors.Join(errors.New("one"), tagboat.Usagef("two").WithHint("three")), "error: one\nerror: two\nhint: three\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			streams, _, out := buffers()
			streams.Error(test.err)
			expect.Equal(t, test.want, out.String())
		})
	}
}

func TestJSON(t *testing.T) {
	streams, out, _ := buffers()
	expect.OK(t, streams.JSON(map[string]string{"image": "a<b>&c"}))
	expect.Equal(t, "{\n  \"image\": \"a<b>&c\"\n}\n", out.String())
}

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
