package delivery_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox"
	"github.com/tagboat/tagboat/internal/sandbox/sandboxtest"
)

// TestTasksThatRunWhatIsPinnedUnderATag: a service that somebody made with a tag in its task
// definition stays as it is while its tasks run what is pinned, and nothing else would change.
func TestTasksThatRunWhatIsPinnedUnderATag(t *testing.T) {
	for name, c := range map[string]struct {
		container map[string]any // members of the container that runs
		pin       string
		edit      func(w *apptest.World)
		steps     string // what plan would do; "" for nothing
	}{
		"it runs what is pinned": {pin: "v1"},
		"another version is pinned": {
			pin: "v2", steps: "register a revision of task definition web, update service web in cluster dev",
		},
		"something else differs": {
			container: map[string]any{"stopTimeout": 7}, pin: "v1", steps: "register a revision of task definition web, update service web in cluster dev",
		},
		"tasks may run what the tag stands for by now": {
			container: map[string]any{"versionConsistency": "disabled"}, pin: "v1", steps: "register a revision of task definition web, update service web in cluster dev",
			edit: func(w *apptest.World) {
				w.Write("web.taskdef.json", strings.Replace(w.Read("web.taskdef.json"), `"name": "app"`, `"name": "app", "versionConsistency": "disabled"`, 1))
			},
		},
		"the service changes, which starts other tasks": {
			pin: "v1", steps: "register a revision of task definition web, update service web in cluster dev: networkConfiguration",
			edit: func(w *apptest.World) {
				w.Write("web.service.json", strings.Replace(w.Read("web.service.json"), "subnet-1", "subnet-2", 1))
			},
		},
		"the tag moved, and tasks differ": {
			pin: "v1", steps: "register a revision of task definition web, update service web in cluster dev",
			container: map[string]any{"versionConsistency": nil},
			edit: func(w *apptest.World) {
				digest := w.Pushed["shop/web:v1"]
				w.AWS("ecs.UpdateService", map[string]any{"cluster": "dev", "service": "web", "desiredCount": 0})
				w.Later(5 * time.Minute)
				w.Push("shop/web:v1", "tagboat.sandbox.log=moved")
				w.AWS("ecs.UpdateService", map[string]any{"cluster": "dev", "service": "web", "desiredCount": 2, "forceNewDeployment": true})
				w.Later(5 * time.Minute)
				w.Pushed["shop/web:v1"] = digest
			},
		},
		"what a killed run registered is found": {
			pin: "v1", steps: "reuse web:2, update service web in cluster dev: networkConfiguration",
			edit: func(w *apptest.World) {
				w.Write("web.service.json", strings.Replace(w.Read("web.service.json"), "subnet-1", "subnet-2", 1))
				a := w.Open()
				set := expect.Value(a.Delivery.Plan(w.Context(), apptest.Dev))(w.T)
				expect.OK(w.T, a.Delivery.Ready(w.Context(), set))
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
				apptest.Shop{Services: []string{"web"}}.Open(w, "web:v1", "web:v2")
				w.Pin("dev", "web="+c.pin)
				byHand(w, c.container)
				if c.edit != nil {
					c.edit(w)
				}
				set := expect.Value(w.Open().Delivery.Plan(w.Context(), apptest.Dev))(t)
				document := set.Document()
				var steps []string
				for _, change := range document.Changes {
					steps = append(steps, change.Steps...)
				}
				if got := strings.Join(steps, ", "); got != c.steps || len(document.Problems) > 0 {
					t.Errorf("plan would %q %+v, want %q", got, document.Problems, c.steps)
				}
				before := w.Calls("ecs.UpdateService")
				verdict := tagboat.VerdictSucceeded
				if c.steps == "" {
					verdict = tagboat.VerdictUnchanged
				}
				one := w.One()
				w.Expect(one, verdict)
				if one.Images[0].Running != w.Pinned("web").Digest {
					t.Errorf("%s runs", one.Images[0].Running)
				}
				if c.steps == "" && w.Calls("ecs.UpdateService") > before {
					t.Error("the service was changed")
				}
			})
		})
	}
}

// byHand makes the service web with the tag v1, as somebody would without Tagboat.
func byHand(w *apptest.World, container map[string]any) {
	w.Helper()
	var task, service map[string]any
	expect.OK(w.T, json.Unmarshal([]byte(w.Read("web.taskdef.json")), &task))
	expect.OK(w.T, json.Unmarshal([]byte(w.Read("web.service.json")), &service))
	app, _ := task["containerDefinitions"].([]any)[0].(map[string]any)
	app["image"] = sandboxtest.Host + "/shop/web:v1"
	for member, value := range container {
		app[member] = value
	}
	w.AWS("ecs.RegisterTaskDefinition", task)
	service["cluster"], service["taskDefinition"] = "dev", "web"
	w.AWS("ecs.CreateService", service)
	w.Later(10 * time.Minute)
}
