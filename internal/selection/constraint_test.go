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
