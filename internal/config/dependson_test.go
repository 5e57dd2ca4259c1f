package config_test

import (
	"strings"
	"testing"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/casetest"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/expect"
)

func dependent(services ...string) []byte {
	return []byte("app: shop\nservices:\n  " + strings.Join(services, "\n  ") + "\nstages: [{name: dev}]\nenvironments: {dev: {stage: dev, cluster: dev}}\n" +
		"registry: example.com\nimages: {app: {repository: app}}\n")
}

func TestDependsOn(t *testing.T) {
	const rest = "taskDefinition: {family: f}, containers: {app: app}"
	for name, c := range map[string]struct {
		services []string
		want     map[tagboat.ServiceName][]tagboat.ServiceName
		says     []string // each in one of the problems; as many as there are
	}{
		"none":     {[]string{"a: {" + rest + "}"}, map[tagboat.ServiceName][]tagboat.ServiceName{"a": nil}, nil},
		"a chain":  {[]string{"a: {dependsOn: [b, c], " + rest + "}", "b: {dependsOn: [c], " + rest + "}", "c: {" + rest + "}"}, map[tagboat.ServiceName][]tagboat.ServiceName{"a": {"b", "c"}, "b": {"c"}, "c": nil}, nil},
		"itself":   {[]string{"a: {dependsOn: [a], " + rest + "}"}, nil, []string{"f.yaml:3:19: services depend on each other in a circle: a → (line 3) a"}},
		"a circle": {[]string{"x: {dependsOn: [a], " + rest + "}", "a: {dependsOn: [b], " + rest + "}", "b: {dependsOn: [c], " + rest + "}", "c: {dependsOn: [a], " + rest + "}"}, nil, []string{"f.yaml:6:19: services depend on each other in a circle: a → (line 4) b → (line 5) c → (line 6) a"}},
		"unknown":  {[]string{"aa: {dependsOn: [ab], " + rest + "}", "ac: {" + rest + "}"}, nil, []string{`there is no service "ab"`}},
		"twice":    {[]string{"a: {dependsOn: [b, b], " + rest + "}", "b: {" + rest + "}"}, nil, []string{`the service "b" is listed twice`}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := config.Parse("f.yaml", dependent(c.services...))
			if len(c.says) == 0 {
				if err != nil {
					t.Fatal(err)
				}
				on := map[tagboat.ServiceName][]tagboat.ServiceName{}
				for _, s := range got.Services {
					on[s.Name] = s.DependsOn
				}
				expect.Equal(t, c.want, on)
				return
			}
			said := casetest.Report(err)
			for _, words := range c.says {
				if !strings.Contains(said, words) {
					t.Errorf("%q is not in %s", words, said)
				}
			}
		})
	}
}
