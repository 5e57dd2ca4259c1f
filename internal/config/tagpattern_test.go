package config_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/casetest"
	"github.com/tagboat/tagboat/internal/config"
)

func TestTagPatternExpand(t *testing.T) {
	at := time.Date(2026, 1, 2, 10, 30, 0, 0, time.FixedZone("", 3600))
	names := map[string]string{"environment": "prod", "branch": "feature/tags", "short": "0a1b2c3", "tenant": "", "image": strings.Repeat("x", 200)}
	for _, tc := range []struct {
		pattern config.TagPattern
		want    string
		moves   bool
	}{
		{"dev", "dev", true},
		{"{environment}", "prod", true},
		{"{environment}-{time:20060102-1504}", "prod-20260102-0930", false},
		{"{environment}-{time:01/02/06-15:04}", "prod-01-02-26-09-30", false},
		{"{time}", "20260102-093000", false},
		{"{branch}-{time:20060102}-{short}", "feature-tags-20260102-0a1b2c3", false},
		{"{tenant}-{environment}", "prod", true},
		{"{image}", strings.Repeat("x", 128), true},
	} {
		got := tc.pattern.Expand(names, at)
		if got != tc.want || tc.pattern.Moves() != tc.moves {
			t.Errorf("%s: %q, moves %v; want %q, %v", tc.pattern, got, tc.pattern.Moves(), tc.want, tc.moves)
		}
		if !tagboat.ValidTag(got) {
			t.Errorf("%s: %q is no tag", tc.pattern, got)
		}
	}
}

func FuzzTagPattern(f *testing.F) {
	f.Add("{environment}-{time:20060102-1504}", "prod")
	f.Add("{branch}", "feature/x")
	f.Add("{{environment}", "é")
	f.Fuzz(func(t *testing.T, pattern, name string) {
		got := config.TagPattern(pattern).Expand(map[string]string{"environment": name, "branch": name}, time.Unix(0, 0))
		if got != "" && !tagboat.ValidTag(got) {
			t.Errorf("%q with %q gives %q, which is no tag", pattern, name, got)
		}
	})
}

func TestTagPatternsAreChecked(t *testing.T) {
	const head = "app: a\nstages: [{name: dev, tags: ["
	for tags, want := range map[string]string{
		`"{environment}", "{stage}-{time:20060102-1504}"`: "",
		`"{enviroment}"`:     "unknown placeholder {enviroment}",
		`"{commit}"`:         "unknown placeholder {commit}",
		`"a/b"`:              "cannot be a tag",
		`"{environment"`:     "a placeholder of the tag",
		`""`:                 "cannot be a tag",
		`"{time:20060102}é"`: "cannot be a tag",
	} {
		_, err := config.Parse("tagboat.yaml", []byte(head+tags+"]}]\n"))
		switch {
		case want == "" && err != nil:
			t.Errorf("%s: %v", tags, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: %v, want %q", tags, err, want)
		}
	}
}

func TestRequiredLabel(t *testing.T) {
	for _, tc := range []struct {
		pattern, value string
		want           bool
	}{
		{"yes", "yes", true}, {"yes", "yes!", false}, {"*", "", false}, {"*", "x", true},
		{"https://git.example/*", "https://git.example/shop", true}, {"https://git.example/*", "https://gitxexample/shop", false},
		{"a*c", "abbc", true}, {"a*c", "abcd", false},
	} {
		if got := (config.RequiredLabel{Value: tc.pattern}).Matches(tc.value); got != tc.want {
			t.Errorf("%q against %q: %v", tc.value, tc.pattern, got)
		}
	}
}

// TestWhoseTag: the tags that stages write are told from all others.
func TestWhoseTag(t *testing.T) {
	c, err := config.Parse("tagboat.yaml", []byte(`app: shop
registry: registry.example.com
images: {api: {repository: shop/api}}
stages:
  - {name: dev, tags: ["{tag}"]}
  - {name: prod, tags: ["{environment}", "{environment}-{time:20060102-1504}", "{image}-of-{tenant}", "{tag}.live"]}
environments:
  dev: {stage: dev, cluster: dev}
  prod: {stage: prod, cluster: prod}
  mb-prod: {stage: prod, cluster: prod, tenant: mb}
publish: {tags: ["b-{branch}", "{branch}", "{short}"]}
`))
	if err != nil {
		t.Fatal(casetest.Report(err))
	}
	for tag, want := range map[string]tagboat.StageName{
		"prod": "prod", "mb-prod": "prod", "prod-20261120-1504": "prod", "prod-20261120-1504-2": "prod", "api-of-mb": "prod", "1.4.2.live": "prod",
		"1.4.2": "", "dev": "", "production": "", "prod.1": "", "v-prod": "", "web-of-mb": "", "live": "",
	} {
		if got := c.WhoseTag("api")(tag); got != want {
			t.Errorf("%s is of %q, want %q", tag, got, want)
		}
	}
	for tag, want := range map[string]bool{"b-main": true, "main": false, "7f3a2c1": false, "b-": false} {
		if got := c.MovingTag("api")(tag); got != want {
			t.Errorf("%s moves: %t", tag, got)
		}
	}
}
