package cli

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/catalog"
)

const digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

func TestParseImageArg(t *testing.T) {
	tests := []struct {
		arg  string
		want catalog.ImageArg
	}{
		{"api", catalog.ImageArg{Image: "api"}},
		{"api=1.4.2", catalog.ImageArg{Image: "api", Tag: "1.4.2"}},
		{"radio/air-socket-app=v1", catalog.ImageArg{Image: "radio/air-socket-app", Tag: "v1"}},
		{"api@" + digest, catalog.ImageArg{Image: "api", Digest: digest}},
		{"api=v1@" + digest, catalog.ImageArg{Image: "api", Tag: "v1", Digest: digest}},
	}
	for _, test := range tests {
		t.Run(test.arg, func(t *testing.T) {
			got, err := parseImageArg(test.arg)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	for _, arg := range []string{"", "=v1", "api=", "api=a b", "api@sha256:12", "api@", "@" + digest, "api=v1@latest"} {
		t.Run("bad "+arg, func(t *testing.T) {
			got, err := parseImageArg(arg)
			if tagboat.KindOf(err) != tagboat.Usage {
				t.Errorf("got %+v and error %v, wanted an error of kind Usage", got, err)
			}
		})
	}
}

func TestWorst(t *testing.T) {
	tests := []struct {
		name     string
		verdicts []tagboat.Verdict
		want     int
	}{
		{"none", nil, 0},
		{"all good", []tagboat.Verdict{tagboat.VerdictSucceeded, tagboat.VerdictUnchanged, tagboat.VerdictStarted}, 0},
		{"one rolled back", []tagboat.Verdict{tagboat.VerdictSucceeded, tagboat.VerdictRolledBack}, 4},
		{"what was not rolled back is worse", []tagboat.Verdict{tagboat.VerdictRolledBack, tagboat.VerdictFailed}, 5},
		{"timed out", []tagboat.Verdict{tagboat.VerdictTimedOut, tagboat.VerdictSucceeded}, 6},
		{"superseded", []tagboat.Verdict{tagboat.VerdictSuperseded}, 7},
		{"interrupted", []tagboat.Verdict{tagboat.VerdictInterrupted, tagboat.VerdictFailed}, 130},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var deployments []tagboat.Deployment
			for _, v := range test.verdicts {
				deployments = append(deployments, tagboat.Deployment{Verdict: v})
			}
			got := 0
			if err := worst(deployments, false); err != nil {
				got = tagboat.KindOf(err).ExitCode()
			}
			if got != test.want {
				t.Errorf("exit code %d, wanted %d", got, test.want)
			}
		})
	}
}

func TestTexts(t *testing.T) {
	got := []string{
		versionText("v1", digest), versionText("", digest), versionText("v1", ""),
		ageText(0), ageText(119), ageText(120), ageText(7200), ageText(3 * 86400),
		revision("arn:aws:ecs:eu-west-1:1:task-definition/web:7"), revision(""),
	}
	want := []string{
		"v1 (0123456)", "0123456789ab", "-",
		"-", "119s", "2m", "2h", "3d",
		"web:7", "-",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
