package fleet_test

import (
	"strings"
	"testing"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/sandbox"
)

// TestTwoEntriesForOneService: whatever way two entries of tagboat.yaml come to be one
// service of ECS, they are told before anything is called, chosen both or not.
func TestTwoEntriesForOneService(t *testing.T) {
	const file = `
app: shop
registry: 127.0.0.1:4510
images: {web: {repository: shop/web}}
services:
%s
stages: [{name: dev}]
environments:
  dev:   {stage: dev, region: us-east-1, cluster: dev, vars: {name: web}}
  other: {stage: dev, region: us-east-1, cluster: %s, vars: {name: shop}}
`
	for name, test := range map[string]struct {
		services, cluster string
		choose            []tagboat.ServiceName
		refused           bool
	}{
		"two files of one name":           {"a: SAME, b: SAME", "elsewhere", nil, true},
		"one of them chosen":              {"a: SAME, b: SAME", "elsewhere", []tagboat.ServiceName{"b"}, true},
		"an entry's own name":             {"api: SAME, web: NONE", "elsewhere", nil, false},
		"a name and a file's name":        {"web: NONE, b: PLACEHOLDER", "elsewhere", nil, true},
		"names that differ":               {"a: SAME, b: NONE", "elsewhere", nil, false},
		"two environments of a cluster":   {"b: PLACEHOLDER", "dev", nil, false},
		"the same in both":                {"a: SAME", "dev", nil, true},
		"the same in clusters of its own": {"a: SAME", "elsewhere", nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
				w.Write("web.taskdef.json", `{"family":"web","containerDefinitions":[{"name":"app","memory":64}]}`)
				w.Write("same.service.json", `{"serviceName":"same","desiredCount":1}`)
				w.Write("placeholder.service.json", `{"serviceName":"${vars.name}","desiredCount":1}`)
				var services []string
				for _, entry := range strings.Split(test.services, ", ") {
					name, kind, _ := strings.Cut(entry, ": ")
					text := "  " + name + ": {taskDefinition: web.taskdef.json, containers: {app: web}"
					if kind != "NONE" {
						text += ", service: " + strings.ToLower(kind) + ".service.json"
					}
					services = append(services, text+"}")
				}
				w.Write("tagboat.yaml", strings.Replace(strings.Replace(file, "%s", strings.Join(services, "\n"), 1), "%s", test.cluster, 1))
				w.Push("shop/web:v1")
				w.Pin("dev", "web=v1")
				w.Pin("other", "web=v1")
				_, err := w.Open().Delivery.Plan(w.Context(), fleet.Selection{Services: test.choose})
				if refused := err != nil && strings.Contains(err.Error(), "are both the service"); refused != test.refused || err != nil && tagboat.KindOf(err) != tagboat.Usage {
					t.Errorf("error %v", err)
				}
			})
		})
	}
}
