package page

import (
	"context"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/a-h/templ"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/serve/door"
)

// allScreens has every screen with the samples, by name.
func allScreens(t *testing.T) map[string]templ.Component {
	t.Helper()
	s, l := shop(t), large(t, 100)
	of := func(s sight, section string, body templ.Component) templ.Component {
		f := anna(s)
		f.Section = section
		return whole(f, screen{title: "A screen", body: body})
	}
	withMatrix := func(s sight, f filter) templ.Component {
		m := matrixOf(s, f)
		return whole(anna(s), screen{title: "Matrix", above: toolbar("shop", m), body: matrixBody(m)})
	}
	d := opened(s)
	rolling, failing := d, d
	rolling.Rollout = sampleRollout()
	failing.Causes, failing.Cell.Tone, failing.Cell.State = sampleCauses(), toneBad, "failed"
	frozen := s
	frozen.document.Frozen = &tagboat.Hold{Reason: "release party", By: "anna"}
	frozen.document.Errors = []tagboat.EnvironmentError{{Environment: "mb-prod", ErrorDetail: tagboat.ErrorDetail{Message: "assuming the role: access denied", Hint: "run tagboat doctor --env mb-prod"}}}
	refused := sampleDryRun()
	refused.Ready, refused.Changed = false, &tagboat.ErrorDetail{Message: "api runs 1.4.3 by now"}
	refused.Actions[0].Refused = &tagboat.ErrorDetail{Message: "release 18 was rejected", Hint: "tagboat release reject --undo 18"}
	return map[string]templ.Component{
		"matrix":       withMatrix(s, filter{}),
		"matrix-large": withMatrix(l, filter{}),
		"matrix-one":   withMatrix(s, filter{Env: "mb-prod"}),
		"matrix-past":  withMatrix(s, filter{Ago: 30}),
		"matrix-none":  withMatrix(s, filter{Text: "zzz"}),
		"matrix-hot":   withMatrix(frozen, filter{}),
		"drawer":       of(s, "/", drawerView(d)),
		"rolling":      of(s, "/", drawerView(rolling)),
		"failing":      of(s, "/", drawerView(failing)),
		"why":          of(s, "/", whyView(d.place, sampleWhy())),
		"dry":          of(s, "/", dryRunView(anna(s), sampleDryRun())),
		"refused":      of(s, "/", dryRunView(anna(s), refused)),
		"cart":         of(s, "/cart", emptyCart()),
		"operation":    of(s, "/operations", operationView(sampleOperation())),
		"operations":   of(s, "/operations", operationsView(tagboat.OperationsDocument{Operations: []tagboat.OperationDocument{sampleOperation().OperationDocument}})),
		"history":      of(s, "/history", historyView(historyScreen{HistoryDocument: tagboat.HistoryDocument{Events: sampleEvents()}, Config: s.config})),
		"images":       of(s, "/images", imagesView(tagboat.ImagesOverview{Images: []tagboat.ImageSummary{{Image: "api", Repository: "shop/api", Rule: "semver >=1.0.0", Total: 84}}})),
		"image":        of(s, "/images", imageView(sampleImage())),
		"releases":     of(s, "/releases", releasesView(tagboat.ReleasesDocument{Releases: []tagboat.Release{release("18"), release("17")}})),
		"release":      of(s, "/releases", releaseView(sampleRelease())),
		"missing":      of(s, "", failure(http.StatusNotFound, tagboat.ErrorDetail{Message: `there is no service "aip"`, Hint: `did you mean "api"?`})),
		"login":        login("shop", door.Form{Problem: "The token is not known."}),
	}
}

func html(t *testing.T, c templ.Component) string {
	t.Helper()
	var out strings.Builder
	expect.OK(t, c.Render(context.Background(), &out))
	return out.String()
}

// TestScreensKeepThePolicy holds that no screen has a script or a style within, which the policy
// forbids, and that each has a language, a title, one main part, and scopes of its tables' heads.
func TestScreensKeepThePolicy(t *testing.T) {
	inline := regexp.MustCompile(`(?i)\son[a-z]+=|\sstyle=|<style|javascript:|<script[^>]*>[^<]`)
	unscoped := regexp.MustCompile(`<th(?:\s+(?:class|role|id)="[^"]*")*>`)
	for name, c := range allScreens(t) {
		text := html(t, c)
		if at := inline.FindString(text); at != "" {
			t.Errorf("%s has %q", name, at)
		}
		if at := unscoped.FindString(text); at != "" {
			t.Errorf("%s has a head without a scope: %s", name, at)
		}
		for part, n := range map[string]int{`<html lang="en"`: 1, "<title>": 1, "<main": 1, "<h1": 1} {
			if got := strings.Count(text, part); got != n {
				t.Errorf("%s has %d of %s, not %d", name, got, part, n)
			}
		}
	}
}

// TestHostileTexts holds that what others wrote is text, wherever it stands.
func TestHostileTexts(t *testing.T) {
	const hostile = `"><script>alert(1)</script><img src=x onerror=alert(2)>`
	s := shop(t)
	d := opened(s)
	d.By, d.Status.Drift, d.Containers[0].Commit = hostile, []string{hostile}, hostile
	d.Containers[0].RunningTag, d.Containers[0].Link = hostile, "javascript:alert(3)"
	d.Events[0].Message, d.Events[1].By = hostile, hostile
	d.Next.Gates[1].Reason, d.Next.Gates[1].Hint = hostile, hostile
	d.Causes = []tagboat.Cause{{Cause: hostile, Evidence: hostile, Advice: hostile}}
	d.Rollout = sampleRollout()
	d.Rollout.Messages[0].Message, d.Rollout.Tasks[0].Reason = hostile, hostile
	run := sampleDryRun()
	run.Actions[0].Message, run.Actions[0].Promotion.Promotions[0].Changes[0].Diff = hostile, "+ "+hostile
	for name, c := range map[string]templ.Component{
		"drawer":  drawerView(d),
		"dry":     dryRunView(anna(s), run),
		"failure": failure(http.StatusBadRequest, tagboat.ErrorDetail{Message: hostile, Hint: hostile, Where: hostile}),
		"login":   login(hostile, door.Form{Next: hostile, Problem: hostile}),
		"matrix":  toolbar("shop", matrixOf(s, filter{Text: hostile, Tenant: hostile})),
	} {
		text := html(t, c)
		for _, raw := range []string{"<script>alert", "<img src=x", `href="javascript:`} {
			if strings.Contains(text, raw) {
				t.Errorf("%s has %s", name, raw)
			}
		}
		if !strings.Contains(text, "&lt;script&gt;alert(1)") {
			t.Errorf("%s does not show the text at all", name)
		}
	}
}

// TestModuleIsSmall holds what the page promises of its script, its style and its matrix.
func TestModuleIsSmall(t *testing.T) {
	script := string(expect.Value(fs.ReadFile(assets, "assets/page.js"))(t))
	if n := strings.Count(script, "\n"); n > 300 {
		t.Errorf("page.js has %d lines", n)
	}
	if n := len(html(t, allScreens(t)["matrix-large"])); n > 400_000 {
		t.Errorf("a matrix of 100 × 12 has %d bytes", n)
	}
}

// TestAssetsOfAnotherVersion holds that a browser keeps no file by the hash of another one, as it is asked
// for while one version of the server takes the place of another.
func TestAssetsOfAnotherVersion(t *testing.T) {
	for hash, kept := range map[string]bool{hashes()["page.js"]: true, "0123456789ab": false} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.SetPathValue("hash", hash)
		r.SetPathValue("name", "page.js")
		answer := httptest.NewRecorder()
		(&Page{}).asset(answer, r)
		expect.EqualIn(t, hash, []any{http.StatusOK, kept}, []any{answer.Code, answer.Header().Get("Cache-Control") != ""})
	}
}
