package scaffold_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/casetest"
	"github.com/tagboat/tagboat/internal/deploy/rollout"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/sandbox"
	"github.com/tagboat/tagboat/internal/sandbox/sandboxtest"
	"github.com/tagboat/tagboat/internal/scaffold"
)

// begin takes over what runs.
func begin(w *apptest.World, r scaffold.Request) (tagboat.InitDocument, error) {
	w.Helper()
	s := expect.Value(app.Begin(w.Context(), app.Options{Transport: sandboxtest.Carrier{Handler: w.Server}}))(w.T)
	if r.Dir == "" {
		r.Dir = w.Dir
	}
	return s.Do(w.Context(), r)
}

// create makes a service by hand.
func create(w *apptest.World, cluster string, task, service map[string]any) {
	w.Helper()
	w.AWS("ecs.RegisterTaskDefinition", task)
	service["cluster"], service["taskDefinition"] = cluster, task["family"]
	w.AWS("ecs.CreateService", service)
}

// unchanged holds that plan finds nothing to do, and that deploying says so of n services.
func unchanged(w *apptest.World, n int) {
	w.Helper()
	a := w.Open()
	set := expect.Value(a.Delivery.Plan(w.Context(), fleet.Selection{Everywhere: true}))(w.T)
	plan := set.Document()
	if len(plan.Changes)+len(plan.Problems) > 0 || plan.Unchanged != n {
		w.Errorf("plan finds %+v", plan)
	}
	for _, d := range a.Delivery.Deploy(w.Context(), set, rollout.Options{Wait: true}).Deployments {
		if d.Verdict != tagboat.VerdictUnchanged {
			w.Errorf("%s ended as %s: %s", d.Service, d.Verdict, d.Reason)
		}
	}
}

// TestServicesOfTheField takes over services that have what the definitions of the field have.
func TestServicesOfTheField(t *testing.T) {
	files := expect.Value(filepath.Glob("testdata/running/*.json"))(t)
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		w.AWS("ecs.CreateCluster", map[string]any{"clusterName": "shop", "capacityProviders": []string{"FARGATE", "FARGATE_SPOT"}})
		for _, image := range []string{"app", "router", "redis"} {
			w.Push("shop/" + image + ":v1")
		}
		w.PushFor("linux/arm64", "shop/arm:v1")
		w.AWS("ssm.PutParameter", map[string]any{"Name": "datadog", "Type": "SecureString", "Value": "x"})
		secret, _ := w.AWS("secretsmanager.CreateSecret", map[string]any{"Name": "db", "SecretString": `{"password": "x"}`})["ARN"].(string)
		group := targetGroup(w)
		for _, file := range files {
			text := string(expect.Value(os.ReadFile(file))(t))
			text = strings.NewReplacer("REGISTRY", sandboxtest.Host, "DIGEST", string(w.Pushed["shop/app:v1"]), "TARGETGROUP", group, "SECRET", secret).Replace(text)
			var in struct{ Task, Service map[string]any }
			expect.OK(t, json.Unmarshal([]byte(text), &in))
			create(w, "shop", in.Task, in.Service)
		}
		w.Later(10 * time.Minute)
		document := expect.Value(begin(w, scaffold.Request{Clusters: []string{"shop"}, Pin: true}))(t)
		if !document.Proven() || len(document.LeftAlone) > 0 || document.Plan.Unchanged != len(files) {
			t.Errorf("it is not what runs: %+v\n%+v", document.Plan, document.LeftAlone)
		}
		calls := map[string]int{}
		for _, operation := range []string{"ecs.ListServices", "ecs.DescribeServices", "ecs.DescribeTaskDefinition", "ecs.ListTasks", "ecs.DescribeTasks"} {
			calls[operation] = w.Calls(operation)
		}
		// Each is looked at twice: to write it down, and to prove that.
		want := map[string]int{"ecs.ListServices": 1, "ecs.DescribeServices": 6, "ecs.DescribeTaskDefinition": len(files), "ecs.ListTasks": 2, "ecs.DescribeTasks": 2}
		if diff := cmp.Diff(want, calls); diff != "" {
			t.Errorf("calls (-want +got):\n%s", diff)
		}
		unchanged(w, len(files))
		for _, file := range document.Files {
			casetest.Golden(t, filepath.Join("testdata/written", filepath.Base(file.Path)), []byte(strings.ReplaceAll(w.Read(filepath.Base(file.Path)), secret, "SECRET")))
		}
	})
}

// targetGroup makes a target group behind a load balancer.
func targetGroup(w *apptest.World) string {
	w.Helper()
	elb := func(action, member, form string) string {
		r := httptest.NewRequestWithContext(w.Context(), http.MethodPost, "http://"+sandboxtest.Host+"/", strings.NewReader("Version=2015-12-01&Action="+action+"&"+form))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=sandbox/20260101/us-east-1/elasticloadbalancing/aws4_request, SignedHeaders=host, Signature=none")
		answer := httptest.NewRecorder()
		w.Server.ServeHTTP(answer, r)
		_, rest, _ := strings.Cut(answer.Body.String(), "<"+member+">")
		arn, _, _ := strings.Cut(rest, "<")
		if answer.Code != http.StatusOK || arn == "" {
			w.Fatalf("%s: %d %s", action, answer.Code, answer.Body)
		}
		return arn
	}
	group := elb("CreateTargetGroup", "TargetGroupArn", "Name=web&Protocol=HTTP&Port=80&VpcId=vpc-1&TargetType=ip")
	balancer := elb("CreateLoadBalancer", "LoadBalancerArn", "Name=web&Subnets.member.1=subnet-1&Subnets.member.2=subnet-2")
	elb("CreateListener", "ListenerArn", "LoadBalancerArn="+balancer+"&Protocol=HTTP&Port=80&DefaultActions.member.1.Type=forward&DefaultActions.member.1.TargetGroupArn="+group)
	return group
}
