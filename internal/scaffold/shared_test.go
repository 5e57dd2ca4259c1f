package scaffold_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/casetest"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox"
	"github.com/tagboat/tagboat/internal/sandbox/sandboxtest"
	"github.com/tagboat/tagboat/internal/scaffold"
)

const role = "arn:aws:iam::123456789012:role/execution"

// web is a service that differs from environment to environment in what services differ in.
func web(env string, cpu int, more ...map[string]any) (task, service map[string]any) {
	environment := []map[string]any{
		{"name": "COLOR", "value": map[string]string{"dev": "blue", "staging": "blue"}[env] + "#"},
		{"name": "DB", "value": "db." + env + ".internal"},
		{"name": "device", "value": "device"},
	}
	container := map[string]any{
		"name": "app", "image": sandboxtest.Host + "/shop/web:" + env, "environment": append(environment, more...),
		"dockerLabels": map[string]string{"env": env},
	}
	if env == "prod" {
		container["stopTimeout"] = 90
	}
	task = map[string]any{
		"family": "web-" + env, "executionRoleArn": role, "taskRoleArn": role, "requiresCompatibilities": []string{"FARGATE"}, "networkMode": "awsvpc",
		"cpu": fmt.Sprint(cpu), "memory": fmt.Sprint(2 * cpu), "containerDefinitions": []any{container},
	}
	service = map[string]any{
		"serviceName": env + "-web", "desiredCount": 1, "launchType": "FARGATE", "enableExecuteCommand": env == "dev",
		"networkConfiguration": map[string]any{"awsvpcConfiguration": map[string]any{"subnets": []string{"subnet-" + env + "a", "subnet-" + env + "b"}}},
	}
	return task, service
}

// TestEnvironmentsShareATemplate takes over three clusters: what differs in values is a variable.
func TestEnvironmentsShareATemplate(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		for i, env := range []string{"dev", "staging", "prod"} {
			w.AWS("ecs.CreateCluster", map[string]any{"clusterName": "shop-" + env})
			w.Push("shop/web:" + env)
			var more []map[string]any
			if env == "prod" {
				more = []map[string]any{{"name": "EXTRA", "value": "${x}"}}
			}
			for _, name := range []string{"web", "api"} {
				task, service := web(env, 256<<i, more...)
				task["family"], service["serviceName"] = name+"-"+env, strings.ReplaceAll(service["serviceName"].(string), "web", name)
				create(w, "shop-"+env, task, service)
			}
		}
		task, service := web("prod", 256)
		service["serviceName"] = "cron"
		create(w, "shop-prod", task, service)
		w.Later(10 * time.Minute)
		document := expect.Value(begin(w, scaffold.Request{Clusters: []string{"shop-prod", "shop-dev", "shop-staging"}, Pin: true}))(t)
		if !document.Proven() {
			t.Errorf("it is not what runs: %+v", document.Plan)
		}
		left := tagboat.InitLeftAlone{Environment: "prod", Service: "cron", Reason: "it is not in cluster shop-dev, and a service of tagboat.yaml is in every environment: take it over into another directory with --cluster, --service and --dir"}
		if len(document.LeftAlone) != 1 || document.LeftAlone[0] != left {
			t.Errorf("left alone: %+v", document.LeftAlone)
		}
		unchanged(w, 6)
		for _, file := range document.Files {
			casetest.Golden(t, filepath.Join("testdata/shared", filepath.Base(file.Path)), []byte(w.Read(filepath.Base(file.Path))))
		}
	})
}

// TestOddNames takes over what YAML would misread and what cannot be a name in tagboat.yaml.
func TestOddNames(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		const cluster = "_0x1F"
		w.AWS("ecs.CreateCluster", map[string]any{"clusterName": cluster})
		names := []string{"null", "1e3", "-web", "web", "Web", "0123", "true", "_", "on", "2026-01-01"}
		for _, repository := range []string{"null", "a/app", "b/app", "1.0"} {
			w.Push(repository + ":1")
		}
		for i, name := range names {
			create(w, cluster, map[string]any{
				"family": "-fam_" + name, "executionRoleArn": role, "requiresCompatibilities": []string{"FARGATE"}, "networkMode": "awsvpc", "cpu": "256", "memory": "512",
				"containerDefinitions": []any{
					map[string]any{"name": "y", "image": sandboxtest.Host + "/" + []string{"null", "a/app", "b/app", "1.0"}[i%4] + ":1",
						"environment": []any{map[string]any{"name": "N: {", "value": "- \"x\": #\n\t${{ y }} é\u2028<&>"}}},
				},
			}, map[string]any{
				"serviceName": name, "desiredCount": 1, "launchType": "FARGATE",
				"networkConfiguration": map[string]any{"awsvpcConfiguration": map[string]any{"subnets": []string{"subnet-1"}}},
			})
		}
		w.Later(10 * time.Minute)
		document := expect.Value(begin(w, scaffold.Request{Clusters: []string{cluster}, Pin: true}))(t)
		if !document.Proven() || len(document.LeftAlone) > 0 {
			t.Errorf("it is not what runs: %+v", document.Plan)
		}
		unchanged(w, len(names))
		casetest.Golden(t, "testdata/odd.yaml", []byte(w.Read("tagboat.yaml")))
	})
}
