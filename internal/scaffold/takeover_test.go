package scaffold_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox"
	"github.com/tagboat/tagboat/internal/sandbox/sandboxtest"
	"github.com/tagboat/tagboat/internal/scaffold"
	"github.com/tagboat/tagboat/internal/taskdef"
)

// simple makes a service of one container by hand.
func simple(w *apptest.World, name, image string, over map[string]any) {
	w.Helper()
	service := map[string]any{
		"serviceName": name, "desiredCount": 1, "launchType": "FARGATE",
		"networkConfiguration": map[string]any{"awsvpcConfiguration": map[string]any{"subnets": []string{"subnet-1"}}},
	}
	for member, value := range over {
		service[member] = value
	}
	create(w, "shop", map[string]any{
		"family": name, "executionRoleArn": role, "requiresCompatibilities": []string{"FARGATE"}, "networkMode": "awsvpc", "cpu": "256", "memory": "512",
		"containerDefinitions": []any{map[string]any{"name": "app", "image": sandboxtest.Host + "/" + image}},
	}, service)
}

// TestW1AllPages: every service of a cluster is found, page by page, and by its whole name.
func TestW1AllPages(t *testing.T) {
	const services = 112
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		w.AWS("ecs.CreateCluster", map[string]any{"clusterName": "shop"})
		w.Push("shop/api:v1")
		for i := range services {
			simple(w, "api"+strings.Repeat("-x", i%2)+fmt.Sprint(i), "shop/api:v1", nil)
		}
		w.Later(20 * time.Minute)
		document := expect.Value(begin(w, scaffold.Request{Clusters: []string{"shop"}, Dir: filepath.Join(w.Dir, "all")}))(t)
		if !document.Proven() || document.Plan.Unchanged != services {
			t.Errorf("%d services are taken over", document.Plan.Unchanged)
		}
		one := expect.Value(begin(w, scaffold.Request{Clusters: []string{"shop"}, Services: []string{"api0"}, Dir: filepath.Join(w.Dir, "one")}))(t)
		if !one.Proven() || one.Plan.Unchanged != 1 {
			t.Errorf("%d services are taken over", one.Plan.Unchanged)
		}
	})
}

// TestLeftAlone: what deploy cannot deal with is not taken over, and the reason is said.
func TestLeftAlone(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		w.AWS("ecs.CreateCluster", map[string]any{"clusterName": "shop"})
		w.Push("shop/api:v1")
		simple(w, "api", "shop/api:v1", nil)
		w.AWS("ecs.CreateService", map[string]any{"cluster": "shop", "serviceName": "external", "desiredCount": 0, "deploymentController": map[string]any{"type": "EXTERNAL"}})
		simple(w, "gone", "shop/api:v9", map[string]any{"desiredCount": 0})
		w.Later(10 * time.Minute)
		document := expect.Value(begin(w, scaffold.Request{Clusters: []string{"shop"}}))(t)
		want := []tagboat.InitLeftAlone{
			{Environment: "shop", Service: "external", Reason: "its deployment controller is EXTERNAL, and deploy rolls services of the controller ECS"},
			{Environment: "shop", Service: "gone", Reason: "no task in shop says which version container app runs, and the registry of 127.0.0.1:4510/shop/api:v9 has none for it"},
		}
		if diff := cmp.Diff(want, document.LeftAlone); diff != "" || !document.Proven() {
			t.Errorf("left alone (-want +got):\n%s\n%+v", diff, document.Plan)
		}
		_, err := begin(w, scaffold.Request{Clusters: []string{"shop"}, Services: []string{"external"}, Dir: filepath.Join(w.Dir, "other")})
		if tagboat.KindOf(err) != tagboat.Usage || !strings.Contains(fmt.Sprint(err), "external is left alone") {
			t.Errorf("%v", err)
		}
	})
}

// managed answers that something else manages services, as AWS does of Express Mode's.
type managed struct{ http.RoundTripper }

func (m managed) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := m.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(answer.Body)
	answer.Body = io.NopCloser(bytes.NewReader(bytes.ReplaceAll(body, []byte(`"resourceManagementType":"CUSTOMER"`), []byte(`"resourceManagementType":"ECS"`))))
	answer.ContentLength = -1
	return answer, err
}

// TestExpressMode: services that something else manages are left alone.
func TestExpressMode(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		w.AWS("ecs.CreateCluster", map[string]any{"clusterName": "shop"})
		w.Push("shop/api:v1")
		simple(w, "api", "shop/api:v1", nil)
		s := expect.Value(app.Begin(w.Context(), app.Options{Transport: managed{sandboxtest.Carrier{Handler: w.Server}}}))(t)
		_, err := s.Do(w.Context(), scaffold.Request{Clusters: []string{"shop"}, Dir: w.Dir})
		if tagboat.KindOf(err) != tagboat.Usage || !strings.Contains(fmt.Sprint(err), "something else manages it (resourceManagementType ECS), as it does Express Mode services") {
			t.Errorf("%v", err)
		}
	})
}

// TestReplicas: environments that pull from registries of their own share an image.
func TestReplicas(t *testing.T) {
	digest := tagboat.Digest("sha256:" + strings.Repeat("1", 64))
	environment := func(name tagboat.EnvName, host string) scaffold.Environment {
		service := scaffold.Service{Name: "api", Record: []byte(`{"serviceName": "api", "serviceArn": "x", "clusterArn": "x", "status": "ACTIVE"}`)}
		service.Definition = expect.Value(taskdef.FromJSON([]byte(`{"family": "api", "containerDefinitions": [{"name": "app", "image": "x"}, {"name": "agent", "image": "y"}]}`)))(t)
		service.Containers = []scaffold.Container{
			{Name: "app", Image: tagboat.Reference{Host: host, Repository: "shop/api", Digest: digest}},
			{Name: "agent", Image: tagboat.Reference{Repository: "nginx", Tag: "1.27", Digest: digest}},
		}
		return scaffold.Environment{Name: name, Region: "eu-west-1", Cluster: string(name), Services: []scaffold.Service{service}}
	}
	const one, other = "111111111111.dkr.ecr.eu-west-1.amazonaws.com", "222222222222.dkr.ecr.eu-west-1.amazonaws.com"
	draft := expect.Value(scaffold.Arrange("shop", []scaffold.Environment{environment("dev", one), environment("prod", other)}))(t)
	text := string(draft.Files[len(draft.Files)-1].Content)
	for _, words := range []string{"registry: " + one, "    registry: " + other, "api: {repository: shop/api}", "nginx: {repository: docker.io/library/nginx}", "containers: {app: api, agent: nginx}"} {
		if !strings.Contains(text, words) {
			t.Errorf("it does not say %s:\n%s", words, text)
		}
	}
	if got := draft.Versions["prod"]["api"].String(); got != other+"/shop/api@"+string(digest) {
		t.Errorf("prod runs %s", got)
	}
}

// TestVersionsOfOneRepository: services that run different versions keep them.
func TestVersionsOfOneRepository(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		w.AWS("ecs.CreateCluster", map[string]any{"clusterName": "shop"})
		w.Push("shop/api:v1")
		w.Push("shop/api:v2")
		simple(w, "api", "shop/api:v1", nil)
		simple(w, "cron", "shop/api:v2", nil)
		simple(w, "mail", "shop/api:v1", nil)
		w.Later(10 * time.Minute)
		document := expect.Value(begin(w, scaffold.Request{Clusters: []string{"shop"}, Pin: true}))(t)
		unchanged(w, 3)
		want := []tagboat.InitPin{
			{Image: "api", Repository: sandboxtest.Host + "/shop/api", Tag: "v1", Digest: w.Pushed["shop/api:v1"]},
			{Image: "api-cron", Repository: sandboxtest.Host + "/shop/api", Tag: "v2", Digest: w.Pushed["shop/api:v2"]},
		}
		if diff := cmp.Diff(want, document.Pins[0].Images); diff != "" {
			t.Errorf("pins (-want +got):\n%s", diff)
		}
	})
}

// TestKilledMidway: what a killed run has written is completed, and nothing else is touched.
func TestKilledMidway(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		w.AWS("ecs.CreateCluster", map[string]any{"clusterName": "shop"})
		w.Push("shop/api:v1")
		simple(w, "api", "shop/api:v1", nil)
		w.Later(10 * time.Minute)
		all := expect.Value(begin(w, scaffold.Request{Clusters: []string{"shop"}}))(t)
		for i, file := range all.Files {
			before := w.Read(filepath.Base(file.Path))
			for _, later := range all.Files[i:] {
				expect.OK(t, os.Remove(later.Path))
			}
			again := expect.Value(begin(w, scaffold.Request{Clusters: []string{"shop"}}))(t)
			if !again.Proven() || w.Read(filepath.Base(file.Path)) != before || again.Files[i].State != tagboat.InitWritten {
				t.Errorf("from %s on: %+v", file.Path, again.Files)
			}
		}
		w.Write("api.service.json", "mine")
		expect.OK(t, os.Remove(filepath.Join(w.Dir, "tagboat.yaml")))
		_, err := begin(w, scaffold.Request{Clusters: []string{"shop"}})
		if _, there := os.Stat(filepath.Join(w.Dir, "tagboat.yaml")); tagboat.KindOf(err) != tagboat.Usage || there == nil || w.Read("api.service.json") != "mine" {
			t.Errorf("it was overwritten: %v", err)
		}
		left := expect.Value(os.ReadDir(w.Dir))(t)
		for _, file := range left {
			if strings.HasPrefix(file.Name(), ".tagboat") {
				t.Errorf("%s is left", file.Name())
			}
		}
	})
}
