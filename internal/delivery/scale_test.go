package delivery_test

import (
	"fmt"
	"testing"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/sandbox"
)

// Thirty services in two tenants. In one place a lifecycle rule deletes an image while it
// is deployed, a container runs out of memory, one fails its health check, and somebody
// else deploys a service. All others must not be touched by that.
func TestThirtyServicesInTwoTenants(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		s := apptest.Shop{Tenants: []string{"", "mb"}, Container: map[string]any{
			"memory": 400, "healthCheck": map[string]any{"command": []string{"CMD", "true"}, "interval": 5, "retries": 2},
		}}
		var first, second []string
		for n := range 30 {
			name := fmt.Sprintf("s%02d", n)
			s.Services = append(s.Services, name)
			first, second = append(first, name+"=v1"), append(second, name+"=v2")
		}
		s.Open(w)
		labels := map[string]string{"s07": "oom=2s", "s11": "health=unhealthy", "s19": "start=40s"}
		for _, name := range s.Services {
			w.Push("shop/" + name + ":v1")
			w.Push("shop/"+name+":v2", "start=1s")
			if label := labels[name]; label != "" {
				w.Push("shop/"+name+":bad", label)
			}
		}
		w.Push("shop/s03:bad", "start=2s")
		w.Pin("dev", first...)
		w.Pin("mb-dev", first...)
		all := func(a *app.App) []tagboat.Deployment {
			set := planOf(w, a, fleet.Selection{Stage: "dev"})
			return a.Delivery.Deploy(w.Context(), set, apptest.Wait).Deployments
		}
		for _, d := range all(w.Open()) {
			w.Expect(d, tagboat.VerdictSucceeded)
		}

		w.Pin("mb-dev", second...)
		w.Pin("dev", second...)
		w.Pin("dev", "s03=bad", "s07=bad", "s11=bad")
		w.Pin("mb-dev", "s19=bad")
		const theirs = "s19:1"
		a := w.Open(
			apptest.After("RegisterTaskDefinition", `"family":"s03"`, func() {
				w.AWS("ecr.BatchDeleteImage", map[string]any{"repositoryName": "shop/s03", "imageIds": []any{map[string]any{"imageDigest": w.Pushed["shop/s03:bad"]}}})
			}),
			apptest.After("UpdateService", `"cluster":"mb-dev","service":"s19"`, func() {
				w.AWS("ecs.UpdateService", map[string]any{"cluster": "mb-dev", "service": "s19", "taskDefinition": theirs})
			}),
		)
		for _, d := range all(a) {
			switch where := string(d.Environment) + "/" + string(d.Service); where {
			case "dev/s03":
				w.Expect(d, tagboat.VerdictRolledBack, "the image is not in the registry", "lifecycle rule")
			case "dev/s07":
				w.Expect(d, tagboat.VerdictRolledBack, "used more memory than it may", "its limit is 400 MiB")
			case "dev/s11":
				w.Expect(d, tagboat.VerdictRolledBack, "container app failed its health check")
			case "mb-dev/s19":
				w.Expect(d, tagboat.VerdictSuperseded, theirs, "registered by")
			default:
				w.Expect(d, tagboat.VerdictSucceeded)
			}
		}
	})
}
