package page

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/a-h/templ"
)

func TestLook(t *testing.T) {
	dir := os.Getenv("LOOK")
	if dir == "" {
		t.Skip()
	}
	write := func(name string, c templ.Component) {
		os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755)
		f, _ := os.Create(filepath.Join(dir, name))
		defer f.Close()
		if err := c.Render(context.Background(), f); err != nil {
			t.Fatal(err)
		}
	}
	for name, h := range hashes() {
		os.MkdirAll(filepath.Join(dir, "assets", h), 0o755)
		text, _ := assets.ReadFile("assets/" + name)
		os.WriteFile(filepath.Join(dir, "assets", h, name), text, 0o644)
	}
	s := shop(t)
	matrixScreen := func(f frame, m matrix) templ.Component {
		return whole(f, screen{title: "Matrix", above: toolbar(f.App, m), body: matrixBody(m)})
	}
	write("shop.html", matrixScreen(anna(s), matrixOf(s, filter{})))
	write("one.html", matrixScreen(anna(s), matrixOf(s, filter{Env: "mb-prod"})))
	l := large(t, 100)
	write("large.html", matrixScreen(anna(l), matrixOf(l, filter{})))
	write("none.html", matrixScreen(anna(s), matrixOf(s, filter{Text: "zzz"})))
}
