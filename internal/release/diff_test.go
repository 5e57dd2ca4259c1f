package release_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/casetest"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/history"
	"github.com/tagboat/tagboat/internal/ledger"
	"github.com/tagboat/tagboat/internal/release"
)

// TestUnified compares the files from and to of each case.
func TestUnified(t *testing.T) {
	casetest.Archives(t, "testdata/unified", func(_ *testing.T, c casetest.Case) string {
		return release.Unified(text(c, "from"), text(c, "to"))
	})
}

func TestUnifiedOfWhatIsLarge(t *testing.T) {
	many := strings.Repeat("a\n", 3000)
	other := strings.Repeat("b\n", 3000)
	expect.Equal(t, "@@ -1,3000 +1,3000 @@\n"+strings.Repeat("-a\n", 3000)+strings.Repeat("+b\n", 3000), release.Unified(many, other))
}

func TestCompareAddress(t *testing.T) {
	for source, want := range map[string]string{
		"https://github.com/acme/shop":             "https://github.com/acme/shop/compare/1a...2b",
		"https://github.com/acme/shop.git":         "https://github.com/acme/shop/compare/1a...2b",
		"git+https://github.com/acme/shop.git":     "https://github.com/acme/shop/compare/1a...2b",
		"git@gitlab.example:acme/shop/api.git":     "https://gitlab.example/acme/shop/api/compare/1a...2b",
		"https://user:secret@github.com/acme/shop": "https://github.com/acme/shop/compare/1a...2b",
		"https://github.com/acme/shop?x=1#y":       "https://github.com/acme/shop/compare/1a...2b",
		"https://bitbucket.org/acme/shop/":         "https://bitbucket.org/acme/shop/branches/compare/2b..1a",
		"http://github.com/acme/shop":              "",
		"javascript:alert(1)":                      "",
		"https://github.com":                       "",
		"acme/shop":                                "",
		"":                                         "",
	} {
		expect.EqualIn(t, source, want, release.CompareAddress(source, "1a", "2b"))
	}
}

// promoted says that an environment has a release, as a promotion does in the end.
func promoted(w *apptest.World, env tagboat.EnvName, of tagboat.Release) {
	w.Helper()
	a := w.Open()
	place := a.Config.Environments[env]
	draft, err := a.Fleet.Access.Ledger(place).Draft(w.Context(), a.Fleet.Layout().All(place)...)
	if err != nil {
		w.Fatal(err)
	}
	book, err := draft.Book(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	was, err := book.Promotions(env)
	if err != nil {
		w.Fatal(err)
	}
	is := was.Had(ledger.Promoted{Name: of.Name, ID: of.ID, At: time.Now()})
	if _, err := draft.Promote(w.Context(), a.Fleet.Layout().Holds(place), was, is, ledger.Why{}); err != nil {
		w.Fatal(err)
	}
}

// three makes three releases: another version of api, then another variable and template; dev has
// the second, and prod the first.
func three(w *apptest.World) (first, second, third tagboat.Release) {
	w.Helper()
	w.Push("shop/api:v1", "org.opencontainers.image.revision=1a")
	w.Push("shop/api:v2", "org.opencontainers.image.revision=2b", "org.opencontainers.image.source=https://github.com/acme/shop")
	w.Pin("dev", "api=v1")
	first = create(w, release.Request{Environment: "dev", Notes: "one"}).Release
	w.Later(time.Hour)
	w.Pin("dev", "api=v2")
	second = create(w, release.Request{Environment: "dev", Notes: "two"}).Release
	w.Write("tagboat.yaml", strings.NewReplacer(`"#888"`, `"#fff"`).Replace(config("  prod: {stage: prod, region: us-east-1, cluster: dev, vars: {level: warn}}\n")))
	w.Write("web.taskdef.json", `{"family": "web", "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "512", "memory": "1024",
		"executionRoleArn": "arn:aws:iam::123456789012:role/execution", "containerDefinitions": [{"name": "app", "essential": true}]}`)
	third = create(w, release.Request{Environment: "dev", Notes: "three"}).Release
	promoted(w, "dev", second)
	promoted(w, "prod", first)
	return first, second, third
}

func TestDiff(t *testing.T) {
	run(t, func(w *apptest.World) {
		first, _, third := three(w)
		got := expect.Value(w.Open().Releases.Diff(w.Context(), "1", "3"))(t)
		v1, v2 := w.Pushed["shop/api:v1"], w.Pushed["shop/api:v2"]
		expect.EqualIn(t, "images", []tagboat.ReleaseImageDiff{{
			Image: "api", From: tagboat.Observed{Tag: "v1", Digest: v1}, To: tagboat.Observed{Tag: "v2", Digest: v2},
			Commits: "1a..2b", Link: "https://github.com/acme/shop/compare/1a...2b",
		}}, got.Images)
		expect.EqualIn(t, "variables", []tagboat.ReleaseVarDiff{{Name: "color", From: "#888", To: "#fff"}}, got.Vars)
		if len(got.Files) != 1 || got.Files[0].Service != "web" || got.Files[0].File != "taskDefinition" || !strings.Contains(got.Files[0].Diff, "-  \"cpu\": \"256\",\n+  \"cpu\": \"512\",\n") {
			t.Errorf("the files are %+v", got.Files)
		}
		expect.EqualIn(t, "from and to", [2]tagboat.Digest{first.ID, third.ID}, [2]tagboat.Digest{got.From.ID, got.To.ID})
		expect.EqualIn(t, "where it is", []tagboat.EnvName{"prod"}, got.From.Environments)
		back := expect.Value(w.Open().Releases.Diff(w.Context(), "3", "1"))(t)
		expect.EqualIn(t, "the other way", [2]any{"#fff", "#888"}, [2]any{back.Vars[0].From, back.Vars[0].To})
		same := expect.Value(w.Open().Releases.Diff(w.Context(), "3", third.ID.Hex()))(t)
		expect.EqualIn(t, "of the same", 0, len(same.Images)+len(same.Files)+len(same.Vars))
	})
}

func TestList(t *testing.T) {
	run(t, func(w *apptest.World) {
		first, second, third := three(w)
		expect.Value(w.Open().Releases.Reject(w.Context(), "2", "loses orders", false))(t)
		var got tagboat.ReleasesDocument
		calls := counted(w, func(ctx context.Context, a *app.App) { got = expect.Value(a.Releases.List(ctx, 0))(t) })
		expect.EqualIn(t, "calls", map[string]int{"ssm.GetParameterHistory": 1, "ssm.GetParameters": 2}, calls.ByOperation)
		for i, want := range []struct {
			of       tagboat.Release
			in       []tagboat.EnvName
			rejected string
		}{{third, []tagboat.EnvName{}, ""}, {second, []tagboat.EnvName{"dev"}, "loses orders"}, {first, []tagboat.EnvName{"prod"}, ""}} {
			r := got.Releases[i]
			expect.EqualIn(t, "in", want.in, r.Environments)
			expect.EqualIn(t, "release", [3]string{want.of.Name, string(want.of.ID), commit}, [3]string{r.Name, string(r.ID), r.Commit})
			if !strings.HasPrefix(r.Author, "arn:aws:") || r.CreatedAt == nil || (r.Rejected == nil) != (want.rejected == "") {
				t.Errorf("release %s is %+v", r.Name, r)
			}
		}
		limited := expect.Value(w.Open().Releases.List(w.Context(), 1))(t)
		expect.EqualIn(t, "limited", []tagboat.Release{got.Releases[0]}, limited.Releases)
		shown := expect.Value(w.Open().Releases.Show(w.Context(), "2"))(t)
		expect.EqualIn(t, "rejected", got.Releases[1].Rejected, shown.Rejected)
		expect.EqualIn(t, "notes", "two", shown.Notes)
	})
}

func TestNotes(t *testing.T) {
	run(t, func(w *apptest.World) {
		_, second, third := three(w)
		notes := func(env tagboat.EnvName, upTo string) (between []string, d tagboat.ReleaseDiffDocument) {
			w.Helper()
			d = expect.Value(w.Open().Releases.Notes(w.Context(), env, upTo))(t)
			for _, r := range d.Between {
				between = append(between, r.Name+" "+r.Notes)
			}
			return between, d
		}
		between, d := notes("prod", "")
		expect.EqualIn(t, "up to the newest", []string{"3 three", "2 two"}, between)
		expect.EqualIn(t, "images and variables", [2]int{1, 1}, [2]int{len(d.Images), len(d.Vars)})
		between, d = notes("prod", "2")
		expect.EqualIn(t, "up to the second", []string{"2 two"}, between)
		expect.EqualIn(t, "variables", 0, len(d.Vars))
		between, d = notes("dev", "1")
		expect.EqualIn(t, "back", []string(nil), between)
		expect.EqualIn(t, "back to", "v1", d.Images[0].To.Tag)
		between, _ = notes("dev", second.Name)
		expect.EqualIn(t, "the same", []string(nil), between)
		promoted(w, "prod", tagboat.Release{Name: "0", ID: third.ID})
		between, d = notes("prod", third.Name)
		expect.EqualIn(t, "nothing new", 0, len(between)+len(d.Images)+len(d.Files)+len(d.Vars))
	})
}

// TestNotesOfAnEnvironmentWithPinsAlone compares these.
func TestNotesOfAnEnvironmentWithPinsAlone(t *testing.T) {
	run(t, func(w *apptest.World) {
		create(w, release.Request{Environment: "dev", Images: nil, Notes: "one"})
		create(w, release.Request{Environment: "dev", Notes: "two"})
		w.Pin("dev", "api=v2")
		d := expect.Value(w.Open().Releases.Notes(w.Context(), "dev", ""))(t)
		expect.EqualIn(t, "from and to", [2]string{"", "2"}, [2]string{d.From.Name, d.To.Name})
		expect.EqualIn(t, "between", 1, len(d.Between))
		expect.EqualIn(t, "images", []string{"api v2 v1"}, []string{string(d.Images[0].Image) + " " + d.Images[0].From.Tag + " " + d.Images[0].To.Tag})
		expect.EqualIn(t, "files and variables", 0, len(d.Files)+len(d.Vars))
	})
}

func TestReject(t *testing.T) {
	run(t, func(w *apptest.World) {
		made := create(w, release.Request{Environment: "dev"})
		_, err := w.Open().Releases.Reject(w.Context(), "1", "", false)
		refused(t, err, "why is not said")
		_, err = w.Open().Releases.Reject(w.Context(), "9", "bad", false)
		refused(t, err, `there is no release "9"`)
		w.Later(time.Minute)
		got := expect.Value(w.Open().Releases.Reject(w.Context(), made.ID.Short(), "loses orders", false))(t)
		if got.Rejected == nil || got.Rejected.Reason != "loses orders" || !strings.HasPrefix(got.Rejected.By, "arn:") {
			t.Errorf("it is rejected as %+v", got.Rejected)
		}
		w.Later(time.Minute)
		got = expect.Value(w.Open().Releases.Reject(w.Context(), "1", "it was the database", true))(t)
		if got.Rejected != nil {
			t.Errorf("it is still rejected: %+v", got.Rejected)
		}
		var told []string
		for _, e := range w.History(history.Request{}).Events {
			if e.ReleaseID == made.ID {
				told = append(told, e.Command+" "+e.Release+": "+e.Message)
			}
		}
		expect.EqualIn(t, "history", []string{"unreject 1: it was the database", "reject 1: loses orders", "release 1: "}, told)
	})
}

func text(c casetest.Case, name string) string {
	data, _ := c.File(name)
	return string(data)
}
