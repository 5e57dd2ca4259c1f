package config_test

import (
	"strings"
	"testing"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/casetest"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/ledger"
)

// withLedger is a file with two accounts, a team of each and the given ledger.
func withLedger(ledger string) string {
	return `app: shop
registry: registry.test
images:
  api: {repository: shop/api}
  proxy: {repository: shop/proxy}
  agent: {repository: x/agent}
stages: [{name: dev}, {name: prod}]
environments:
  dev:    {stage: dev, cluster: c, region: eu-west-1, account: "111111111111"}
  mb-dev: {stage: dev, tenant: mb, cluster: c, region: eu-west-1, account: "222222222222", vars: {slot: 2}}
  prod:   {stage: prod, cluster: c, region: eu-west-1}
vars:
  team: [{value: radio}, {value: tv, stage: prod}]
  list: [{value: [a]}]
ledger: ` + ledger + "\n"
}

// names returns the parameters of the groups in every environment.
func names(c *config.Config) map[string][]string {
	all := map[string][]string{}
	for _, env := range c.SortedEnvironments() {
		for _, g := range c.Ledger.Groups {
			all[g.Name] = append(all[g.Name], c.ParameterName(env, g))
		}
	}
	return all
}

func TestParameterNames(t *testing.T) {
	for name, tc := range map[string]struct {
		ledger string
		want   map[string][]string
	}{
		"default": {"{}", map[string][]string{
			"shop": {"/containers/dev/shop", "/containers/mb-dev/shop", "/containers/prod/shop"},
		}},
		"the app": {"{path: '/x/{app}/{environment}'}", map[string][]string{"shop": {"/x/shop/dev", "/x/shop/mb-dev", "/x/shop/prod"}}},
		"variables": {"{path: '/containers/{stage}/{team}/{group}'}", map[string][]string{
			"shop": {"/containers/dev/radio/shop", "/containers/dev/radio/shop", "/containers/prod/tv/shop"}, // dev and mb-dev are apart
		}},
		"groups": {"{groups: {side/cars: {images: [agent]}}}", map[string][]string{
			"shop":      {"/containers/dev/shop", "/containers/mb-dev/shop", "/containers/prod/shop"},
			"side/cars": {"/containers/dev/side/cars", "/containers/mb-dev/side/cars", "/containers/prod/side/cars"},
		}},
		"on purpose": {"{groups: {generic: {images: [agent], path: /generic, shared: true}, all: {images: [api, proxy]}}}", map[string][]string{
			"all":     {"/containers/dev/all", "/containers/mb-dev/all", "/containers/prod/all"},
			"generic": {"/generic", "/generic", "/generic"},
		}},
		"the default group's own": {"{groups: {shop: {path: '/s/{environment}', form: uri}}}", map[string][]string{"shop": {"/s/dev", "/s/mb-dev", "/s/prod"}}},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := config.Parse("tagboat.yaml", []byte(withLedger(tc.ledger)))
			if err != nil {
				t.Fatal(casetest.Report(err))
			}
			expect.Equal(t, tc.want, names(c))
		})
	}
}

func TestGroups(t *testing.T) {
	c, err := config.Parse("tagboat.yaml", []byte(withLedger(`
  form: tag
  key: repository
  groups: {generic: {images: [proxy, agent], form: digest, tier: advanced, key: name}}
  projections: {path: "/one/{environment}/{image}", images: [proxy]}`)))
	if err != nil {
		t.Fatal(casetest.Report(err))
	}
	got := map[tagboat.ImageName][]string{}
	for name, image := range c.Images {
		g := c.GroupOf(name)
		got[name] = []string{g.Name, string(g.Form), string(g.Tier), g.KeyOf(image), c.ProjectionName(c.Environments["dev"], name)}
	}
	want := map[tagboat.ImageName][]string{
		"api":   {"shop", "tag", "", "shop/api", ""},
		"proxy": {"generic", "digest", "advanced", "proxy", "/one/dev/proxy"},
		"agent": {"generic", "digest", "advanced", "agent", ""},
	}
	expect.Equal(t, want, got)
	expect.EqualIn(t, "projections are written as", ledger.FormURI, c.Ledger.Projections.Form)
}

func TestBadLedgers(t *testing.T) {
	for name, tc := range map[string]struct {
		ledger string
		want   []string // in the error: its place, what, the hint
	}{
		"unknown placeholder": {"{path: '/c/{environment}/{tema}'}", []string{":15:16: unknown placeholder {tema}", `did you mean "{team}"`}},
		"no tenant":           {"{path: '/c/{environment}/{tenant}'}", []string{":15:16: {tenant} is empty in dev", "tenant: …"}},
		"a list":              {"{path: '/c/{environment}/{list}'}", []string{":15:16: the variable list is a list or a map in dev", "a string"}},
		"no value there":      {"{path: '/c/{environment}/{slot}'}", []string{":15:16: the variable slot has no value in dev", "vars: {slot: …}"}},
		"an image alone":      {"{path: '/c/{environment}/{image}'}", []string{"unknown placeholder {image}"}},
		"apart in accounts":   {"{path: '/c/{stage}'}", nil},
		"unknown account":     {"{path: '/c/{app}'}", []string{":15:16: dev and prod would share the parameter \"/c/shop\"", "put {environment} into the path", "groups: {shop: {shared: true}}"}},
		"groups in one":       {"{path: '/c/{environment}', groups: {g: {images: [api]}}}", []string{":15:16: the groups g and shop would share the parameter \"/c/dev\"", "{group}"}},
		"path of a group":     {"{groups: {g: {images: [api], path: 'c'}}}", []string{":15:44: in dev this gives \"c\": the name of a parameter must begin with /"}},
		"name of a group":     {"{groups: {g/: {images: [api]}}}", []string{":15:19: in dev this gives \"/containers/dev/g/\""}},
		"too long":            {"{path: '/{environment}/" + strings.Repeat("x", 960) + "'}", []string{":15:16: ", "at most 1011 characters with its ARN, and this one is"}},
		"an image twice":      {"{groups: {g: {images: [api]}, h: {images: [api, proxy]}}}", []string{":15:52: the image api is in the group g already"}},
		"unknown image":       {"{groups: {g: {images: [apii]}}}", []string{`:15:32: there is no image "apii"`, `did you mean "api"`}},
		"no images":           {"{groups: {g: {tier: advanced}}}", []string{":15:19: the group g has no images", "images: [api, proxy, agent]"}},
		"unknown tier":        {"{tier: big}", []string{":15:", "big"}},
		"no image in it":      {"{projections: {path: '/p/{environment}'}}", []string{":15:30: ", "has no {image} in it"}},
		"on top of a group":   {"{groups: {api: {images: [proxy]}}, projections: {path: '/containers/{environment}/{image}'}}", []string{"the group api and the image api would share the parameter"}},
		"a form without tags": {"{form: digest, projections: {path: '/p/{environment}/{image}', form: tag}}", []string{"the group shop keeps versions as digest, and the projection of agent is to show tag", "tag@digest"}},
		"without digests":     {"{form: tag, projections: {path: '/p/{environment}/{image}'}}", []string{"the projection of api is to show uri"}},
		"of two environments": {"{projections: {path: '/p/{image}'}}", []string{"dev and prod would share the parameter \"/p/agent\""}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := config.Parse("tagboat.yaml", []byte(withLedger(tc.ledger)))
			if len(tc.want) == 0 {
				if err != nil {
					t.Errorf("%s", casetest.Report(err))
				}
				return
			}
			if err == nil {
				t.Fatal("no error")
			}
			expect.EqualIn(t, "kind", tagboat.Usage, tagboat.KindOf(err))
			for _, want := range tc.want {
				if !strings.Contains(casetest.Report(err), want) {
					t.Errorf("no %q in %s", want, casetest.Report(err))
				}
			}
		})
	}
}

func TestSameRepositoryTwice(t *testing.T) {
	file := strings.Replace(withLedger("{key: repository}"), "repository: x/agent", "repository: shop/api", 1)
	_, err := config.Parse("tagboat.yaml", []byte(file))
	if err == nil || !strings.Contains(casetest.Report(err), `would both be "shop/api" in the parameter of the group shop`) {
		t.Errorf("%v", err)
	}
}
