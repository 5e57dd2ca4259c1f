package page

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/serve/door"
)

// noon is when the samples are looked at: a Monday on which windows are open.
var noon = time.Date(2026, 11, 30, 11, 58, 0, 0, time.UTC)

// shop is the configuration of the example, and what its matrix might look like.
func shop(t *testing.T) sight {
	t.Helper()
	c := expect.Value(config.Load("../../../examples/shop/tagboat.yaml"))(t)
	var s sight
	s.config, s.now = c, noon
	for _, e := range c.SortedEnvironments() {
		for _, name := range []tagboat.ServiceName{"api", "web", "worker"} {
			s.document.Services = append(s.document.Services, steady(e, name, "1.4.2", 26*time.Hour))
		}
		s.document.Environments = append(s.document.Environments, tagboat.EnvironmentStatus{Environment: e.Name, Stage: e.Stage, Tenant: e.Tenant, Release: "17"})
	}
	change := func(env tagboat.EnvName, service tagboat.ServiceName, by func(*tagboat.ServiceStatus)) {
		for i := range s.document.Services {
			if at := &s.document.Services[i]; at.Environment == env && at.Service == service {
				by(at)
			}
		}
	}
	change("dev", "api", func(s *tagboat.ServiceStatus) { runs(s, "1.5.0"); s.AgeSeconds = 95 })
	change("dev", "web", func(s *tagboat.ServiceStatus) {
		s.State, s.Verdict, s.AgeSeconds, s.Healthy = "in-progress", "", 41, 1
		s.Images[0].Deploying, s.Images[0].DeployingTag, s.Images[0].Pinned, s.Images[0].Tag = digestOf("1.5.0"), "1.5.0", digestOf("1.5.0"), "1.5.0"
	})
	change("mb-dev", "worker", func(s *tagboat.ServiceStatus) {
		s.State, s.Verdict, s.AgeSeconds, s.Healthy = "failed", tagboat.VerdictFailed, 660, 0
	})
	change("staging", "api", func(s *tagboat.ServiceStatus) {
		s.Behind = 1
		s.Hold = &tagboat.Hold{Reason: "load test", By: "arn:aws:sts::1:assumed-role/dev/anna"}
	})
	change("mb-prod", "web", func(s *tagboat.ServiceStatus) {
		s.Drift = []string{"app runs 1.4.1"}
		s.Images[0].RunningTag, s.Images[0].Running = "1.4.1", digestOf("1.4.1")
	})
	change("prod", "worker", func(s *tagboat.ServiceStatus) { s.Behind = 2; runs(s, "1.4.0") })
	for i := range s.document.Environments {
		switch e := &s.document.Environments[i]; e.Environment {
		case "prod":
			e.Release, e.Next, e.Waits, e.Behind = "15", "17", tagboat.CauseApprovals, 2
		case "staging":
			e.Next, e.Waits, e.Behind = "18", tagboat.CauseSoaking, 1
		case "dev":
			e.Release = "18"
		}
	}
	return sightOf(s.config, s.document, s.now)
}

func digestOf(tag string) tagboat.Digest {
	return tagboat.Digest("sha256:" + strings.Repeat(fmt.Sprintf("%02x", len(tag)*31+int(tag[len(tag)-1])), 32)[:64])
}

func steady(e config.Environment, name tagboat.ServiceName, tag string, age time.Duration) tagboat.ServiceStatus {
	since := noon.Add(-age)
	s := tagboat.ServiceStatus{
		Environment: e.Name, Stage: e.Stage, Tenant: e.Tenant, Service: name, Release: "17", State: "steady", Verdict: tagboat.VerdictSucceeded,
		Healthy: 2, Desired: 2, Since: &since, AgeSeconds: int64(age.Seconds()), MainContainer: "app", DeploymentID: "ecs-svc/1234567890123456789",
		TaskDefinition: "arn:aws:ecs:us-east-1:123456789012:task-definition/" + string(name) + ":7",
	}
	s.Images = []tagboat.ImageState{{Container: "app", Image: tagboat.ImageName(name)}}
	runs(&s, tag)
	return s
}

// runs makes a service run a version that is pinned.
func runs(s *tagboat.ServiceStatus, tag string) {
	i := &s.Images[0]
	i.Tag, i.RunningTag, i.Pinned, i.Running = tag, tag, digestOf(tag), digestOf(tag)
}

// large is a matrix of so many services in twelve environments.
func large(t *testing.T, services int) sight {
	t.Helper()
	var file strings.Builder
	file.WriteString("app: harbour\nregistry: 123456789012.dkr.ecr.us-east-1.amazonaws.com\nimages:\n")
	words := []string{"account", "basket", "billing", "catalog", "checkout", "delivery", "fraud", "gateway", "identity", "inventory", "ledger", "mailer", "orders", "payments", "pricing", "profile", "reports", "search", "session", "tax"}
	kinds := []string{"api", "web", "worker", "jobs", "sync"}
	var names []string
	for i := range services {
		name := words[i%len(words)] + "-" + kinds[i/len(words)%len(kinds)]
		if round := i / len(words) / len(kinds); round > 0 {
			name += fmt.Sprint("-", round)
		}
		names = append(names, name)
		fmt.Fprintf(&file, "  %s: {repository: harbour/%s, select: {semver: \">=1.0.0\"}}\n", name, name)
	}
	file.WriteString("services:\n")
	for _, name := range names {
		fmt.Fprintf(&file, "  %s: {taskDefinition: {family: %s}, containers: {app: %s}}\n", name, name, name)
	}
	file.WriteString("stages:\n  - {name: dev, auto: newest}\n  - {name: staging, auto: upstream, gates: {soak: 30m}}\n  - {name: prod, gates: {soak: 24h, approvals: 2, window: {cron: \"0 8 * * 1-4\", for: 8h, zone: Europe/Brussels}}}\nenvironments:\n")
	for _, st := range []string{"dev", "staging", "prod"} {
		for _, tenant := range []string{"", "mb", "nl", "uk"} {
			name, of := st, ""
			if tenant != "" {
				name, of = tenant+"-"+st, ", tenant: "+tenant
			}
			fmt.Fprintf(&file, "  %s: {stage: %s%s, region: us-east-1, cluster: %s}\n", name, st, of, name)
		}
	}
	path := filepath.Join(t.TempDir(), "tagboat.yaml")
	expect.OK(t, os.WriteFile(path, []byte(file.String()), 0o600))
	s := sight{config: expect.Value(config.Load(path))(t), now: noon}
	for n, name := range names {
		for m, e := range s.config.SortedEnvironments() {
			tag := fmt.Sprintf("%d.%d.%d", 1+n%4, n%23, (n*7)%11-min(m/4, (n*7)%11))
			cell := steady(e, tagboat.ServiceName(name), tag, time.Duration(n*13+m*5+1)*37*time.Minute)
			switch x := (n*12 + m) % 173; {
			case x == 7:
				cell.State, cell.Verdict, cell.Healthy = "failed", tagboat.VerdictFailed, 0
			case x == 20 || x == 61:
				cell.State, cell.Verdict, cell.Healthy, cell.AgeSeconds = "in-progress", "", 1, 75
			case x == 90:
				cell.Drift, cell.Images[0].RunningTag, cell.Images[0].Running = []string{"app runs 0.9.0"}, "0.9.0", digestOf("0.9.0")
			case x == 130:
				cell.Hold = &tagboat.Hold{Reason: "sale", By: "anna"}
			case m >= 8:
				cell.Behind = n % 3
			}
			s.document.Services = append(s.document.Services, cell)
		}
	}
	for i, e := range s.config.SortedEnvironments() {
		es := tagboat.EnvironmentStatus{Environment: e.Name, Stage: e.Stage, Tenant: e.Tenant, Release: fmt.Sprint(240 - i/4*3)}
		if i == 9 {
			es.Next, es.Waits, es.Behind = "237", tagboat.CauseApprovals, 3
		}
		s.document.Environments = append(s.document.Environments, es)
	}
	return sightOf(s.config, s.document, s.now)
}

func anna(s sight) frame {
	return frame{App: s.config.App, Section: "/", Person: door.Person{Name: "anna", Role: door.Approver, Token: "t0ken"}, Boot: "boot", ID: "7", InCart: 2}
}
