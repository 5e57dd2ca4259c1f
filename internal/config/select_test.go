package config_test

import (
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/casetest"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/selection"
)

func TestParseRule(t *testing.T) {
	for text, want := range map[string]selection.Spec{
		`semver: ">=1.0.0"`: {Semver: ">=1.0.0"},
		`{match: '^main-(?P<ts>\d{14})-[0-9a-f]{7}$', order: numeric, by: ts}`: {
			Match: `^main-(?P<ts>\d{14})-[0-9a-f]{7}$`, Order: selection.Numeric, By: []string{"ts"}},
		`match: '^(?P<date>\d{8})\.(?P<run>\d+)$', order: numeric, by: [date, run]`: {
			Match: `^(?P<date>\d{8})\.(?P<run>\d+)$`, Order: selection.Numeric, By: []string{"date", "run"}},
		`match: '^(?P<v>.*)-alpine$', semver: "16.x"`: {Match: `^(?P<v>.*)-alpine$`, Semver: "16.x"},
		`order: version`:                                  {Order: selection.Version},
		`newest: push, ignore: rc, minAge: 2h`:            {Newest: "push", Ignore: []string{"rc"}, MinAge: 2 * time.Hour},
		`order: time, layout: "02-01-06", ignore: [a, b]`: {Order: selection.Time, Layout: "02-01-06", Ignore: []string{"a", "b"}},
		`follow: stable, platform: linux/arm64`:           {Follow: "stable", Platform: "linux/arm64"},
	} {
		rule, err := config.ParseRule("--backtest", text)
		if err != nil {
			t.Errorf("%s: %s", text, casetest.Report(err))
		}
		expect.EqualIn(t, text, want, rule.Spec)
	}
	for _, text := range []string{"", "{}", "1.0", "semver: later", "semvr: 1", "{semver", "minAge: 2h", "tag: a, follow: b"} {
		if rule, err := config.ParseRule("--backtest", text); tagboat.KindOf(err) != tagboat.Usage {
			t.Errorf("%q is %s, %v", text, rule, err)
		}
	}
}
