package apptest

import (
	"fmt"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/deploy/rollout"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/promotion"
	"github.com/tagboat/tagboat/internal/sandbox/sandboxtest"
)

// Family is an application in dev, staging and prod, for the team itself and for the tenant mb:
// six environments in three accounts. The zero value has the service web alone, and no gates.
type Family struct {
	Services []string
	// Stages is what tagboat.yaml says of them; "" for three without gates.
	Stages string
	// More are more lines of tagboat.yaml.
	More string
	// Service has members of the service definitions.
	Service map[string]any
}

// The accounts of a Family beside the default one.
const (
	ProdAccount   = "333333333333"
	TenantAccount = "222222222222"
)

// Open writes the configuration and makes what deploying needs.
func (f Family) Open(w *World) {
	w.Helper()
	if f.Services == nil {
		f.Services = []string{"web"}
	}
	if f.Stages == "" {
		f.Stages = "[{name: dev, auto: newest}, {name: staging, auto: upstream}, {name: prod, auto: upstream}]"
	}
	var config strings.Builder
	fmt.Fprintf(&config, "app: shop\nregistry: %s\nimages:\n", sandboxtest.Host)
	for _, name := range f.Services {
		fmt.Fprintf(&config, "  %s: {repository: shop/%s, select: {match: '^v(?P<n>\\d+)$', order: numeric, by: n}}\n", name, name)
	}
	config.WriteString("services:\n")
	for _, name := range f.Services {
		fmt.Fprintf(&config, "  %s: {taskDefinition: %s.taskdef.json, service: %s.service.json, containers: {app: %s}}\n", name, name, name, name)
		Shop{Container: map[string]any{"logConfiguration": nil}, Service: f.Service}.Files(w, name)
	}
	fmt.Fprintf(&config, "stages: %s\nenvironments:\n", f.Stages)
	for _, env := range []struct{ name, account string }{{"dev", ""}, {"staging", ""}, {"prod", ProdAccount}, {"mb-dev", TenantAccount}, {"mb-staging", TenantAccount}, {"mb-prod", TenantAccount}} {
		config.WriteString(Environment(env.name, env.account))
		key := "sandbox"
		if env.account != "" {
			key = env.account
		}
		w.AWSAs(key, "ecs.CreateCluster", map[string]any{"clusterName": env.name, "capacityProviders": []string{"FARGATE"}})
	}
	w.Write("tagboat.yaml", config.String()+f.More)
}

// Environment is the line of tagboat.yaml for an environment called [TENANT-]STAGE in an account,
// "" for the default one.
func Environment(name, account string) string {
	tenant, stage, both := strings.Cut(name, "-")
	if !both {
		tenant, stage = "", name
	}
	line := fmt.Sprintf("  %s: {stage: %s, region: us-east-1, cluster: %s", name, stage, name)
	if tenant != "" {
		line += ", tenant: " + tenant
	}
	if account != "" {
		line += fmt.Sprintf(", role: 'arn:aws:iam::%s:role/tagboat'", account)
	}
	return line + "}\n"
}

// Promote promotes to a stage, or to the environments that are named after it, as a new process does.
func (w *World) Promote(r promotion.Request) tagboat.PromotionDocument {
	w.Helper()
	a := w.Open()
	set, err := a.Promotions.Plan(w.Context(), r)
	if err != nil {
		w.Fatal(err)
	}
	document, err := a.Promotions.Do(w.Context(), set, rollout.Options{Wait: true, MaxParallel: 40})
	if err != nil {
		w.Fatal(err)
	}
	return document
}

// To selects the environments of a stage.
func To(stage tagboat.StageName) fleet.Selection { return fleet.Selection{Stage: stage} }

// In selects environments by name.
func In(environments ...tagboat.EnvName) fleet.Selection {
	return fleet.Selection{Environments: environments}
}
