package config_test

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/casetest"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/expect"
)

func shop(t *testing.T) *config.Config {
	t.Helper()
	c, err := config.Load("testdata/shop/tagboat.yaml")
	if err != nil {
		t.Fatal(casetest.Report(err))
	}
	return c
}

func TestLoad(t *testing.T) {
	c := shop(t)
	dir := expect.Value(filepath.Abs("testdata/shop"))(t)
	got := map[string]any{
		"app": c.App, "registry": c.Registry, "images": c.Images, "services": c.Services,
		"stages": c.Stages, "environments": c.Environments, "vars": c.Vars, "ledger": c.Ledger,
		"notify": c.Notify, "releases": c.Releases, "home": c.Home,
	}
	out := expect.Value(json.MarshalIndent(got, "", "  "))(t)
	casetest.Golden(t, "testdata/shop.golden", append(bytes.ReplaceAll(out, []byte(dir), []byte("DIR")), '\n'))
	if c.Dir != dir || c.File != "testdata/shop/tagboat.yaml" {
		t.Errorf("dir %s, file %s", c.Dir, c.File)
	}
	expect.EqualIn(t, "zone", "Europe/Brussels", c.Stages[2].Gates.Window.Zone.String())
}

func TestVarsFor(t *testing.T) {
	c := shop(t)
	for _, tc := range []struct {
		env     tagboat.EnvName
		service tagboat.ServiceName
		want    map[string]any
	}{
		{"dev", "", map[string]any{"color": "#f00", "debug": true, "cpu": json.Number("256")}},
		{"mb-dev", "api", map[string]any{"color": "#00a", "cpu": json.Number("256")}},
		{"prod", "api", map[string]any{"color": "#0a0", "cpu": json.Number("1024")}},
		{"prod", "worker", map[string]any{"color": "#0a0", "cpu": json.Number("2048")}},
	} {
		got := c.VarsFor(c.Environments[tc.env], tc.service)
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s %s: %s", tc.env, tc.service, diff)
		}
	}
	expect.Equal(t, []string{"color", "cpu", "debug"}, c.VarNames())
}

func TestSortedEnvironments(t *testing.T) {
	var got []tagboat.EnvName
	for _, e := range shop(t).SortedEnvironments() {
		got = append(got, e.Name)
	}
	expect.Equal(t, []tagboat.EnvName{"dev", "mb-dev", "prod"}, got)
}

func TestLookups(t *testing.T) {
	c := shop(t)
	e, err := c.Environment("mb-dev")
	if err != nil || e.Account != "222222222222" {
		t.Errorf("the account comes from the role: %+v, %v", e, err)
	}
	for _, tc := range []struct {
		look func() error
		want string
	}{
		{func() error { return expect.Err(c.Environment("prd")) }, "there is no environment \"prd\" in testdata/shop/tagboat.yaml\n    hint: did you mean \"prod\"?\n"},
		{func() error { return expect.Err(c.Service("zzzzzz")) }, "there is no service \"zzzzzz\" in testdata/shop/tagboat.yaml\n    hint: there is api, worker\n"},
		{func() error { return expect.Err(c.Image("apii")) }, "there is no image \"apii\" in testdata/shop/tagboat.yaml\n    hint: did you mean \"api\"?\n"},
		{func() error { return expect.Err((&config.Config{File: "f.yaml"}).Environment("x")) }, "there is no environment \"x\" in f.yaml\n    hint: add it under environments: in f.yaml\n"},
	} {
		err := tc.look()
		if tagboat.KindOf(err) != tagboat.Usage {
			t.Errorf("kind of %v", err)
		}
		expect.Equal(t, tc.want, casetest.Report(err))
	}
}

func TestParseDuration(t *testing.T) {
	for s, want := range map[string]time.Duration{
		"30m": 30 * time.Minute, "2h": 2 * time.Hour, "7d": 7 * 24 * time.Hour, "1d12h": 36 * time.Hour, "1h30m": 90 * time.Minute, "0s": 0,
	} {
		if got, err := config.ParseDuration(s); err != nil || time.Duration(got) != want {
			t.Errorf("%s: %v, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "5", "-2h", "2 h", "d", "-1d", "1d-2h", "99999999d", "1d1d", "h"} {
		if got, err := config.ParseDuration(s); err == nil {
			t.Errorf("%q is %v", s, got)
		}
	}
}

func TestDurationIsWrittenAsItIsRead(t *testing.T) {
	for _, s := range []string{"0s", "30s", "1m30s", "30m", "2h", "1h30m", "1h0m5s", "7d", "1d12h", "1d30m"} {
		d := expect.Value(config.ParseDuration(s))(t)
		expect.Equal(t, s, d.String())
	}
}

func TestParseCron(t *testing.T) {
	for _, s := range []string{"0 0 31 1,2 *", "0 0 29 2 *", "0 0 31 2 MON", "* * * * *", "0 9 * * MON-FRI", "*/15 0-6,22,23 1 jan,DEC 7", "5 4 1-15/2 * sun"} {
		if _, err := config.ParseCron(s); err != nil {
			t.Error(err)
		}
	}
	for _, s := range []string{"", "* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "*/0 * * * *", "9-5 * * * *", "a * * * *", "0 0 30 2 *", "0 0 31 4,6,9,11 *", "* * * UAR *", "1- * * * *", ", * * * *"} {
		if _, err := config.ParseCron(s); err == nil {
			t.Errorf("%q is a schedule", s)
		}
	}
}

// TestSchema holds schema/tagboat.schema.json in step with the decoder's structs.
func TestSchema(t *testing.T) {
	casetest.Golden(t, "../../schema/tagboat.schema.json", config.Schema())
}
