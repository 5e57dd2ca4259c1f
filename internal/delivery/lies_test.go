package app_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/sandbox"
)

// TestD4TimeoutsAreExplained has a deployment that neither fails nor ends: what the verdict
// says is why, not that somebody should look.
func TestD4TimeoutsAreExplained(t *testing.T) {
	inWorld(t, sandbox.Config{}, func(w *world) {
		w.begin(shop{})
		w.push("shop/web:v2", "start=1h")
		w.pin("dev", "web=v2")
		o := wait
		o.Timeout = 5 * time.Minute
		d := w.deployWith(w.Context(), w.open(), o)[0]
		w.expect(d, tagboat.VerdictTimedOut, "2 tasks", "not started")
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
			inWorld(t, sandbox.Config{}, func(w *world) {
				w.begin(shop{app: test.app})
				began := time.Now()
				w.expect(w.second(test.labels...), tagboat.VerdictRolledBack, test.words...)
				if took := time.Since(began); took > 8*time.Minute {
					w.Errorf("it took %s", took)
				}
			})
		})
	}
	t.Run("one crash", func(t *testing.T) {
		inWorld(t, sandbox.Config{}, func(w *world) {
			w.begin(shop{})
			go func() {
				<-time.After(25 * time.Second)
				w.control("POST", "harm", `{"kind":"crash","cluster":"dev","service":"web","code":1,"count":1}`)
			}()
			w.expect(w.second("start=5s"), tagboat.VerdictSucceeded)
		})
	})
}

// TestD8AnInterruptLeavesWord says what goes on, how to watch it and how to undo it; and the
// same command again takes it up.
func TestD8AnInterruptLeavesWord(t *testing.T) {
	inWorld(t, sandbox.Config{}, func(w *world) {
		w.begin(shop{})
		w.push("shop/web:v2", "start=60s")
		w.pin("dev", "web=v2")
		ctx, interrupt := context.WithCancel(w.Context())
		go func() {
			<-time.After(20 * time.Second)
			interrupt()
		}()
		d := w.deployWith(ctx, w.open(), wait)[0]
		w.expect(d, tagboat.VerdictInterrupted, d.DeploymentID, "tagboat deploy --resume --env dev web", "tagboat rollback --env dev web")
		again := w.one()
		w.expect(again, tagboat.VerdictSucceeded)
		if again.DeploymentID != d.DeploymentID || w.revisions("web") != 2 {
			w.Errorf("%s was taken up as %s, with %d revisions", d.DeploymentID, again.DeploymentID, w.revisions("web"))
		}
	})
}

// problems returns what the plan finds, after which nothing may have been changed.
func (w *world) problems() string {
	w.Helper()
	before := w.calls("ecs.RegisterTaskDefinition") + w.calls("ecs.UpdateService") + w.calls("ecs.CreateService")
	set, err := w.open().Delivery.Plan(w.Context(), fleet.Selection{})
	text := fmt.Sprint(err)
	if err == nil {
		text = fmt.Sprint(set.Document().Problems)
	}
	if now := w.calls("ecs.RegisterTaskDefinition") + w.calls("ecs.UpdateService") + w.calls("ecs.CreateService"); now != before {
		w.Errorf("%d changing calls", now-before)
	}
	return text
}

// TestD9WhatIsMissingIsFoundBefore has an image deleted after it was pinned, a log group
// that is not there, and a task definition with an unknown field.
func TestD9WhatIsMissingIsFoundBefore(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(w *world)
		words string
	}{
		"image": {func(w *world) {
			w.aws("ecr.BatchDeleteImage", map[string]any{"repositoryName": "shop/web", "imageIds": []any{map[string]any{"imageDigest": w.pushed["shop/web:v1"]}}})
		}, "shop/web"},
		"log group": {func(w *world) { w.aws("logs.DeleteLogGroup", map[string]any{"logGroupName": "/shop"}) }, "/shop"},
		"field": {func(w *world) {
			shop{app: map[string]any{"enviroment": []any{}}}.files(w, "web")
		}, "enviroment"},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, sandbox.Config{}, func(w *world) {
				shop{services: []string{"web"}}.open(w)
				w.push("shop/web:v1")
				w.pin("dev", "web=v1")
				test.spoil(w)
				if found := w.problems(); !strings.Contains(found, test.words) {
					w.Errorf("the plan finds %s", found)
				}
			})
		})
	}
}

// TestD10AMistypedServiceIsNotCreated asks for a service that the file does not have, and
// then for one that ECS does not have.
func TestD10AMistypedServiceIsNotCreated(t *testing.T) {
	inWorld(t, sandbox.Config{}, func(w *world) {
		w.begin(shop{})
		_, err := w.open().Delivery.Plan(w.Context(), fleet.Selection{Services: []tagboat.ServiceName{"wbe"}})
		if tagboat.KindOf(err) != tagboat.Usage {
			w.Errorf("%v", err)
		}
		w.write("tagboat.yaml", "app: shop\nregistry: "+host+"\nimages: {web: {repository: shop/web}}\n"+
			"services: {wbe: {taskDefinition: web.taskdef.json, containers: {app: web}}}\n"+
			"stages: [{name: dev}]\nenvironments: {dev: {stage: dev, region: us-east-1, cluster: dev}}\n")
		if found := w.problems(); !strings.Contains(found, `service "wbe" does not exist`) {
			w.Errorf("the plan finds %s", found)
		}
	})
}
