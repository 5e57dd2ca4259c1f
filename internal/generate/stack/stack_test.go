package stack_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tagboat/tagboat/internal/casetest"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/generate/stack"
)

// TestCases holds what a service becomes. A case has a stack in stack.json, whose services are web
// and, where it has worker.json, worker: each with the members of the two files.
func TestCases(t *testing.T) {
	casetest.Archives(t, "testdata/cases", func(t *testing.T, c casetest.Case) string {
		s := stack.Stack{App: "shop", Environment: "prod", Account: "111111111111", Region: "eu-west-1", Cluster: "prod"}
		if raw, ok := c.File("stack.json"); ok {
			expect.OK(t, json.Unmarshal(raw, &s))
		}
		for _, name := range []string{"web", "worker"} {
			raw, ok := c.File(name + ".json")
			if !ok {
				continue
			}
			v := stack.Service{Name: name, ServiceName: name}
			expect.OK(t, json.Unmarshal(raw, &v))
			s.Services = append(s.Services, v)
		}
		template, err := s.Template()
		if err != nil {
			return casetest.Report(err)
		}
		_, resources, _ := strings.Cut(template.Text, "\nResources:\n")
		return "# Notes\n" + strings.Join(template.Notes, "\n") + "\n# Resources\n" + resources
	})
}
