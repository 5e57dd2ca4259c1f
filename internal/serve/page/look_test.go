package page

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/a-h/templ"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/serve/door"
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
	show := func(name, section string, body templ.Component) {
		f := anna(s)
		f.Section = section
		write(name+".html", whole(f, screen{title: name, body: body}))
	}
	d := opened(s)
	show("drawer", "/", drawerView(d))
	d.Rollout, d.Causes = sampleRollout(), sampleCauses()
	show("rolling", "/", drawerView(d))
	show("why", "/", whyView(place{"prod", "api"}, sampleWhy()))
	show("dry", "/", dryRunView(anna(s), sampleDryRun()))
	show("operation", "/operations", operationView(sampleOperation()))
	show("history", "/history", historyView(historyScreen{HistoryDocument: tagboat.HistoryDocument{Events: sampleEvents()}, Config: s.config}))
	show("image", "/images", imageView(sampleImage()))
	show("release", "/releases", releaseView(sampleRelease()))
	show("missing", "", failure(404, tagboat.ErrorDetail{Message: "there is no service \"aip\"", Hint: "did you mean \"api\"?"}))
	write("login.html", login("shop", door.Form{Problem: "The token is not known."}))
	write("none.html", matrixScreen(anna(s), matrixOf(s, filter{Text: "zzz"})))
}
