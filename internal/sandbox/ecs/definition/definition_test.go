package definition_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/ecs/definition"
)

func read(t *testing.T, document string) *definition.Task {
	t.Helper()
	var task definition.Task
	expect.OK(t, json.Unmarshal([]byte(document), &task))
	return &task
}

func TestSizesAsECSAnswersThem(t *testing.T) {
	for text, want := range map[string][2]string{
		"": {"", ""}, "512": {"512", "512"}, "1 vCPU": {"1024", "0"}, ".5 vcpus": {"512", "0"}, "0.5GB": {"0", "512"}, "much": {"0", "0"},
	} {
		expect.EqualIn(t, fmt.Sprintf("%q as CPU and memory", text), want, [2]string{definition.CPUUnits(text), definition.MemoryMiB(text)})
	}
}

func TestCompatibilities(t *testing.T) {
	const containers = `"containerDefinitions":[{"name":"a","image":"b","memory":64}]`
	for name, tc := range map[string]struct {
		document string
		want     []string
	}{
		"bridge":           {`{"family":"f",` + containers + `}`, []string{"EXTERNAL", "EC2"}},
		"a size":           {`{"family":"f","networkMode":"awsvpc","cpu":"256","memory":"512",` + containers + `}`, []string{"EC2", "FARGATE", "MANAGED_INSTANCES"}},
		"no size":          {`{"family":"f","networkMode":"awsvpc",` + containers + `}`, []string{"EC2", "MANAGED_INSTANCES"}},
		"a size too small": {`{"family":"f","networkMode":"awsvpc","cpu":"1024","memory":"512",` + containers + `}`, []string{"EC2", "MANAGED_INSTANCES"}},
	} {
		task := read(t, tc.document)
		if err := task.Check(); err != nil {
			t.Errorf("%s is refused: %v", name, err)
		}
		expect.EqualIn(t, fmt.Sprintf("%s fits", name), tc.want, task.Compatibilities())
	}
}

// A definition in bridge mode takes ports of its instance, and reserves for its containers.
func TestSpec(t *testing.T) {
	task := read(t, `{"family":"f","containerDefinitions":[
		{"name":"a","image":"b","cpu":10,"memoryReservation":64,"memory":128,"portMappings":[{"containerPort":80},{"containerPort":81,"hostPort":8081}]},
		{"name":"c","image":"d","cpu":20,"memory":32,"essential":false,"stopTimeout":5}]}`)
	spec := task.Spec("arn:f:3", 3)
	if spec.Needs.CPU != 30 || spec.Needs.Memory != 96 {
		t.Errorf("it needs %+v", spec.Needs)
	}
	if p := spec.Containers[0].Ports; len(p) != 2 || p[0].Host != 0 || p[1].Host != 8081 {
		t.Errorf("it takes the ports %+v", p)
	}
	if !spec.Containers[0].Essential || spec.Containers[1].Essential || spec.Containers[1].StopTimeout.Seconds() != 5 {
		t.Errorf("its containers are %+v", spec.Containers)
	}
}
