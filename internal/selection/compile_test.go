package selection_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat/internal/selection"
)

func TestProblems(t *testing.T) {
	for _, tc := range []struct {
		spec   spec
		fields []string
	}{
		{spec{}, nil},
		{spec{Tag: "1.0", Semver: "*"}, []string{"semver"}},
		{spec{Tag: "a b"}, []string{"tag"}},
		{spec{Follow: "-x"}, []string{"follow"}},
		{spec{Semver: "later"}, []string{"semver"}},
		{spec{Semver: "1.0", Order: "semver"}, []string{"order"}},
		{spec{Match: "a("}, []string{"match", "match"}},
		{spec{Match: "a"}, []string{"match"}},
		{spec{Match: "a(?P<n>.)", Order: "size"}, []string{"order"}},
		{spec{Order: "numeric", By: []string{"n"}}, []string{"by"}},
		{spec{Order: "numeric", Layout: "2006"}, []string{"layout", "layout"}},
		{spec{Order: "time", Layout: "15:04"}, []string{"layout"}},
		{spec{Match: "a(?P<n>.)", Semver: "*", Order: "numeric"}, []string{"order"}},
		{spec{Match: "a(?P<n>.)", Semver: "*", Order: "semver"}, nil},
		{spec{Match: "a(?P<n>.)", Semver: "later"}, []string{"semver"}},
		{spec{Match: "(?P<a>.)(?P<b>.)", Order: "numeric", By: []string{"a", "c", "a"}}, []string{"by", "by"}},
		{spec{Order: "version", Layout: "20060102"}, []string{"layout"}},
		{spec{Newest: "tag"}, []string{"newest"}},
		{spec{Tag: "a", Untagged: true}, []string{"untagged"}},
		{spec{Tag: "a", Platform: "arm64"}, []string{"platform"}},
		{spec{Tag: "a", Ignore: []string{"ok", "("}}, []string{"ignore"}},
		{spec{MinAge: time.Hour}, []string{""}},
	} {
		_, problems := selection.Compile(tc.spec)
		var fields []string
		for _, p := range problems {
			fields = append(fields, p.Field)
			if p.Msg == "" {
				t.Errorf("%+v: %+v", tc.spec, p)
			}
		}
		if diff := cmp.Diff(tc.fields, fields); diff != "" {
			t.Errorf("%+v: %s", tc.spec, diff)
		}
	}
}

func TestString(t *testing.T) {
	for want, s := range map[string]spec{
		"no rule": {},
		"semver: >=1.0.0, platform: linux/arm64, ignore: rc, beta, minAge: 2h": {
			Semver: ">=1.0.0", Platform: "linux/arm64", Ignore: []string{"rc", "beta"}, MinAge: 2 * time.Hour},
		"match: ^b(?P<n>.*)$, order: time, by: n, layout: 20060102, minAge: 7d": {
			Match: "^b(?P<n>.*)$", Order: "time", By: []string{"n"}, Layout: "20060102", MinAge: 7 * 24 * time.Hour},
		"match: ^(?P<d>.*)-(?P<n>.*)$, order: version, by: [d, n]": {Match: "^(?P<d>.*)-(?P<n>.*)$", Order: "version", By: []string{"d", "n"}},
		"newest: push, untagged: true, minAge: 1h30m":              {Newest: "push", Untagged: true, MinAge: 90 * time.Minute},
		"follow: stable": {Follow: "stable"},
	} {
		if got := rule(t, s).String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
