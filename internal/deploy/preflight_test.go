package deploy_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/deploy/deploytest"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/source"
	"github.com/tagboat/tagboat/internal/taskdef/lint"
)

// prepared plans one target and returns what was found.
func prepared(t *testing.T, wanted deploy.Target) (problems, warnings []string) {
	t.Helper()
	plans, err := deploy.Prepare(t.Context(), []deploy.Target{wanted})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range plans[0].Problems {
		problems = append(problems, p.Message)
	}
	for _, p := range plans[0].Warnings {
		warnings = append(warnings, p.Message)
	}
	return problems, warnings
}

// wants is a target whose only container has more members.
func wants(t *testing.T, f *deploytest.ECS, members string) deploy.Target {
	t.Helper()
	wanted := deploytest.Target(t, f.Client(), "v1")
	wanted.Desired.Definition = deploytest.Parse(t, fmt.Sprintf(`{"family":"api","containerDefinitions":[{"name":"app","image":%q,%s}]}`, deploytest.Reference("v1").Pinned(), members))
	return wanted
}

func TestPreflightLogGroups(t *testing.T) {
	for name, test := range map[string]struct {
		log  string
		want int
	}{
		"missing":             {`{"logDriver":"awslogs","options":{"awslogs-group":"/x"}}`, 1},
		"there":               {`{"logDriver":"awslogs","options":{"awslogs-group":"/c/api","awslogs-region":"r"}}`, 0},
		"created by the task": {`{"logDriver":"awslogs","options":{"awslogs-group":"/x","awslogs-create-group":"true"}}`, 0},
		"in another region":   {`{"logDriver":"awslogs","options":{"awslogs-group":"/x","awslogs-region":"q"}}`, 0},
		"another driver":      {`{"logDriver":"splunk","options":{"awslogs-group":"/x"}}`, 0},
	} {
		t.Run(name, func(t *testing.T) {
			problems, _ := prepared(t, wants(t, deploytest.New(), `"logConfiguration":`+test.log))
			if len(problems) != test.want {
				t.Errorf("problems: %+v", problems)
			}
		})
	}
}

// TestWhatCannotBeAskedIsAWarning refuses each question in turn: what was not checked is
// said, and nothing is taken for an answer.
func TestWhatCannotBeAskedIsAWarning(t *testing.T) {
	for op, want := range map[string]string{
		"image":                "whether image registry.test/shop/api:v1@",
		"DescribeLogGroups":    `whether log group "/c/api" exists`,
		"DescribeTargetGroups": "whether the target groups exist",
		"GetParameters":        "whether the parameters of its secrets exist: killed",
		"DescribeSecret":       "whether its secrets in Secrets Manager exist: killed",
	} {
		t.Run(op, func(t *testing.T) {
			f := deploytest.New()
			f.Stored = []string{"/a"}
			f.Managed = map[string]ecs.Secret{managed: {Versions: map[string][]string{"1": {"AWSCURRENT"}}}}
			f.Tgs = []ecs.TargetGroup{{ARN: "arn:x", Type: "instance", LoadBalancers: []string{"arn:lb"}}}
			f.Refuse = func(asked string) error {
				if asked == op {
					return deploytest.ErrKilled
				}
				return nil
			}
			wanted := wants(t, f, `"secrets":[{"name":"A","valueFrom":"/a"},{"name":"B","valueFrom":"`+managed+`"}],"logConfiguration":{"logDriver":"awslogs","options":{"awslogs-group":"/c/api"}}`)
			service := deploytest.Parse(t, `{"desiredCount":1,"loadBalancers":[{"targetGroupArn":"arn:x","containerName":"app","containerPort":1}]}`)
			wanted.Desired.ServiceDefinition = &service
			problems, warnings := prepared(t, wanted)
			if len(problems) > 0 || len(warnings) != 1 || !strings.HasPrefix(warnings[0], "not checked: "+want) {
				t.Errorf("problems: %q\nwarnings: %q", problems, warnings)
			}
		})
	}
}

const managed = "arn:aws:secretsmanager:r:123456789012:secret:x-AbCdEf"

func TestPreflightSecrets(t *testing.T) {
	const here, there = "arn:aws:ssm:r:123456789012:parameter/b", "arn:aws:ssm:q:123456789012:parameter/b"
	const inOther = "arn:aws:secretsmanager:q:123456789012:secret:x-AbCdEf"
	const doomed, empty = "arn:aws:secretsmanager:r:123456789012:secret:doomed-AbCdEf", "arn:aws:secretsmanager:r:123456789012:secret:empty-AbCdEf"
	const gone = "arn:aws:secretsmanager:r:123456789012:secret:gone-AbCdEf"
	nowhere := func(name string) string {
		return fmt.Sprintf("container app: the secret %s comes from what is neither such an ARN nor a name", name)
	}
	missing := func(name, from string) string {
		return fmt.Sprintf("container app: the secret %s comes from parameter %q, which does not exist", name, from)
	}
	unreadable := func(name, from, why string) string {
		return fmt.Sprintf("container app: the secret %s comes from %q in Secrets Manager, which %s", name, from, why)
	}
	for name, test := range map[string]struct {
		members  string
		problems []string
		warnings []string
	}{
		"there":                 {`"secrets":[{"name":"A","valueFrom":"/a"},{"name":"N","valueFrom":"plain"}]`, nil, nil},
		"missing":               {`"secrets":[{"name":"A","valueFrom":"/none"},{"name":"B","valueFrom":"` + here + `"}]`, []string{missing("A", "/none"), missing("B", here)}, nil},
		"the secret itself":     {`"secrets":[{"name":"A","valueFrom":"hunter2!"},{"name":"B","valueFrom":"arn:aws:s3:::b/k"},{"name":"C","valueFrom":"/db//x"},{"name":"D","valueFrom":"/a"}]`, []string{nowhere("A"), nowhere("B"), nowhere("C")}, nil},
		"of the log driver":     {`"logConfiguration":{"logDriver":"splunk","secretOptions":[{"name":"splunk-token","valueFrom":"/none"}]}`, []string{missing("splunk-token", "/none")}, nil},
		"elsewhere, not looked": {`"secrets":[{"name":"A","valueFrom":"` + there + `"},{"name":"B","valueFrom":"` + inOther + `"}]`, nil, []string{"not checked: whether its secrets exist that are in another region"}},
		"in Secrets Manager":    {`"secrets":[{"name":"A","valueFrom":"` + managed + `"},{"name":"B","valueFrom":"` + managed + `:key::"},{"name":"C","valueFrom":"` + managed + `:::1"}]`, nil, nil},
		"not in Secrets Manager": {
			`"secrets":[{"name":"A","valueFrom":"` + gone + `"},{"name":"B","valueFrom":"` + doomed + `"},{"name":"C","valueFrom":"` + empty + `"},{"name":"D","valueFrom":"` + managed + `:key:NEXT:"}]`,
			[]string{
				unreadable("A", gone, "does not exist"), unreadable("B", doomed, "is marked for deletion"),
				unreadable("C", empty, "has no value at the stage AWSCURRENT"), unreadable("D", managed+":key:NEXT:", "has no value at the stage NEXT"),
			}, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := deploytest.New()
			f.Stored = []string{"/a", "plain"}
			f.Managed = map[string]ecs.Secret{managed: {Versions: map[string][]string{"1": {"AWSCURRENT"}}}, doomed: {Deleted: true}, empty: {}}
			problems, warnings := prepared(t, wants(t, f, test.members))
			if diff := cmp.Diff(test.problems, problems); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.warnings, warnings); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParametersAreAskedForOnce(t *testing.T) {
	f := deploytest.New()
	f.Stored = []string{"/a"}
	client := f.Client()
	var targets []deploy.Target
	for range 30 {
		wanted := wants(t, f, `"secrets":[{"name":"A","valueFrom":"/a"}]`)
		wanted.Client = client
		targets = append(targets, wanted)
	}
	if _, err := deploy.Prepare(t.Context(), targets); err != nil {
		t.Fatal(err)
	}
	if f.Calls["GetParameters"] != 1 {
		t.Errorf("%d calls", f.Calls["GetParameters"])
	}
}

// TestServiceUnderAnotherName: where there is no service with the wanted name, the one that
// runs the family is named, whether the wanted one would be created or must exist.
func TestServiceUnderAnotherName(t *testing.T) {
	for name, mustExist := range map[string]bool{"would be created": false, "must exist": true} {
		t.Run(name, func(t *testing.T) {
			f := deploytest.Running(t)
			f.Tasks = append(f.Tasks, ecs.Task{ARN: "arn:x/t", Group: "service:api", TaskDefinition: f.Definitions[0].ARN, DesiredStatus: "RUNNING"})
			wanted := deploytest.Target(t, f.Client(), "v2")
			wanted.Desired.ServiceName = "apy"
			if mustExist {
				wanted.Desired.ServiceDefinition = nil
			}
			_, warnings := prepared(t, wanted)
			want := []string{`there is no service "apy" in cluster "c", and the family api runs there as service api`}
			if diff := cmp.Diff(want, warnings); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
		})
	}
}

// TestFilesAreHeldAgainstECS finds what the files say wrong, and nothing where ECS has it so.
func TestFilesAreHeldAgainstECS(t *testing.T) {
	wrong := func(f *deploytest.ECS, version string) deploy.Target {
		wanted := deploytest.Target(t, f.Client(), version)
		wanted.Desired.Files = func() lint.Files {
			at := tagboat.Position{File: "api.json", Line: 1, Column: 2, Text: "the line"}
			return lint.Files{Task: source.Make(map[string]any{"family": "my.app"}, at, ""), Service: source.Make(map[string]any{"serviceName": "x.y"}, at, "")}
		}
		return wanted
	}
	problems, _ := prepared(t, wrong(deploytest.New(), "v1"))
	want := []string{`family "my.app" has characters that ECS does not take, or too many`, `serviceName "x.y" has characters that ECS does not take, or too many`}
	if diff := cmp.Diff(want, problems); diff != "" {
		t.Errorf("to be created (-want +got):\n%s", diff)
	}
	if problems, _ := prepared(t, wrong(deploytest.Running(t), "v1")); len(problems) > 0 {
		t.Errorf("what runs was found wrong: %q", problems)
	}
	problems, _ = prepared(t, wrong(deploytest.Running(t), "v2"))
	if diff := cmp.Diff(want[:1], problems); diff != "" {
		t.Errorf("another definition (-want +got):\n%s", diff)
	}
}

func TestPreflightTargetGroups(t *testing.T) {
	lb := []string{"arn:lb"}
	for name, test := range map[string]struct {
		mode   string
		groups []ecs.TargetGroup
		want   []string
	}{
		"right for awsvpc":        {`"networkMode":"awsvpc",`, []ecs.TargetGroup{{ARN: "arn:x", Type: "ip", LoadBalancers: lb}}, nil},
		"right for bridge":        {``, []ecs.TargetGroup{{ARN: "arn:x", Type: "instance", LoadBalancers: lb}}, nil},
		"host":                    {`"networkMode":"host",`, []ecs.TargetGroup{{ARN: "arn:x", Type: "ip", LoadBalancers: lb}}, nil},
		"missing":                 {``, nil, []string{`target group "arn:x" does not exist`}},
		"instances for awsvpc":    {`"networkMode":"awsvpc",`, []ecs.TargetGroup{{ARN: "arn:x", Type: "instance", LoadBalancers: lb}}, []string{`target group "arn:x" has target type instance, and network mode awsvpc needs ip`}},
		"addresses for bridge":    {`"networkMode":"bridge",`, []ecs.TargetGroup{{ARN: "arn:x", Type: "ip", LoadBalancers: lb}}, []string{`target group "arn:x" has target type ip, and network mode bridge needs instance`}},
		"without a load balancer": {``, []ecs.TargetGroup{{ARN: "arn:x", Type: "instance"}}, []string{`target group "arn:x" has no load balancer`}},
	} {
		t.Run(name, func(t *testing.T) {
			f := deploytest.New()
			f.Tgs = test.groups
			wanted := deploytest.Target(t, f.Client(), "v1")
			wanted.Desired.Definition = deploytest.Parse(t, fmt.Sprintf(`{"family":"api",%s"containerDefinitions":[{"name":"app","image":%q}]}`, test.mode, deploytest.Reference("v1").Pinned()))
			service := deploytest.Parse(t, `{"desiredCount":1,"loadBalancers":[{"targetGroupArn":"arn:x","containerName":"app","containerPort":1}]}`)
			wanted.Desired.ServiceDefinition = &service
			problems, _ := prepared(t, wanted)
			if diff := cmp.Diff(test.want, problems); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

// TestServicesOfStacks are warned of where they are deployed past their stack.
func TestServicesOfStacks(t *testing.T) {
	for name, test := range map[string]struct {
		tags    map[string]string
		version string
		want    []string
	}{
		"of a stack":          {map[string]string{deploy.StackTag: "shop-dev"}, "v2", []string{`service "api" belongs to the stack shop-dev, whose next update may put back what it had before`}},
		"of nobody":           {map[string]string{"team": "radio"}, "v2", nil},
		"that stays as it is": {map[string]string{deploy.StackTag: "shop-dev"}, "v1", nil},
	} {
		t.Run(name, func(t *testing.T) {
			f := deploytest.Running(t)
			f.Services["api"].Tags = test.tags
			_, warnings := prepared(t, deploytest.Target(t, f.Client(), test.version))
			if diff := cmp.Diff(test.want, warnings); diff != "" {
				t.Error(diff)
			}
		})
	}
}
