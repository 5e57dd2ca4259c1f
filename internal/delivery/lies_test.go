package delivery_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/sandbox"
	"github.com/tagboat/tagboat/internal/sandbox/sandboxtest"
)

// TestD4TimeoutsAreExplained has a deployment that neither fails nor ends: what the verdict
// says is why, not that somebody should look.
func TestD4TimeoutsAreExplained(t *testing.T) {
	apptest.Shop{}.Run(t, func(w *apptest.World) {
		next(w, "start=1h")
		o := apptest.Wait
		o.Timeout = 5 * time.Minute
		d := w.DeployWith(w.Context(), w.Open(), o)[0]
		w.Expect(d, tagboat.VerdictTimedOut, "2 tasks", "not started")
	})
}

// TestD6CausesComeFromTasks has failures of each kind, none of which says "unable" in an
// event of the service, and a rollout that ends well although a task of it crashed.
func TestD6CausesComeFromTasks(t *testing.T) {
	health := map[string]any{"healthCheck": map[string]any{"command": []string{"CMD", "true"}, "interval": 5, "retries": 2, "timeout": 2}}
	for name, test := range map[string]struct {
		labels []string
		app    map[string]any
		words  []string
	}{
		"crash":     {labels: []string{"exit=3@1s", "log=fatal: no database"}, words: []string{"code 3", "fatal: no database"}},
		"memory":    {labels: []string{"oom=1s"}, words: []string{"memory", "512"}},
		"unhealthy": {labels: []string{"health=unhealthy"}, app: health, words: []string{"health"}},
	} {
		t.Run(name, func(t *testing.T) {
			apptest.Shop{Container: test.app}.Run(t, func(w *apptest.World) {
				began := time.Now()
				w.Expect(second(w, test.labels...), tagboat.VerdictRolledBack, test.words...)
				if took := time.Since(began); took > 8*time.Minute {
					w.Errorf("it took %s", took)
				}
			})
		})
	}
	t.Run("one crash", func(t *testing.T) {
		apptest.Shop{}.Run(t, func(w *apptest.World) {
			go func() {
				<-time.After(25 * time.Second)
				w.Control("POST", "harm", `{"kind":"crash","cluster":"dev","service":"web","code":1,"count":1}`)
			}()
			w.Expect(second(w, "start=5s"), tagboat.VerdictSucceeded)
		})
	})
}

// TestD8AnInterruptLeavesWord says what goes on, how to watch it and how to undo it; and the
// same command again takes it up.
func TestD8AnInterruptLeavesWord(t *testing.T) {
	apptest.Shop{}.Run(t, func(w *apptest.World) {
		next(w, "start=60s")
		ctx, interrupt := context.WithCancel(w.Context())
		go func() {
			<-time.After(20 * time.Second)
			interrupt()
		}()
		d := w.DeployWith(ctx, w.Open(), apptest.Wait)[0]
		w.Expect(d, tagboat.VerdictInterrupted, d.DeploymentID, "tagboat deploy --resume --env dev web", "tagboat rollback --env dev web")
		again := w.One()
		w.Expect(again, tagboat.VerdictSucceeded)
		if again.DeploymentID != d.DeploymentID || revisions(w, "web") != 2 {
			w.Errorf("%s was taken up as %s, with %d revisions", d.DeploymentID, again.DeploymentID, revisions(w, "web"))
		}
	})
}

// problems returns what the plan finds, after which nothing may have been changed.
func problems(w *apptest.World) string {
	w.Helper()
	before := w.Calls("ecs.RegisterTaskDefinition") + w.Calls("ecs.UpdateService") + w.Calls("ecs.CreateService")
	set, err := w.Open().Delivery.Plan(w.Context(), fleet.Selection{})
	text := fmt.Sprint(err)
	if err == nil {
		text = fmt.Sprint(set.Document().Problems)
	}
	if now := w.Calls("ecs.RegisterTaskDefinition") + w.Calls("ecs.UpdateService") + w.Calls("ecs.CreateService"); now != before {
		w.Errorf("%d changing calls", now-before)
	}
	return text
}

// TestD9WhatIsMissingIsFoundBefore has an image deleted after it was pinned, a log group
// that is not there, and a task definition with an unknown field.
func TestD9WhatIsMissingIsFoundBefore(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(w *apptest.World)
		words string
	}{
		"image": {func(w *apptest.World) {
			w.AWS("ecr.BatchDeleteImage", map[string]any{"repositoryName": "shop/web", "imageIds": []any{map[string]any{"imageDigest": w.Pushed["shop/web:v1"]}}})
		}, "shop/web"},
		"log group": {func(w *apptest.World) { w.AWS("logs.DeleteLogGroup", map[string]any{"logGroupName": "/shop"}) }, "/shop"},
		"field": {func(w *apptest.World) {
			apptest.Shop{Container: map[string]any{"enviroment": []any{}}}.Files(w, "web")
		}, "enviroment"},
	} {
		t.Run(name, func(t *testing.T) {
			apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
				apptest.Shop{Services: []string{"web"}}.Open(w, "web:v1")
				w.Pin("dev", "web=v1")
				test.spoil(w)
				if found := problems(w); !strings.Contains(found, test.words) {
					w.Errorf("the plan finds %s", found)
				}
			})
		})
	}
}

// TestD10AMistypedServiceIsNotCreated asks for a service that the file does not have, and
// then for one that ECS does not have.
func TestD10AMistypedServiceIsNotCreated(t *testing.T) {
	apptest.Shop{}.Run(t, func(w *apptest.World) {
		_, err := w.Open().Delivery.Plan(w.Context(), fleet.Selection{Services: []tagboat.ServiceName{"wbe"}})
		if tagboat.KindOf(err) != tagboat.Usage {
			w.Errorf("%v", err)
		}
		w.Write("tagboat.yaml", "app: shop\nregistry: "+sandboxtest.Host+"\nimages: {web: {repository: shop/web}}\n"+
			"services: {wbe: {taskDefinition: web.taskdef.json, containers: {app: web}}}\n"+
			"stages: [{name: dev}]\nenvironments: {dev: {stage: dev, region: us-east-1, cluster: dev}}\n")
		if found := problems(w); !strings.Contains(found, `service "wbe" does not exist`) {
			w.Errorf("the plan finds %s", found)
		}
	})
}
