package selection_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat/internal/selection"
)

type spec = selection.Spec

func TestChoose(t *testing.T) {
	for _, tc := range []struct {
		name string
		rule spec
		tags []string
		want string
	}{
		{"patches of a version", spec{Semver: "1.0.x"}, []string{"1.0.0", "1.0.0.1", "1.0.0p", "1.0.1", "1.2.0", "0.1.0"}, "1.0.1"},
		{"a v before the version", spec{Semver: "1.0.x"}, []string{"v1.2.3", "v1.0.0", "v0.1.0"}, "v1.0.0"},
		{"Ubuntu's habit", spec{Order: "alphabetical"}, []string{"16.04", "16.04.1", "16.10", "20.04", "20.10"}, "20.10"},
		{"a number in the tag", spec{Match: `ver(?P<n>\d+)`, Order: "numeric", By: []string{"n"}}, []string{"ver1", "ver2", "ver10", "rel11"}, "ver10"},
		{"the only named group", spec{Match: `ver(?P<n>\d+)`, Order: "numeric"}, []string{"ver1", "ver2", "ver10"}, "ver10"},
		{"build numbers", spec{Order: "numeric"}, []string{"9", "10", "1042", "latest"}, "1042"},
		{"seventeen digits", spec{Order: "numeric"}, []string{"20240115123456002", "20240115123456001"}, "20240115123456002"},
		{"forty digits", spec{Order: "numeric"}, []string{"1000000000000000000000000000000000000001", "1000000000000000000000000000000000000000", "999"}, "1000000000000000000000000000000000000001"},
		{"zeros before a number", spec{Order: "numeric"}, []string{"0099", "100"}, "100"},
		{"long numbers in versions", spec{Semver: ">=1.0.0"}, []string{"1.0.99999999999999999999998", "1.0.99999999999999999999999"}, "1.0.99999999999999999999999"},
		{"long numbers in prereleases", spec{Semver: ">=1.0.0-0"}, []string{"1.0.0-99999999999999999999998", "1.0.0-99999999999999999999999"}, "1.0.0-99999999999999999999999"},
		{"prereleases are not asked for", spec{Semver: ">=1.0.0"}, []string{"1.0.0", "2.0.0-rc.1"}, "1.0.0"},
		{"prereleases are asked for", spec{Semver: ">=1.0.0-0"}, []string{"1.0.0", "2.0.0-rc.1"}, "2.0.0-rc.1"},
		{"rc.10 and rc.9", spec{Semver: ">=1.0.0-0"}, []string{"1.0.0-rc.10", "1.0.0-rc.9"}, "1.0.0-rc.10"},
		{"rc10 and rc9 are text in semver", spec{Semver: ">=1.0.0-0"}, []string{"1.0.0-rc10", "1.0.0-rc9"}, "1.0.0-rc9"},
		{"rc10 and rc9 by number", spec{Match: `^1\.0\.0-rc(?P<n>\d+)$`, Order: "numeric"}, []string{"1.0.0-rc10", "1.0.0-rc9"}, "1.0.0-rc10"},
		{"rc10 and rc9 as text", spec{Match: `^rc\d+$`, Order: "alphabetical"}, []string{"rc10", "rc9"}, "rc9"},
		{"branch, time and commit", spec{Match: `^main-(?P<ts>\d{14})-[0-9a-f]{7}$`, Order: "numeric", By: []string{"ts"}},
			[]string{"main-20260101000000-aaaaaaa", "main-20260102000000-bbbbbbb", "feature-20260103000000-ccccccc"}, "main-20260102000000-bbbbbbb"},
		{"versions with a suffix", spec{Match: `^(?P<v>.*)-alpine$`, Order: "semver", By: []string{"v"}}, []string{"1.9.0-alpine", "1.10.0-alpine", "2.0.0"}, "1.10.0-alpine"},
		{"versions within a match keep out nothing", spec{Match: `^(?P<v>.*)$`, Order: "semver"}, []string{"1.0.0", "1.1.0-rc.1"}, "1.1.0-rc.1"},
		{"versions with a suffix, in a range", spec{Match: `^(?P<v>.*)-alpine$`, Semver: "16.x"},
			[]string{"16.2.1-alpine", "16.10.0-alpine", "17.0.0-alpine", "16.11.0-rc.1-alpine", "16.12.0", "16.2.1-alpine3.19"}, "16.10.0-alpine"},
		{"revisions behind a version", spec{Match: `^(?P<v>[\d.]+)-debian-\d+-r(?P<r>\d+)$`, Semver: "7.x", By: []string{"v", "r"}},
			[]string{"7.2.4-debian-12-r9", "7.2.4-debian-12-r10", "7.2.3-debian-12-r99", "8.0.0-debian-12-r1"}, "7.2.4-debian-12-r10"},
		{"commits after a version", spec{Match: `^v(?P<v>\d+\.\d+\.\d+)(-(?P<n>\d+)-g[0-9a-f]+)?$`, Order: "semver", By: []string{"v", "n"}},
			[]string{"v1.2.3", "v1.2.3-9-gdef4567", "v1.2.3-14-gabc1234", "v1.2.2-120-g0011223"}, "v1.2.3-14-gabc1234"},
		{"a date, then the number of the run", spec{Match: `^(?P<date>\d{8})\.(?P<run>\d+)$`, Order: "numeric", By: []string{"date", "run"}},
			[]string{"20260920.9", "20260920.10", "20260919.11"}, "20260920.10"},
		{"a date in a layout, then the number of the run", spec{Match: `^(?P<date>\d\d-\d\d-\d\d)(-(?P<run>\d+))?$`, Order: "time", Layout: "02-01-06", By: []string{"date", "run"}},
			[]string{"03-02-26", "03-02-26-9", "03-02-26-10", "28-01-26-99"}, "03-02-26-10"},
		{"the groups count in the order of by", spec{Match: `^(?P<n>\d+)-(?P<date>\d{8})$`, Order: "numeric", By: []string{"date", "n"}},
			[]string{"9-20260101", "1-20260102"}, "1-20260102"},
		{"an epoch that most have not", spec{Match: `^((?P<epoch>\d+)_)?(?P<v>[\d.]+)$`, Order: "version", By: []string{"epoch", "v"}},
			[]string{"2024.1", "1_1.0", "1_1.0.1"}, "1_1.0.1"},
		{"year and month", spec{Order: "version"}, []string{"2024.9", "2024.10", "2023.11", "latest"}, "2024.10"},
		{"a counter that is missing is lower", spec{Order: "version"}, []string{"2022.04", "2022.04.1", "2022.04.10", "2022.4.2"}, "2022.04.10"},
		{"zeros before numbers", spec{Order: "version"}, []string{"2022.04.10", "2022.05"}, "2022.05"},
		{"words, dashes and underscores between", spec{Order: "version"}, []string{"7.2.4-debian-12_r9", "7.2.4_debian-12-r10", "7.2.4"}, "7.2.4_debian-12-r10"},
		{"one number", spec{Order: "version"}, []string{"9", "10"}, "10"},
		{"ten numbers, of forty digits", spec{Order: "version"}, []string{"1.1.1.1.1.1.1.1.1.1000000000000000000000000000000000000001", "1.1.1.1.1.1.1.1.1.1000000000000000000000000000000000000000"}, "1.1.1.1.1.1.1.1.1.1000000000000000000000000000000000000001"},
		{"a v before numbers", spec{Order: "version"}, []string{"v1.9", "1.8", "V1.10"}, "V1.10"},
		{"words before numbers are branches, or hashes", spec{Order: "version"}, []string{"1.9", "pr-1234", "sha-fae35e4", "abc9999"}, "1.9"},
		{"day before month", spec{Match: `^prod-(?P<at>.*)$`, Order: "time", Layout: "02-01-06-15-04"},
			[]string{"prod-11-12-20-10-30", "prod-30-11-20-10-30", "prod-01-01-21-00-00"}, "prod-01-01-21-00-00"},
		{"a time without a layout", spec{Match: `^prod-(?P<at>[0-9-]+)$`, Order: "time"}, []string{"prod-20251231-2359", "prod-20260102-1030", "prod-latest"}, "prod-20260102-1030"},
		{"a fixed tag", spec{Tag: "prod"}, []string{"dev", "prod", "zzz"}, "prod"},
		{"a fixed tag that is not there", spec{Tag: "prod"}, []string{"dev"}, ""},
		{"what is ignored", spec{Semver: "*", Ignore: []string{"^1[.]1[.]", "bad"}}, []string{"1.0.0", "1.1.0"}, "1.0.0"},
		{"nothing fits", spec{Semver: ">=9"}, []string{"1.0.0", "latest"}, ""},
		{"nothing is there", spec{Semver: ">=9"}, nil, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := chosen(t, tc.rule, tags(tc.tags...)); got != tc.want {
				t.Errorf("chose %q, want %q", got, tc.want)
			}
		})
	}
}

func TestNoRuleChoosesNothing(t *testing.T) {
	if v, ok := (selection.Rule{}).Choose(tags("1.0.0"), now).Chosen(); ok {
		t.Errorf("chose %+v", v)
	}
}

func TestNewestPush(t *testing.T) {
	candidates := tags("a", "b", "c")
	candidates[1].PushedAt = now.Add(-time.Hour)
	candidates = append(candidates, selection.Candidate{Digest: digest(9), PushedAt: now, Looked: true})
	if got := chosen(t, spec{Newest: "push"}, candidates); got != "b" {
		t.Errorf("chose %q", got)
	}
	v, _ := rule(t, spec{Newest: "push", Untagged: true}).Choose(candidates, now).Chosen()
	if v.Digest != digest(9) {
		t.Errorf("chose %+v", v)
	}
}

func TestAnIndexComesAfterItsImages(t *testing.T) {
	image := selection.Candidate{Digest: digest(9), PushedAt: now, Looked: true}
	index := selection.Candidate{Digest: digest(1), PushedAt: now, Index: true, Looked: true}
	v, _ := rule(t, spec{Newest: "push", Untagged: true}).Choose([]selection.Candidate{index, image}, now).Chosen()
	if v.Digest != index.Digest {
		t.Errorf("chose %+v", v)
	}
}

func TestReasons(t *testing.T) {
	old := tags("1.0.0", "1.1.0-rc.1", "2.0.0", "1.2", "latest", "1234567", "1.01.0", "1.0.2-bad")
	got := skipped(t, spec{Semver: "1.x", Ignore: []string{"bad$"}}, old)
	want := map[string]string{
		"1.1.0-rc.1": "is a prerelease, and the constraint names none",
		"2.0.0":      "is outside of the constraint",
		"1.2":        "is no semantic version: a semantic version has three numbers, and this has 2",
		"latest":     `is no semantic version: "latest" is not a number`,
		"1234567":    "is no semantic version: a semantic version has three numbers, and this has 1",
		"1.01.0":     "is no semantic version: 01 begins with a zero, which semver does not allow",
		"1.0.2-bad":  "is ignored by bad$",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	got = skipped(t, spec{Match: `^b(?P<n>\d*)$`, Order: "numeric"}, tags("b", "b1", "c1"))
	want = map[string]string{"b": `matches, but its group "n" is empty`, "c1": "does not match"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	got = skipped(t, spec{Match: `^(?P<at>.*)$`, Order: "time", Layout: "20060102"}, tags("20260101", "20261301"))
	want = map[string]string{"20261301": "is no time of the form 20060102: 20261301"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestReasonsOfGroups(t *testing.T) {
	dated := spec{Match: `^(?P<d>\d*)x(?P<n>\w*)$`, Order: "numeric", By: []string{"d", "n"}}
	want := map[string]string{
		"1xy": `matches, but its group "n" is no whole number: y`, "x": "matches, but all of its groups are empty", "z": "does not match",
	}
	if diff := cmp.Diff(want, skipped(t, dated, tags("1xy", "x", "z", "1x", "x1"))); diff != "" {
		t.Error(diff)
	}
	want = map[string]string{"latest": "does not begin with a number: latest"}
	if diff := cmp.Diff(want, skipped(t, spec{Order: "version"}, tags("latest", "1"))); diff != "" {
		t.Error(diff)
	}
}

func TestMinAge(t *testing.T) {
	candidates := tags("1.0.0", "1.1.0", "1.2.0")
	candidates[1].PushedAt = now.Add(-10 * time.Minute)
	candidates[2].PushedAt = time.Time{}
	wanted := spec{Semver: "*", MinAge: 2 * time.Hour}
	if got := chosen(t, wanted, candidates); got != "1.0.0" {
		t.Errorf("chose %q", got)
	}
	want := map[string]string{"1.1.0": "is 10m old, less than 2h", "1.2.0": "does not say when it was built or pushed"}
	if diff := cmp.Diff(want, skipped(t, wanted, candidates)); diff != "" {
		t.Error(diff)
	}
}

func TestPlatform(t *testing.T) {
	candidates := tags("1.0.0", "1.1.0", "1.2.0")
	candidates[0].Platforms = []string{"linux/amd64", "linux/arm64/v8"}
	candidates[1].Platforms = []string{"linux/amd64"}
	wanted := spec{Semver: "*", Platform: "linux/arm64"}
	if got := chosen(t, wanted, candidates); got != "1.0.0" {
		t.Errorf("chose %q", got)
	}
	want := map[string]string{"1.1.0": "is for linux/amd64, not for linux/arm64", "1.2.0": "does not say for which platform it is"}
	if diff := cmp.Diff(want, skipped(t, wanted, candidates)); diff != "" {
		t.Error(diff)
	}
}

// TestNeeds has candidates of which a registry says nothing but the tag.
func TestNeeds(t *testing.T) {
	bare := func(names ...string) []selection.Candidate {
		all := tags(names...)
		for i := range all {
			all[i].PushedAt, all[i].Looked = time.Time{}, false
		}
		return all
	}
	for _, tc := range []struct {
		name string
		rule spec
		tags []string
		want []int
	}{
		{"keys decide, and the winner must run", spec{Semver: "*"}, []string{"1.0.0", "1.1.0"}, []int{1}},
		{"the winner's age", spec{Semver: "*", MinAge: time.Hour}, []string{"1.0.0", "1.1.0"}, []int{1}},
		{"the winner's platform", spec{Semver: "*", Platform: "linux/arm64"}, []string{"1.1.0", "1.0.0"}, []int{0}},
		{"the same key twice", spec{Semver: "*"}, []string{"1.0.0", "v1.1.0", "1.1.0"}, []int{1, 2}},
		{"push times decide", spec{Newest: "push"}, []string{"a", "b"}, []int{0, 1}},
		{"there is one only", spec{Newest: "push"}, []string{"a"}, []int{0}},
		{"none fits", spec{Semver: "*"}, []string{"a"}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			choice := rule(t, tc.rule).Choose(bare(tc.tags...), now)
			got := map[int]bool{}
			for _, n := range choice.Needs {
				got[n] = true
			}
			want := map[int]bool{}
			for _, n := range tc.want {
				want[n] = true
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			if v, ok := choice.Chosen(); ok {
				t.Errorf("chose %+v", v)
			}
		})
	}
}

// TestWhatNoContainerCanRunIsSkipped has what lies in a repository beside its images.
func TestWhatNoContainerCanRunIsSkipped(t *testing.T) {
	hex := strings.Repeat("0a", 32)
	all := tags("1.0.0", "sha256-"+hex+".sig", "sha256-"+hex+".att", "sha256-"+hex+".sbom", "chart", "a b")
	all[0].PushedAt = now.Add(-48 * time.Hour)
	all[4].Artifact = "is a Helm chart"
	all = append(all, selection.Candidate{Digest: digest(9), PushedAt: now, Looked: true, Artifact: "is a signature"})
	for _, s := range []spec{{Newest: "push"}, {Newest: "push", Untagged: true}, {Match: ".*", Order: "alphabetical"}} {
		if got := chosen(t, s, all); got != "1.0.0" {
			t.Errorf("%+v chose %q", s, got)
		}
		want := map[string]string{
			all[1].Tag: "is a signature of another version", all[2].Tag: "is an attestation of another version",
			all[3].Tag: "is a list of materials of another version", "chart": "is a Helm chart", "a b": "cannot be a tag", "": "has no tag",
		}
		if s.Untagged {
			want[""] = "is a signature"
		}
		if diff := cmp.Diff(want, skipped(t, s, all)); diff != "" {
			t.Error(diff)
		}
	}
	if got := chosen(t, spec{Newest: "push"}, tags("sha256-"+hex)); got == "" {
		t.Error("a digest of sources is a tag like any other")
	}
}

func TestDecided(t *testing.T) {
	for _, tc := range []struct {
		rule spec
		tags []string
		want string
	}{
		{spec{Semver: "*"}, []string{"1.10.0", "1.9.9"}, "1.10.0 is a higher version than 1.9.9: minor 10 is more than 9"},
		{spec{Semver: ">=1.0.0-0"}, []string{"1.0.0", "1.0.0-rc.1"}, "1.0.0 is a higher version than 1.0.0-rc.1: a release comes after its prereleases"},
		{spec{Semver: ">=1.0.0-0"}, []string{"1.0.0-rc.10", "1.0.0-rc.9"}, "1.0.0-rc.10 is a higher version than 1.0.0-rc.9: in the prerelease, 10 is more than 9"},
		{spec{Semver: ">=1.0.0-0"}, []string{"1.0.0-rc10", "1.0.0-rc9"}, "1.0.0-rc9 is a higher version than 1.0.0-rc10: in the prerelease, rc9 comes after rc10 as text; semver compares numbers only where they stand alone between dots"},
		{spec{Semver: ">=1.0.0-0"}, []string{"1.0.0-1", "1.0.0-a"}, "1.0.0-a is a higher version than 1.0.0-1: in the prerelease, text (a) comes after numbers (1)"},
		{spec{Semver: ">=1.0.0-0"}, []string{"1.0.0-rc", "1.0.0-rc.1"}, "1.0.0-rc.1 is a higher version than 1.0.0-rc: its prerelease has one part more"},
		{spec{Match: `^b(?P<n>\d+)`, Order: "numeric"}, []string{"b10", "b9"}, "10 is a larger number than 9 (of b10 and b9)"},
		{spec{Order: "alphabetical"}, []string{"a", "b"}, "b comes after a in the alphabet"},
		{spec{Match: `^p-(?P<t>.*)`, Order: "time"}, []string{"p-20260101", "p-20260102"}, "2026-01-02 00:00:00Z is later than 2026-01-01 00:00:00Z (of p-20260102 and p-20260101)"},
		{spec{Semver: "*"}, []string{"1.0.0", "v1.0.0"}, "v1.0.0 and 1.0.0 have the same key, v1.0.0; both were pushed at the same time, and the tag v1.0.0 comes after 1.0.0"},
		{spec{Order: "version"}, []string{"2024.10-r1", "2024.9"}, "2024.10-r1 is a higher version than 2024.9: its number 2, 10, is more than 9"},
		{spec{Order: "version"}, []string{"2024.10", "2024.10.1"}, "2024.10.1 is a higher version than 2024.10: it has 3 numbers, and the other one the first 2 of them"},
		{spec{Order: "version"}, []string{"1.2-alpine", "1.2-slim"}, "1.2-slim and 1.2-alpine have the same key, 1.2-slim; both were pushed at the same time, and the tag 1.2-slim comes after 1.2-alpine"},
		{spec{Match: `^(?P<d>\d+)\.(?P<n>\d+)$`, Order: "numeric", By: []string{"d", "n"}}, []string{"20260920.9", "20260920.10"},
			`10 is a larger number than 9 (group "n" of 20260920.10 and 20260920.9)`},
		{spec{Match: `^(?P<d>\d+)(\.(?P<n>\d+))?$`, Order: "numeric", By: []string{"d", "n"}}, []string{"20260920", "20260920.0"},
			`0 is more than none (group "n" of 20260920.0 and 20260920)`},
		{spec{Tag: "a"}, []string{"a"}, "the rule names this tag"},
		{spec{Semver: "*"}, []string{"1.0.0", "x"}, "it is the only one that fits"},
	} {
		if diff := cmp.Diff(tc.want, rule(t, tc.rule).Choose(tags(tc.tags...), now).Decided); diff != "" {
			t.Errorf("%v: %s", tc.tags, diff)
		}
	}
	timed := tags("a", "b")
	timed[0].PushedAt = now
	want := "a was pushed 2026-11-21 12:00:00Z, later than b, 2026-11-20 12:00:00Z"
	if diff := cmp.Diff(want, rule(t, spec{Newest: "push"}).Choose(timed, now).Decided); diff != "" {
		t.Error(diff)
	}
}
