package release_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/catalog"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/operation"
	"github.com/tagboat/tagboat/internal/release"
	"github.com/tagboat/tagboat/internal/sandbox"
	"github.com/tagboat/tagboat/internal/sandbox/sandboxtest"
)

const commit = "6dcb09b5b57875f334f61aebed695e2e4193db5e"

// shop has a variable of the application's and one of an environment's own, templates that use
// both, and the version v1 of each image pinned in dev.
func shop(w *apptest.World) {
	w.Helper()
	apptest.Shop{Services: []string{"api", "web"}}.Open(w, "api:v1", "api:v2", "web:v1", "web:v2")
	w.Write("tagboat.yaml", config("  prod: {stage: prod, region: us-east-1, cluster: dev, vars: {level: warn}}\n"))
	w.Write("api.taskdef.jsonnet", `{
  family: 'api-${env.name}', requiresCompatibilities: ['FARGATE'], networkMode: 'awsvpc', cpu: '256', memory: '512',
  executionRoleArn: 'arn:aws:iam::123456789012:role/execution',
  containerDefinitions: [{
    name: 'app', image: '${images.api}', essential: true,
    environment: [{name: 'COLOR', value: '${vars.color}'}, {name: 'LEVEL', value: '${vars.level}'}, {name: 'PEER', value: '${images.web}'}],
  }],
}`)
	w.Pin("dev", "api=v1", "web=v1")
}

func config(environments string) string {
	return `app: shop
registry: ` + sandboxtest.Host + `
images: {api: {repository: shop/api}, web: {repository: shop/web}, spare: {repository: shop/spare}}
services:
  api: {taskDefinition: api.taskdef.jsonnet, service: api.service.json}
  web: {taskDefinition: web.taskdef.json, service: web.service.json, containers: {app: web}, dependsOn: [api]}
stages: [{name: dev}, {name: prod}]
environments:
  dev: {stage: dev, region: us-east-1, cluster: dev, vars: {level: debug}}
` + environments + `vars:
  color: [{value: "#888"}, {value: "#0a0", stage: prod}]
`
}

func run(t *testing.T, story func(w *apptest.World)) {
	t.Helper()
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		shop(w)
		story(w)
	})
}

func create(w *apptest.World, q release.Request) tagboat.ReleaseDocument {
	w.Helper()
	if q.Commit == "" {
		q.Commit = commit
	}
	made, err := w.Open().Releases.Create(w.Context(), q)
	if err != nil {
		w.Fatal(err)
	}
	return made
}

// counted does something, and returns which calls it took.
func counted(w *apptest.World, do func(ctx context.Context, a *app.App)) tagboat.Calls {
	ctx, o := operation.Start(w.Context(), nil)
	do(ctx, w.Open())
	return o.Calls()
}

func TestCreate(t *testing.T) {
	run(t, func(w *apptest.World) {
		var first tagboat.ReleaseDocument
		calls := counted(w, func(ctx context.Context, a *app.App) {
			first = expect.Value(a.Releases.Create(ctx, release.Request{Environment: "dev", Commit: commit, Notes: "the first <one>"}))(t)
		})
		expect.EqualIn(t, "calls", map[string]int{
			"ssm.GetParameters": 1, "ssm.PutParameter": 1, "registry.HEAD manifests": 1, "registry.POST blobs": 1, "registry.PUT blobs": 1, "registry.PUT manifests": 1,
		}, calls.ByOperation)
		want := tagboat.ReleaseDocument{
			Release:  tagboat.Release{Name: "1", ID: first.ID, Commit: commit, Notes: "the first <one>", Environments: []tagboat.EnvName{}},
			Created:  true,
			Artifact: sandboxtest.Host + "/shop-releases@" + string(first.ID),
			Images: []tagboat.ReleaseImage{
				{Image: "api", Repository: "shop/api", Tag: "v1", Digest: w.Pushed["shop/api:v1"]},
				{Image: "web", Repository: "shop/web", Tag: "v1", Digest: w.Pushed["shop/web:v1"]},
			},
			Services: []tagboat.ReleaseService{
				{Service: "api", Containers: map[tagboat.ContainerName]tagboat.ImageName{"app": "api"}, DependsOn: []tagboat.ServiceName{}},
				{Service: "web", Containers: map[tagboat.ContainerName]tagboat.ImageName{"app": "web"}, DependsOn: []tagboat.ServiceName{"api"}},
			},
			Vars: []tagboat.ReleaseVar{{Name: "color", Value: "#888"}, {Name: "color", Value: "#0a0", Stage: "prod"}},
		}
		expect.EqualIn(t, "a new release", want, first)
		calls = counted(w, func(ctx context.Context, a *app.App) {
			again := expect.Value(a.Releases.Create(ctx, release.Request{Environment: "dev", Commit: commit, Notes: "the first <one>"}))(t)
			want.Created = false
			expect.EqualIn(t, "the same content", want, again)
		})
		expect.EqualIn(t, "calls for the same", map[string]int{"ssm.GetParameters": 1, "registry.HEAD manifests": 1, "ssm.GetParameterHistory": 1}, calls.ByOperation)
		w.Pin("dev", "api=v2")
		names := []string{create(w, release.Request{Environment: "dev", Notes: "the first <one>"}).Name}
		w.Pin("dev", "api=v1")
		for _, q := range []release.Request{
			{Environment: "dev", Notes: "the first <one>"},
			{Environment: "dev"},
			{Environment: "dev", Notes: "the first <one>", Commit: "abc"},
			{Environment: "dev", Notes: "the first <one>", Images: []catalog.ImageArg{{Image: "api", Tag: "v2"}}},
			{Images: []catalog.ImageArg{{Image: "api", Tag: "v1"}, {Image: "web", Tag: "v1"}}, Notes: "the first <one>"},
			{Environment: "dev", Notes: "new", DryRun: true},
		} {
			names = append(names, create(w, q).Name)
		}
		expect.EqualIn(t, "names", []string{"2", "1", "3", "4", "2", "1", ""}, names)
	})
}

// TestWhatCannotBeReleased has an error for each image that lacks a version, and touches nothing.
func TestWhatCannotBeReleased(t *testing.T) {
	cases := map[string]struct {
		request release.Request
		before  func(w *apptest.World)
		says    []string
	}{
		"nothing is said":        {says: []string{"whose versions the release has is not said"}},
		"nothing is pinned":      {request: release.Request{Environment: "prod"}, says: []string{"the service api runs the image api, of which no version is pinned in prod", "runs the image web", "tagboat pin api=TAG --env prod"}},
		"an image is not named":  {request: release.Request{Images: []catalog.ImageArg{{Image: "api", Tag: "v1"}}}, says: []string{"image web, of which no version is named"}},
		"no such version":        {request: release.Request{Environment: "dev", Images: []catalog.ImageArg{{Image: "api", Tag: "v9"}}}, says: []string{"shop/api:v9 does not exist"}},
		"no such environment":    {request: release.Request{Environment: "nosuch"}, says: []string{`there is no environment "nosuch"`}},
		"the commit is none":     {request: release.Request{Environment: "dev", Commit: "a b"}, says: []string{`"a b" cannot be a commit`}},
		"the notes are too long": {request: release.Request{Environment: "dev", Notes: strings.Repeat("n", 40<<10)}, says: []string{"the notes have 40960 bytes, and 32768 are the limit"}},
		"a template is wrong": {
			request: release.Request{Environment: "dev"}, says: []string{`unknown field "familie"`},
			before: func(w *apptest.World) { w.Write("web.taskdef.json", `{"familie": "web"}`) },
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			run(t, func(w *apptest.World) {
				if tc.before != nil {
					tc.before(w)
				}
				calls := counted(w, func(ctx context.Context, a *app.App) {
					_, err := a.Releases.Create(ctx, tc.request)
					refused(t, err, tc.says...)
				})
				for call := range calls.ByOperation {
					if strings.Contains(call, "Put") || strings.Contains(call, "PUT") || strings.Contains(call, "POST") {
						t.Errorf("it called %s", call)
					}
				}
			})
		})
	}
}

// refused expects an error of kind Usage with words, in itself or in the hints.
func refused(t *testing.T, err error, words ...string) {
	t.Helper()
	if tagboat.KindOf(err) != tagboat.Usage || err == nil {
		t.Fatalf("%v, want an error of kind Usage", err)
	}
	for _, word := range words {
		if !strings.Contains(fmt.Sprint(err, " hint: ", tagboat.HintOf(err)), word) {
			t.Errorf("%v (hint: %s) does not say %q", err, tagboat.HintOf(err), word)
		}
	}
}

// definitions returns the task definition of each cell, with the release's versions.
func definitions(w *apptest.World, of *fleet.Fleet, versions fleet.Versions, env tagboat.EnvName) map[tagboat.ServiceName]string {
	w.Helper()
	cells, err := of.Cells(w.Context(), fleet.Selection{Environments: []tagboat.EnvName{env}})
	if err != nil {
		w.Fatal(err)
	}
	rendered := map[tagboat.ServiceName]string{}
	for _, c := range versions.Pinned(cells) {
		target, err := c.Target(w.Context(), nil)
		if err != nil {
			w.Fatal(err)
		}
		rendered[c.Service.Name] = string(target.Desired.Definition.JSON()) + string(target.Desired.ServiceDefinition.JSON())
	}
	return rendered
}

// TestFleet has a release render what the work tree renders, in an environment that was added
// later, too, and once the work tree has gone on.
func TestFleet(t *testing.T) {
	run(t, func(w *apptest.World) {
		create(w, release.Request{Environment: "dev"})
		w.Write("tagboat.yaml", config("  prod: {stage: prod, region: us-east-1, cluster: dev, vars: {level: warn}}\n  mb-prod: {stage: prod, tenant: mb, region: us-east-1, cluster: dev, vars: {level: error}}\n"))
		a := w.Open()
		made := expect.Value(a.Releases.Find(w.Context(), "1"))(t)
		want, versions := map[tagboat.EnvName]map[tagboat.ServiceName]string{}, fleet.Versions{}
		for name, env := range a.Config.Environments {
			versions[name] = made.Versions(a.Config, env)
			want[name] = definitions(w, a.Fleet, versions, name)
		}
		if !strings.Contains(want["mb-prod"]["api"], `"#0a0"`) || !strings.Contains(want["mb-prod"]["api"], `"error"`) || !strings.Contains(want["dev"]["api"], "@"+string(w.Pushed["shop/web:v1"])) {
			t.Errorf("the work tree renders %s", want["mb-prod"]["api"])
		}
		w.Write("tagboat.yaml", strings.NewReplacer(`"#888"`, `"#fff"`, "containers: {app: web}, dependsOn: [api]", "containers: {app: api}").
			Replace(config("  prod: {stage: prod, region: us-east-1, cluster: dev, vars: {level: warn}}\n  mb-prod: {stage: prod, tenant: mb, region: us-east-1, cluster: dev, vars: {level: error}}\n")))
		w.Write("api.taskdef.jsonnet", "error 'it is broken'")
		w.Write("web.taskdef.json", "{}")
		later := w.Open()
		frozen := expect.Value(expect.Value(later.Releases.Find(w.Context(), "1"))(t).Fleet(later.Fleet))(t)
		for _, env := range slices.Sorted(maps.Keys(want)) {
			if diff := cmp.Diff(want[env], definitions(w, frozen, versions, env)); diff != "" {
				t.Errorf("%s: %s", env, diff)
			}
		}
	})
}

// TestAVariableThatAnEnvironmentLacks is a problem by name.
func TestAVariableThatAnEnvironmentLacks(t *testing.T) {
	run(t, func(w *apptest.World) {
		create(w, release.Request{Environment: "dev"})
		w.Write("tagboat.yaml", config("  prod: {stage: prod, region: us-east-1, cluster: dev}\n"))
		a := w.Open()
		made := expect.Value(a.Releases.Find(w.Context(), "1"))(t)
		frozen := expect.Value(made.Fleet(a.Fleet))(t)
		cells := expect.Value(frozen.Cells(w.Context(), fleet.Selection{Environments: []tagboat.EnvName{"prod"}, Services: []tagboat.ServiceName{"api"}}))(t)
		_, err := fleet.Versions{"prod": made.Versions(a.Config, a.Config.Environments["prod"])}.Pinned(cells)[0].Target(w.Context(), nil)
		refused(t, err, "release 1: api.taskDefinition.json:", "${vars.level} has no value in prod")
	})
}
