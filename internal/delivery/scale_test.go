package app_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/sandbox"
)

// Thirty services in two tenants. In one place a lifecycle rule deletes an image while it
// is deployed, a container runs out of memory, one fails its health check, and somebody
// else deploys a service. All others must not be touched by that.
func TestThirtyServicesInTwoTenants(t *testing.T) {
	inWorld(t, sandbox.Config{}, func(w *world) {
		s := shop{tenants: []string{"", "mb"}, app: map[string]any{
			"memory": 400, "healthCheck": map[string]any{"command": []string{"CMD", "true"}, "interval": 5, "retries": 2},
		}}
		var first, second []string
		for n := range 30 {
			name := fmt.Sprintf("s%02d", n)
			s.services = append(s.services, name)
			first, second = append(first, name+"=v1"), append(second, name+"=v2")
		}
		s.open(w)
		labels := map[string]string{"s07": "oom=2s", "s11": "health=unhealthy", "s19": "start=40s"}
		for _, name := range s.services {
			w.push("shop/" + name + ":v1")
			w.push("shop/"+name+":v2", "start=1s")
			if label := labels[name]; label != "" {
				w.push("shop/"+name+":bad", label)
			}
		}
		w.push("shop/s03:bad", "start=2s")
		w.pin("dev", first...)
		w.pin("mb-dev", first...)
		all := func(a *app.App) []tagboat.Deployment {
			set, err := a.Delivery.Plan(w.Context(), fleet.Selection{Stage: "dev"})
			if err != nil {
				w.Fatal(err)
			}
			return a.Delivery.Deploy(w.Context(), set, wait).Deployments
		}
		for _, d := range all(w.open()) {
			w.expect(d, tagboat.VerdictSucceeded)
		}

		w.pin("mb-dev", second...)
		w.pin("dev", second...)
		w.pin("dev", "s03=bad", "s07=bad", "s11=bad")
		w.pin("mb-dev", "s19=bad")
		const theirs = "s19:1"
		a := w.open(
			after("RegisterTaskDefinition", `"family":"s03"`, func() {
				w.aws("ecr.BatchDeleteImage", map[string]any{"repositoryName": "shop/s03", "imageIds": []any{map[string]any{"imageDigest": w.pushed["shop/s03:bad"]}}})
			}),
			after("UpdateService", `"cluster":"mb-dev","service":"s19"`, func() {
				w.aws("ecs.UpdateService", map[string]any{"cluster": "mb-dev", "service": "s19", "taskDefinition": theirs})
			}),
		)
		for _, d := range all(a) {
			switch where := string(d.Environment) + "/" + string(d.Service); where {
			case "dev/s03":
				w.expect(d, tagboat.VerdictRolledBack, "the image is not in the registry", "lifecycle rule")
			case "dev/s07":
				w.expect(d, tagboat.VerdictRolledBack, "used more memory than it may", "its limit is 400 MiB")
			case "dev/s11":
				w.expect(d, tagboat.VerdictRolledBack, "container app failed its health check")
			case "mb-dev/s19":
				w.expect(d, tagboat.VerdictSuperseded, theirs, "registered by")
			default:
				w.expect(d, tagboat.VerdictSucceeded)
			}
		}
	})
}

// after does something once, right after a call of that operation with that text in it.
func after(operation, text string, then func()) func(http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper {
		return &meanwhile{next: next, operation: "." + operation, text: text, then: then}
	}
}

type meanwhile struct {
	next            http.RoundTripper
	operation, text string
	then            func()
	once            sync.Once
}

// RoundTrip implements http.RoundTripper.
func (m *meanwhile) RoundTrip(r *http.Request) (*http.Response, error) {
	if !strings.HasSuffix(r.Header.Get("X-Amz-Target"), m.operation) {
		return m.next.RoundTrip(r)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	answer, err := m.next.RoundTrip(r)
	if strings.Contains(string(body), m.text) {
		m.once.Do(m.then)
	}
	return answer, err
}
