package selection_test

import (
	"slices"
	"testing"
	"time"

	"github.com/tagboat/tagboat/internal/selection"
)

// The tests here are named after what users of other tools ran into.

func TestS1NumbersAreNotSortedAsText(t *testing.T) {
	if got := chosen(t, spec{Semver: "1.0.x"}, tags("1.0.9", "1.0.63")); got != "1.0.63" {
		t.Errorf("chose %s", got)
	}
	if got := chosen(t, spec{Order: "numeric"}, tags("95083", "95057")); got != "95083" {
		t.Errorf("chose %s", got)
	}
	// 2^53 and the number after it are the same as floats.
	if got := chosen(t, spec{Order: "numeric"}, tags("9007199254740992", "9007199254740993")); got != "9007199254740993" {
		t.Errorf("chose %s", got)
	}
}

func TestS2TheSameKeyTwice(t *testing.T) {
	candidates := tags("b7-aaa", "b7-ccc", "b7-bbb")
	wanted := spec{Match: `^b(?P<n>\d+)-`, Order: "numeric"}
	for range 6 {
		if got := chosen(t, wanted, candidates); got != "b7-ccc" {
			t.Fatalf("chose %s by the tag", got)
		}
		candidates = append(candidates[1:], candidates[0])
	}
	at := slices.IndexFunc(candidates, func(c selection.Candidate) bool { return c.Tag == "b7-bbb" })
	candidates[at].PushedAt = now
	if got := chosen(t, wanted, candidates); got != "b7-bbb" {
		t.Errorf("chose %s by the push time", got)
	}
}

func TestS3ATagThatDoesNotFitIsSkipped(t *testing.T) {
	odd := tags("1.0.0", "not-a-version", "1", "v", "1..2", "_", "1.0.0.0", "99999999999999999999999999")
	if got := chosen(t, spec{Semver: ">=1.0.0"}, odd); got != "1.0.0" {
		t.Errorf("chose %q", got)
	}
	if reasons := skipped(t, spec{Semver: ">=1.0.0"}, odd); len(reasons) != 7 {
		t.Errorf("reasons: %v", reasons)
	}
}

func TestS5OnlyWhatTheRuleNamesIsANumber(t *testing.T) {
	if got := chosen(t, spec{Semver: ">=1.0.0"}, tags("1.2.3", "1234567", "7e10")); got != "1.2.3" {
		t.Errorf("a git commit of digits is no version: chose %s", got)
	}
	if got := chosen(t, spec{Order: "numeric"}, tags("12", "7e10", "0x7f", "1_000", "+99", "-1")); got != "12" {
		t.Errorf("7e10 is no number: chose %s", got)
	}
}

func TestS6GroupsHaveNames(t *testing.T) {
	for _, bad := range []spec{
		{Match: `^b(\d+)x$`, Order: "numeric"},
		{Match: `^b(?P<n>\d+)x$`, Order: "numeric", By: []string{"1"}},
		{Match: `^(?P<a>\d+)-(?P<b>\d+)$`, Order: "numeric"},
	} {
		if _, problems := selection.Compile(bad); len(problems) != 1 {
			t.Errorf("%+v: %+v", bad, problems)
		}
	}
	// A pair of parentheses more does not change what is compared.
	if got := chosen(t, spec{Match: `^(b|build)-(?P<n>\d+)$`, Order: "numeric", By: []string{"n"}}, tags("b-2", "build-10")); got != "build-10" {
		t.Errorf("chose %s", got)
	}
}

func TestS9V3NeverBackwards(t *testing.T) {
	candidate := func(tag string, at time.Time) selection.Candidate {
		return selection.Candidate{Tag: tag, Digest: digest(len(tag) * 7), PushedAt: at}
	}
	for _, tc := range []struct {
		name     string
		rule     spec
		from, to selection.Candidate
		older    bool
	}{
		{"a lower version, pushed later", spec{Semver: "*"}, candidate("1.10.0", now.Add(-time.Hour)), candidate("1.9.9", now), true},
		{"a higher version, pushed earlier", spec{Semver: "*"}, candidate("1.9.9", now), candidate("1.10.0", now.Add(-time.Hour)), false},
		{"a version that the rule no longer allows", spec{Semver: "1.x"}, candidate("2.0.0", now), candidate("1.10.0", now), true},
		{"the version that ran was deleted", spec{Semver: "*"}, candidate("1.10.0", time.Time{}), candidate("1.9.9", now), true},
		{"pinned by hand, pushed later", spec{Semver: "*"}, candidate("hotfix", now), candidate("1.0.0", now.Add(-time.Hour)), true},
		{"pinned by hand, pushed earlier", spec{Semver: "*"}, candidate("hotfix", now.Add(-time.Hour)), candidate("1.0.0", now), false},
		{"nothing to compare by", spec{Semver: "*"}, candidate("hotfix", time.Time{}), candidate("1.0.0", now), false},
		{"a followed tag went back", spec{Follow: "stable"}, candidate("stable1", now), candidate("stable", now.Add(-time.Hour)), true},
		{"pushed before", spec{Newest: "push"}, candidate("a1", now), candidate("b", now.Add(-time.Hour)), true},
		{"without a rule, pushed before", spec{}, candidate("a1", now), candidate("b", now.Add(-time.Hour)), true},
		{"the same key at no time", spec{Match: `^b(?P<n>\d+)`, Order: "numeric"}, candidate("b7-b", time.Time{}), candidate("b7-a1", time.Time{}), false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			older, why := rule(t, tc.rule).Older(tc.from, tc.to)
			if older != tc.older || older != (why != "") {
				t.Errorf("%t: %s", older, why)
			}
		})
	}
	same := candidate("1.0.0", now)
	again := same
	again.Tag = "0.9.0"
	if older, _ := rule(t, spec{Semver: "*"}).Older(same, again); older {
		t.Error("the same digest is older than itself")
	}
}

func TestV5FollowsATagThatMoves(t *testing.T) {
	candidates := tags("stable", "9.9.9")
	if got := chosen(t, spec{Follow: "stable"}, candidates); got != "stable" {
		t.Errorf("chose %s", got)
	}
}
