package markdown_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/casetest"
	"github.com/tagboat/tagboat/internal/markdown"
)

var begun = time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)

// ended returns a deployment of prod that took so many seconds.
func ended(service tagboat.ServiceName, v tagboat.Verdict, seconds int) tagboat.Deployment {
	return tagboat.Deployment{
		Environment: "prod", Service: service, Verdict: v, Reason: "because", StartedAt: begun,
		EndedAt: begun.Add(time.Duration(seconds) * time.Second),
	}
}

// failed is a deployment with all that can be told, and text that wants to be more.
func failed() tagboat.Deployment {
	d := ended("api", tagboat.VerdictRolledBack, 95)
	d.Reason = "api:8 failed: 100% of tasks, at once\nand again"
	d.ConsoleURL = "https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/prod/services/api/deployments?region=eu-west-1"
	d.Images = []tagboat.ImageState{
		{Image: "api", Tag: "v2", Pinned: "sha256:bb", PreviousTag: "v1", Previous: "sha256:aa"},
		{Image: "proxy", Tag: "v9", Pinned: "sha256:cc", PreviousTag: "v9", Previous: "sha256:cc"},
	}
	d.Causes = []tagboat.Cause{{
		Cause: "container app exited with code 3", Evidence: "last lines:\n```\n::set-env name=X::y\n</details>", Advice: "look | at *it* <b>, @somebody",
	}}
	return d
}

func digest(c string) tagboat.Digest { return tagboat.Digest("sha256:" + strings.Repeat(c, 64)) }

// plan changes an image that two containers run, with its commits, one without, and variables.
func plan() tagboat.PlanDocument {
	api := tagboat.ImageState{
		Image: "api", Tag: "1.5.0", Pinned: digest("b"), PreviousTag: "1.4.2", Previous: digest("a"),
		Revision: "1111111111111111111111111111111111111111", PreviousRevision: "2222222222222222222222222222222222222222",
	}
	same := tagboat.ImageState{Image: "proxy", Tag: "3", Pinned: digest("c"), PreviousTag: "3", Previous: digest("c")}
	first := tagboat.ImageState{Image: "agent", Pinned: digest("d"), Revision: "3333333333333333333333333333333333333333"}
	return tagboat.PlanDocument{
		Pins: []tagboat.PinChange{{Environment: "prod", Image: "api", From: tagboat.Observed{Tag: "1.4.2", Digest: digest("a")}, To: tagboat.Observed{Tag: "1.5.0", Digest: digest("b")}}},
		Changes: []tagboat.Change{
			{
				Environment: "prod", Service: "web", Steps: []string{"register a revision of task definition web", "update service web"},
				Images: []tagboat.ImageState{api, same, first},
				Diff: "- containerDefinitions[app].image: \"r/api@sha256:a\"\n+ containerDefinitions[app].image: \"r/api@sha256:b\"\n" +
					"- containerDefinitions[app].environment[COLOR]: \"#888\"\n+ containerDefinitions[app].environment[COLOR]: \"#0a0 | @all\"\n" +
					"+ containerDefinitions[app].environment[NEW]: \"1\"\n- containerDefinitions[app].secrets[TOKEN]: \"arn:aws:ssm:eu-west-1:1:parameter/token\"\n" +
					"- cpu: \"256\"\n+ cpu: \"512\"\n",
			},
			{Environment: "prod", Service: "worker", Steps: []string{"update service worker"}, Images: []tagboat.ImageState{api}, Diff: ""},
		},
		Problems:  []tagboat.Problem{{Environment: "dev", Service: "api", Message: `log group "/shop" does not exist`, Where: "api.json:3:4", Hint: "create it"}},
		Warnings:  []tagboat.Problem{{Environment: "dev", Service: "api", Message: "not checked: roles"}},
		LeftAlone: []tagboat.LeftAlone{{Environment: "prod", Service: "job", Verdict: tagboat.VerdictBlocked, Reason: "image job is held"}},
	}
}

func promotion() tagboat.PromotionDocument {
	opens := begun
	release := func(name string) tagboat.Release { return tagboat.Release{Name: name, ID: digest("f")} }
	return tagboat.PromotionDocument{
		Plan: "0123456789ab", Stage: "prod", Warnings: []string{"two people share one session"},
		Promotions: []tagboat.PromotionResult{
			{
				Environment: "prod", Stage: "prod", Release: release("17"), From: release("16"), State: tagboat.PromotionReady,
				Gates: []tagboat.GateResult{
					{Gate: "soak", Passed: true, Reason: "it has run well in staging for 3h"},
					{Gate: "approvals", Passed: true, BrokenGlass: true, Reason: "1 of 2"},
				},
				Pins: plan().Pins, Changes: plan().Changes[:1],
			},
			{
				Environment: "mb-prod", Stage: "prod", Tenant: "mb", Release: release("17"), State: tagboat.PromotionBlocked, Reason: "it opens at 10",
				Gates:      []tagboat.GateResult{{Gate: "window", Cause: tagboat.CauseWindow, Reason: "it opens at 10", Hint: "to override it: tagboat promote", Opens: &opens}},
				PassedOver: []tagboat.Release{release("15")}, Problems: plan().Problems,
			},
			{Tenant: "acme", Stage: "prod", State: tagboat.PromotionAbsent, Reason: "acme has no environment in prod"},
			{Environment: "zoo-prod", Stage: "prod", Tenant: "zoo", Release: tagboat.Release{ID: digest("e")}, From: tagboat.Release{ID: digest("e")}, State: tagboat.PromotionRolledBack},
		},
	}
}

func TestDocuments(t *testing.T) {
	for name, pieces := range map[string][]string{
		"deployments": markdown.Deployments("deploy", []tagboat.Deployment{
			ended("job", tagboat.VerdictUnchanged, 0), ended("web", tagboat.VerdictSucceeded, 42), failed(), ended("x_y", tagboat.VerdictTimedOut, 1800),
		}),
		"nothing":       markdown.Deployments("rollback", nil),
		"plan":          markdown.Plan(plan()),
		"plan-nothing":  markdown.Plan(tagboat.PlanDocument{}),
		"promotion":     markdown.Promotion(promotion()),
		"release-diff":  markdown.ReleaseDiff(differing()),
		"release-notes": markdown.ReleaseNotes("prod", differing()),
		"release-same":  markdown.ReleaseDiff(tagboat.ReleaseDiffDocument{From: tagboat.Release{Name: "17"}, To: tagboat.Release{Name: "17"}}),
	} {
		t.Run(name, func(t *testing.T) { casetest.Golden(t, "testdata/"+name+".md", []byte(strings.Join(pieces, ""))) })
	}
}

// differing is what came from release 15 to 17, with all that can differ and text that wants to be more.
func differing() tagboat.ReleaseDiffDocument {
	return tagboat.ReleaseDiffDocument{
		From: tagboat.Release{Name: "15", ID: digest("a")}, To: tagboat.Release{Name: "17", ID: digest("b")},
		Between: []tagboat.Release{
			{Name: "17", Commit: "1111111111111111111111111111111111111111", Notes: "faster | checkout\n- @all: <b>look</b>\n- less\n"},
			{Name: "16", Commit: "2222222222222222222222222222222222222222"},
		},
		Images: []tagboat.ReleaseImageDiff{
			{
				Image: "api", From: tagboat.Observed{Tag: "1.4.2", Digest: digest("a")}, To: tagboat.Observed{Tag: "1.5.0", Digest: digest("b")},
				Commits: "1111111111111111..2222222222222222", Link: "https://git.example/a(b)|c/compare/1...2",
			},
			{Image: "new", To: tagboat.Observed{Digest: digest("c")}},
		},
		Files: []tagboat.ReleaseFileDiff{{Service: "web", File: "taskDefinition", Diff: "@@ -1,1 +1,1 @@\n-  \"cpu\": \"256\"\n+  \"cpu\": \"```\"\n"}},
		Vars:  []tagboat.ReleaseVarDiff{{Name: "color", Scope: "stage prod", From: "#888", To: nil}, {Name: "n", From: 1, To: 2}},
	}
}

// active is what text may not become outside of a block of code: HTML, code, a link or an image, a
// mention, a reference to an issue, a heading, another cell.
var active = regexp.MustCompile("<[a-z!/]|(^|[^\\\\])[`*_\\[\\]|~]|@[A-Za-z]|(^|[^&])#[0-9]|://|www\\.|\n")

// FuzzText holds that text of others stands in a document as text.
func FuzzText(f *testing.F) {
	for _, text := range []string{"<b>", "`x`", "[a](http://x)", "![a](b)", "a|b", "@all", "#12", "http://x.example", "www.x.example", "a\nb", "\\", "\\|", "~~x~~", "&lt;", "# x", "</summary>", "```", "\x1b[31m", "GH-1"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		pieces := markdown.Promotion(tagboat.PromotionDocument{Warnings: []string{text}})
		warning, ok := strings.CutPrefix(pieces[len(pieces)-3], "\n⚠️ ")
		if !ok {
			t.Fatalf("no warning in %q", pieces)
		}
		warning = strings.TrimSuffix(warning, "\n")
		pairs := strings.ReplaceAll(warning, `\\`, "")
		if found := active.FindString(pairs); found != "" {
			t.Errorf("%q stands as %q, with %q", text, warning, found)
		}
	})
}
