package selection_test

import (
	"testing"

	"github.com/Masterminds/semver/v3"

	"github.com/tagboat/tagboat/internal/selection"
)

var constraints = []string{
	"*", "x", "1", "1.x", "1.2", "1.2.x", "1.2.3", "=1.2.3", "v1.2.3", "!=1.2.3", "!=1.2", "!=1", ">1", ">1.2", ">1.2.3", ">=1.2", ">=1", "<2", "<1.2", "<1.2.3",
	"<=1", "<=1.2", "<=1.2.3", "~1", "~1.2", "~1.2.3", "~>1.2.3", "^1", "^1.2", "^1.2.3", "^0", "^0.1", "^0.1.2", "^0.0", "^0.0.1", "^0.0.0",
	">=1.0.0 <2.0.0", ">=1.0.0, <2.0.0", "1.0.0 - 1.2.3", "1.x || >=3.0.0", "<1.0.0 || >=2", "^1.2.3-rc.1", ">=1.0.0-0", "<2.0.0-rc.2", "=1.2.3-rc.1",
	"~1.2.3-rc.1", ">1.2.3-rc.1", "<=1.2.3-rc.1",
}

var versions = []string{
	"0.0.0", "0.0.1", "0.0.2", "0.1.0", "0.1.2", "0.1.3", "0.2.0", "1.0.0", "1.0.1", "1.1.9", "1.2.0", "1.2.2", "1.2.3", "1.2.4", "1.3.0", "1.10.0", "2.0.0", "2.0.1",
	"2.1.0", "3.0.0", "3.1.4", "10.0.0", "1.2.3-rc.1", "1.2.3-rc.2", "1.2.4-rc.1", "1.3.0-alpha", "1.2.3-alpha", "0.9.0-rc.1",
}

// TestConstraintsAreTheFieldsOwn compares with Masterminds/semver, which keeps numbers in
// 64 bits but agrees on all that fit there.
func TestConstraintsAreTheFieldsOwn(t *testing.T) {
	for _, text := range constraints {
		theirs, err := semver.NewConstraint(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		for _, v := range versions {
			want := theirs.Check(semver.MustParse(v))
			if got := chosen(t, spec{Semver: text}, tags(v)) == v; got != want {
				t.Errorf("%s allows %s: %t, want %t", text, v, got, want)
			}
		}
	}
}

// TestUpperBoundsKeepPrereleasesOut has what other libraries let in: 2.0.0-rc.1 is no 1.x.
func TestUpperBoundsKeepPrereleasesOut(t *testing.T) {
	for _, text := range []string{"^1.2.3-rc.1", "~1.2.3-rc.1", "1.x || 1.0.0-rc.1"} {
		for _, v := range []string{"2.0.0-rc.1", "2.0.0"} {
			if got := chosen(t, spec{Semver: text}, tags(v)); got != "" {
				t.Errorf("%s allows %s", text, v)
			}
		}
	}
	for _, tc := range []struct {
		constraint, version string
		want                bool
	}{
		{">=1.0.0-0 <2.0.0", "2.0.0-rc.1", false},
		{">=1.0.0-0 <2", "2.0.0-rc.1", false},
		{">=1.0.0-0 <2.0", "2.0.0-0", false},
		{">=1.0.0-0, <2.0.0", "1.9.9-rc.1", true},
		{">=1.0.0-0 <2.0.0", "1.0.0-0", true},
		{"1.0.0-0 - 1.9.9 || <0.5.0", "0.5.0-rc.1", false},
		{">=2.0.0-rc.1 <2.0.0", "2.0.0-rc.2", true}, // who names one of them means them
		{">=2.0.0-0 <2.0.0", "2.0.0-rc.2", true},
		{">=1.0.0-0 <2.0.0-rc.2", "2.0.0-rc.1", true},
		{">=1.0.0-0 <=2.0.0", "2.0.0-rc.1", true}, // 2.0.0 itself is allowed
	} {
		if got := chosen(t, spec{Semver: tc.constraint}, tags(tc.version)) != ""; got != tc.want {
			t.Errorf("%s allows %s: %t", tc.constraint, tc.version, got)
		}
	}
}

func TestNoConstraint(t *testing.T) {
	for _, text := range []string{" ", "||", "1.0 ||", "latest", "1.x.3", ">", "1.2.3.4", "=>", "1.02.0", ">=1.0.0 foo", "1.2.3+build"} {
		if _, problems := selection.Compile(spec{Semver: text}); len(problems) == 0 {
			t.Errorf("%q is a constraint", text)
		}
	}
}

func FuzzConstraint(f *testing.F) {
	for _, c := range constraints {
		for _, v := range versions[:4] {
			f.Add(c, v)
		}
	}
	f.Fuzz(func(t *testing.T, text, v string) {
		r, problems := selection.Compile(spec{Semver: text})
		if len(problems) > 0 || text == "" {
			return
		}
		choice := r.Choose(tags(v), now)
		if len(choice.Accepted)+len(choice.Skipped) != 1 {
			t.Errorf("%s: %+v", text, choice)
		}
	})
}
