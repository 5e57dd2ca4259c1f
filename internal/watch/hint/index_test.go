package hint_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/watch/hint"
)

const shop = `
app: shop
registry: 111111111111.dkr.ecr.eu-west-1.amazonaws.com
images:
  api:       {repository: shop/api, select: {semver: ">=1.0.0"}}
  api-admin: {repository: shop/api-admin, select: {semver: ">=1.0.0"}}
  api-beta:  {repository: shop/api, select: {follow: beta}}
  agent:     {repository: public.ecr.aws/x/agent, select: {follow: stable}}
  web:       {repository: ghcr.io/shop/web, select: {follow: main}}
  cache:     {repository: docker.io/nginx, select: {follow: stable}}
  by-hand:   {repository: shop/by-hand}
services:
  api:   {taskDefinition: {family: api}, containers: {app: api, beta: api-beta, admin: api-admin}}
  admin: {taskDefinition: {family: admin}, containers: {app: api-admin}}
stages:
  - {name: dev, auto: newest}
  - {name: test, auto: newest, gates: {scan: {max: high}}}
  - {name: staging, auto: upstream, gates: {scan: {max: medium}}}
  - {name: signed, auto: upstream, gates: {signature: {key: cosign.pub}}}
  - {name: prod, auto: upstream}
  - {name: live}
environments:
  dev:     {stage: dev, cluster: dev}
  mb-dev:  {stage: dev, tenant: mb, account: "222222222222", region: eu-west-1, cluster: dev, registry: 222222222222.dkr.ecr.eu-west-1.amazonaws.com}
  test:    {stage: test, cluster: test}
  staging: {stage: staging, cluster: shared}
  signed:  {stage: signed, cluster: signed}
  prod:    {stage: prod, cluster: shared, registry: 111111111111.dkr.ecr.us-east-1.amazonaws.com}
  live:    {stage: live, cluster: live, account: "333333333333"}
`

const (
	home    = "111111111111.dkr.ecr.eu-west-1.amazonaws.com"
	tenant  = "222222222222.dkr.ecr.eu-west-1.amazonaws.com"
	replica = "111111111111.dkr.ecr.us-east-1.amazonaws.com"
)

// located is what a configuration of AWS may add: the account and the region of who has none.
func located(env config.Environment) (account, region string) {
	return cmp.Or(env.Account, "111111111111"), cmp.Or(env.Region, "eu-west-1")
}

func index(t testing.TB, text string) *hint.Index {
	t.Helper()
	return hint.NewIndex(expect.Value(config.Parse("testdata/tagboat.yaml", []byte(text)))(t), located)
}

// placed writes places as ENVIRONMENT IMAGE,IMAGE; and what there is to say.
func placed(all []hint.Place) string {
	var parts []string
	for _, p := range all {
		part := string(p.Environment)
		if len(p.Images) > 0 {
			part += " " + strings.ReplaceAll(strings.Trim(fmt.Sprint(p.Images), "[]"), " ", ",")
		}
		if p.Text != "" {
			part += " (" + p.Text + ")"
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, "; ")
}

func TestPlaces(t *testing.T) {
	x := index(t, shop)
	push := func(registry, repository string) hint.Hint {
		return hint.Hint{Kind: hint.Pushed, Registry: registry, Repository: repository}
	}
	of := func(kind hint.Kind, h hint.Hint) hint.Hint {
		h.Kind = kind
		return h
	}
	ecs := func(account, region, cluster string) hint.Hint {
		return hint.Hint{Kind: hint.Deployment, Account: account, Region: region, Cluster: cluster, Service: "api"}
	}
	const waits = "it waits"
	for name, test := range map[string]struct {
		hint hint.Hint
		want string
	}{
		"a push, of two images":                {push(home, "shop/api"), "dev api,api-beta; mb-dev api,api-beta; signed; test api,api-beta"},
		"a push of one":                        {push(home, "shop/api-admin"), "dev api-admin; mb-dev api-admin; signed; test api-admin"},
		"by another of ECR's hosts":            {push("111111111111.dkr-ecr.eu-west-1.on.aws", "shop/api-admin"), "dev api-admin; mb-dev api-admin; signed; test api-admin"},
		"in capitals":                          {push("GHCR.io", "shop/web"), "dev web; mb-dev web; signed; test web"},
		"Docker Hub's short name":              {push("docker.io", "library/nginx"), "dev cache; mb-dev cache; signed; test cache"},
		"another account's":                    {push("333333333333.dkr.ecr.eu-west-1.amazonaws.com", "shop/api"), ""},
		"another region's":                     {push("111111111111.dkr.ecr.eu-central-1.amazonaws.com", "shop/api"), ""},
		"another registry's":                   {push("quay.io", "shop/api"), ""},
		"ECR's, of an image elsewhere":         {push(home, "shop/web"), ""},
		"a registry that nobody says":          {push("", "shop/web"), "dev web; mb-dev web; signed; test web"},
		"a path that nobody has":               {push("", "shop"), ""},
		"no rule chooses what is pushed":       {push(home, "shop/by-hand"), ""},
		"a scan":                               {of(hint.Scanned, push(home, "shop/api-admin")), "staging; test api-admin"},
		"a push where a tenant pulls":          {push(tenant, "shop/api-admin"), "mb-dev api-admin"},
		"a replica where a tenant pulls":       {of(hint.Replicated, push(tenant, "shop/api-admin")), "mb-dev api-admin"},
		"a replica of no newest versions":      {of(hint.Replicated, push(replica, "shop/api-admin")), "prod"},
		"a replica of what pulls elsewhere":    {of(hint.Replicated, push(replica, "shop/web")), ""},
		"a pull through cache":                 {of(hint.Replicated, push(home, "shop/api-admin")), "dev api-admin; mb-dev api-admin; prod; signed; staging; test api-admin"},
		"ECS":                                  {ecs("111111111111", "eu-west-1", "dev"), "dev"},
		"ECS, by a tenant's account":           {ecs("222222222222", "eu-west-1", "dev"), "mb-dev"},
		"ECS, by ARN":                          {ecs("", "", "arn:aws:ecs:eu-west-1:111111111111:cluster/shared"), "prod; staging"},
		"ECS, an account that nobody says":     {ecs("", "", "dev"), "dev; mb-dev"},
		"ECS, another region":                  {ecs("111111111111", "us-east-1", "dev"), ""},
		"ECS, a cluster whose name begins so":  {ecs("111111111111", "eu-west-1", "de"), ""},
		"ECS, no cluster, as in old ARNs":      {ecs("333333333333", "eu-west-1", ""), "live"},
		"ECS, where no automation is":          {ecs("333333333333", "", "live"), "live"},
		"time":                                 {hint.Hint{Kind: hint.Tick}, "dev; mb-dev; prod; signed; staging; test"},
		"everything":                           {hint.Hint{Kind: hint.Everything}, "dev; mb-dev; prod; signed; staging; test"},
		"a pause hook":                         {hint.Hint{Kind: hint.Deployment, Cluster: "test", Service: "api", Text: waits}, "test (it waits; to continue it: tagboat continue --env test api; to roll it back: tagboat continue --env test api --rollback)"},
		"a pause hook, ECS's own service name": {hint.Hint{Kind: hint.Deployment, Cluster: "test", Service: "shop-api-4", Text: waits}, "test (it waits; to continue it: tagboat continue --env test SERVICE; to roll it back: tagboat continue --env test SERVICE --rollback)"},
	} {
		t.Run(name, func(t *testing.T) { expect.Equal(t, test.want, placed(x.Places(test.hint))) })
	}
}

// TestW1NamesAreWholeAndARNsAreParsed holds that a push to api does not concern api-admin, in neither
// direction, and that a service's name is not that of its cluster.
func TestW1NamesAreWholeAndARNsAreParsed(t *testing.T) {
	x := index(t, shop)
	for repository, want := range map[string][]tagboat.ImageName{
		"shop/api": {"api", "api-beta"}, "shop/api-admin": {"api-admin"}, "api": nil, "shop/ap": nil, "shop/api/admin": nil,
	} {
		event := fmt.Appendf(nil, `{"detail-type": "ECR Image Action", "source": "aws.ecr", "account": "111111111111", "region": "eu-west-1",
			"detail": {"result": "SUCCESS", "action-type": "PUSH", "repository-name": %q}}`, repository)
		var images []tagboat.ImageName
		for _, h := range expect.Value(hint.Parse(event))(t) {
			for _, p := range x.Places(h) {
				images = append(images, p.Images...)
			}
		}
		slices.Sort(images)
		expect.EqualIn(t, repository, want, slices.Compact(images))
	}
	for _, arn := range []string{"arn:aws:ecs:eu-west-1:111111111111:service/dev/api", "arn:aws:ecs:eu-west-1:111111111111:service/api"} {
		event := fmt.Appendf(nil, `{"detail-type": "ECS Service Action", "source": "aws.ecs", "resources": [%q], "detail": {"clusterArn": "arn:aws:ecs:eu-west-1:111111111111:cluster/dev"}}`, arn)
		hints := expect.Value(hint.Parse(event))(t)
		expect.EqualIn(t, arn, []string{"dev", "api"}, []string{hints[0].Cluster, hints[0].Service})
		expect.EqualIn(t, arn, "dev", placed(x.Places(hints[0])))
	}
}

// TestW2AnEventIsOnlyAReasonToLook holds that neither a tag, nor a time, nor an id, nor a second copy
// of an event changes what is looked at.
func TestW2AnEventIsOnlyAReasonToLook(t *testing.T) {
	x := index(t, shop)
	event := map[string]any{"detail-type": "ECR Image Action", "source": "aws.ecr", "account": "111111111111", "region": "eu-west-1", "time": "2026-01-01T00:00:00Z", "id": "a"}
	detail := map[string]any{"result": "SUCCESS", "action-type": "PUSH", "repository-name": "shop/api", "image-tag": "9.9.9", "image-digest": "sha256:" + strings.Repeat("1", 64)}
	event["detail"] = detail
	look := func() string {
		hints := expect.Value(hint.Parse(expect.Value(json.Marshal(event))(t)))(t)
		return placed(x.Places(hints[0]))
	}
	want := look()
	expect.Equal(t, "dev api,api-beta; mb-dev api,api-beta; signed; test api,api-beta", want)
	for _, forget := range []string{"image-tag", "image-digest"} {
		delete(detail, forget)
		expect.EqualIn(t, forget, want, look())
	}
	for _, forget := range []string{"time", "id"} {
		delete(event, forget)
		expect.EqualIn(t, forget, want, look())
	}
	detail["action-type"] = "DELETE"
	expect.Equal(t, want, look())
}

// TestTheSandboxIsECR holds that an event of ECR concerns images of the application's own registry
// where that is ECR by another name, whatever the account, and no image of another registry.
func TestTheSandboxIsECR(t *testing.T) {
	for host, want := range map[string]string{"127.0.0.1:4510": "dev api", "localhost:4510": "dev api", "registry.example.com": "dev api", tenant: ""} {
		x := index(t, `
app: shop
registry: `+host+`
images:
  api:   {repository: shop/api, select: {follow: main}}
  other: {repository: ghcr.io/shop/api, select: {follow: main}}
services: {api: {taskDefinition: {family: api}, containers: {app: api, other: other}}}
stages: [{name: dev, auto: newest}]
environments: {dev: {stage: dev, cluster: dev}}
`)
		expect.EqualIn(t, host, want, placed(x.Places(hint.Hint{Kind: hint.Pushed, Registry: home, Repository: "shop/api"})))
	}
}

// large is an application of so many repositories and environments, one of which gets the newest versions.
func large(repositories, environments int) string {
	var b strings.Builder
	b.WriteString("app: shop\nregistry: " + home + "\nimages:\n")
	for i := range repositories {
		fmt.Fprintf(&b, "  i%d: {repository: team/i%d, select: {follow: main}}\n", i, i)
	}
	b.WriteString("services:\n")
	for i := range repositories {
		fmt.Fprintf(&b, "  s%d: {taskDefinition: {family: s%d}, containers: {app: i%d}}\n", i, i, i)
	}
	b.WriteString("stages: [{name: dev, auto: newest}, {name: prod, auto: upstream}]\nenvironments:\n  dev: {stage: dev, cluster: dev}\n")
	for i := range environments - 1 {
		fmt.Fprintf(&b, "  e%d: {stage: prod, cluster: e%d, registry: 222222222222.dkr.ecr.eu-west-%d.amazonaws.com}\n", i, i, i)
	}
	return b.String()
}

// TestPlacesDoNotGrow holds that what a hint costs grows with whom it concerns, and nothing else.
func TestPlacesDoNotGrow(t *testing.T) {
	hints := []hint.Hint{
		{Kind: hint.Pushed, Registry: home, Repository: "team/i1"},
		{Kind: hint.Replicated, Registry: "222222222222.dkr.ecr.eu-west-1.amazonaws.com", Repository: "team/i1"},
		{Kind: hint.Deployment, Account: "111111111111", Cluster: "e1", Service: "s1"},
		{Kind: hint.Pushed, Registry: home, Repository: "team/nobody"},
	}
	few, many := index(t, large(3, 3)), index(t, large(500, 40))
	for i, want := range []string{"dev i1", "e1", "e1", ""} {
		h := hints[i]
		expect.EqualIn(t, want, want, placed(few.Places(h)))
		expect.EqualIn(t, want, want, placed(many.Places(h)))
		cheap := testing.AllocsPerRun(100, func() { few.Places(h) })
		const slack = 3 // the runtime has some of its own, now and then
		if dear := testing.AllocsPerRun(100, func() { many.Places(h) }); dear > cheap+slack {
			t.Errorf("%s: %.0f allocations among many, %.0f among few", want, dear, cheap)
		}
	}
}

func BenchmarkPlaces(b *testing.B) {
	for _, size := range [][2]int{{3, 3}, {500, 40}} {
		x := index(b, large(size[0], size[1]))
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			for b.Loop() {
				x.Places(hint.Hint{Kind: hint.Pushed, Registry: home, Repository: "team/i1"})
			}
		})
	}
}

// sound fails where hints have what nobody may print, paste or match.
func sound(t *testing.T, x *hint.Index) func([]hint.Hint, error) {
	name := regexp.MustCompile(`^[a-zA-Z0-9_-]{0,255}$`)
	return func(hints []hint.Hint, err error) {
		if err != nil && len(hints) > 0 {
			t.Errorf("hints and an error: %v", err)
		}
		for _, h := range hints {
			bad := h.Kind == "" || h.Source == "" || h.Repository != "" && !tagboat.ValidRepository(h.Repository) ||
				h.Registry != "" && !tagboat.ValidHost(h.Registry) || !name.MatchString(h.Cluster) || !name.MatchString(h.Service) ||
				h.Kind != hint.Tick && h.Repository == "" && h.Service == "" || strings.ContainsAny(h.Text, "\n\x1b")
			for tag := range strings.SplitSeq(h.Tag, ", ") {
				bad = bad || tag != "" && !tagboat.ValidTag(tag)
			}
			if bad {
				t.Errorf("%+v", h)
			}
			x.Places(h)
		}
	}
}
