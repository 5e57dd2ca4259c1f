package ecs_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestRegistrationRefused sends what AWS refuses, and expects AWS's words.
func TestRegistrationRefused(t *testing.T) {
	f := newFixture(t)
	one := `"containerDefinitions":[{"name":"a","image":"nginx","memory":64}]`
	container := func(members string) string {
		return `{"family":"f","containerDefinitions":[{"memory":64,` + members + `}]}`
	}
	fargate := func(members string) string {
		return `{"family":"f","requiresCompatibilities":["FARGATE"],` + members + `,"containerDefinitions":[{"name":"a","image":"nginx"}]}`
	}
	const client, invalid = "ClientException", "InvalidParameterException"
	tests := []struct{ name, body, code, message string }{
		{"no family", `{` + one + `}`, client, "Family should not be null or empty."},
		{"bad family", `{"family":"a b",` + one + `}`, client, "Family contains invalid characters."},
		{"long family", `{"family":"` + strings.Repeat("a", 256) + `",` + one + `}`, client, "Family contains invalid characters."},
		{"no containers", `{"family":"f"}`, client, "Container list cannot be empty."},
		{"too many containers", `{"family":"f","containerDefinitions":[` + containers(11) + `]}`, client, "Too many containers."},
		{"no name", container(`"image":"nginx"`), client, "Container.name should not be null or empty."},
		{"bad name", container(`"name":"a.b","image":"nginx"`), client, "Container.name contains invalid characters."},
		{"no image", container(`"name":"a"`), client, "Container.image should not be null or empty."},
		{"bad image", container(`"name":"a","image":"ngi nx"`), client, "Container.image contains invalid characters."},
		{"short digest", container(`"name":"a","image":"nginx@sha256:12"`), client, "Container.image contains invalid characters."},
		{
			"same name", `{"family":"f","containerDefinitions":[{"name":"a","image":"b","memory":6},{"name":"a","image":"c","memory":6}]}`,
			client, "Container names must be unique within a Task Definition.",
		},
		{"nothing essential", container(`"name":"a","image":"b","essential":false`), client, "Task definition does not have any essential containers."},
		{
			"no memory", `{"family":"f","containerDefinitions":[{"name":"a","image":"b"}]}`,
			client, "Invalid setting for container 'a'. At least one of 'memory' or 'memoryReservation' must be specified.",
		},
		{
			"more memory than the task", `{"family":"f","memory":"32",` + one + `}`,
			client, "The 'memory' setting for container 'a' is greater than for the task.",
		},
		{"cpu is no number", `{"family":"f","cpu":"lots",` + one + `}`, client, "Invalid 'cpu' setting for task."},
		{"unknown volume", container(`"name":"a","image":"b","mountPoints":[{"sourceVolume":"data"}]`), client, "Unknown volume 'data'."},
		{
			"secrets without a role", container(`"name":"a","image":"b","secrets":[{"name":"X","valueFrom":"/x"}]`),
			client, "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'.",
		},
		{
			"awslogs without options", container(`"name":"a","image":"b","logConfiguration":{"logDriver":"awslogs"}`),
			client, "Log driver awslogs requires options: awslogs-region, awslogs-group",
		},
		{"depends on nothing", container(`"name":"a","image":"b","dependsOn":[{"containerName":"x","condition":"START"}]`), client, "Cannot depend on container + 'x' because it does not exist"},
		{"network mode", `{"family":"f","networkMode":"vpc",` + one + `}`, client, `Invalid network mode "vpc".`},
		{
			"ports differ", `{"family":"f","networkMode":"awsvpc","containerDefinitions":[{"name":"a","image":"b","memory":6,"portMappings":[{"containerPort":80,"hostPort":8080}]}]}`,
			client, "When networkMode=awsvpc, the host ports and container ports in port mappings must match.",
		},
		{"fargate in bridge mode", fargate(`"cpu":"256","memory":"512"`), client, "Fargate only supports network mode ‘awsvpc’."},
		{"fargate without cpu", fargate(`"networkMode":"awsvpc","memory":"512"`), client, "Fargate requires that 'cpu' be defined at the task level."},
		{"fargate without memory", fargate(`"networkMode":"awsvpc","cpu":"256"`), client, "Fargate requires that 'memory' be defined at the task level."},
		{
			"fargate size", fargate(`"networkMode":"awsvpc","cpu":"512","memory":"512"`),
			client, "No Fargate configuration exists for given values: 512 CPU, 512 memory. See the Amazon ECS documentation for the valid values.",
		},
		{
			"fargate logs without a role",
			`{"family":"f","requiresCompatibilities":["FARGATE"],"networkMode":"awsvpc","cpu":"256","memory":"512","containerDefinitions":[{"name":"a","image":"b",
			"logConfiguration":{"logDriver":"awslogs","options":{"awslogs-group":"g","awslogs-region":"eu-west-1"}}}]}`,
			client, "Fargate requires task definition to have execution role ARN to support log driver awslogs.",
		},
		{"empty tags", `{"family":"f","tags":[],` + one + `}`, client, "Tags can not be empty."},
		{"tags of AWS", `{"family":"f","tags":[{"key":"aws:x","value":"y"}],` + one + `}`, invalid, "Tag keys cannot start with aws:."},
		{"wrong type", `{"family":"f","containerDefinitions":{}}`, "SerializationException", "json: cannot unmarshal object into Go struct field registerDefinitionIn.Task.ContainerDefinitions of type []definition.Container"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			code, message := f.post(t, "RegisterTaskDefinition", test.body)
			if code != test.code || message != test.message {
				t.Errorf("answered %s: %s\nwant %s: %s", code, message, test.code, test.message)
			}
		})
	}
	if code, message := f.post(t, "DescribeTaskDefinition", `{"taskDefinition":"f"}`); code == "" {
		t.Errorf("a refused definition was registered: %s", message)
	}
}

func TestRegistrationSize(t *testing.T) {
	f := newFixture(t)
	body := func(size int) string {
		const frame = `{"family":"f","containerDefinitions":[{"name":"a","image":"b","memory":6,"user":""}]}`
		return strings.Replace(frame, `"user":""`, `"user":"`+strings.Repeat("x", size-len(frame))+`"`, 1)
	}
	if code, message := f.post(t, "RegisterTaskDefinition", body(65536)); code != "" {
		t.Errorf("64 KiB: %s: %s", code, message)
	}
	code, message := f.post(t, "RegisterTaskDefinition", body(65537))
	if want := "Actual length: '65537'. Max allowed length is '65536' bytes."; code != "ClientException" || message != want {
		t.Errorf("64 KiB and a byte: %s: %s", code, message)
	}
}

func containers(n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf(`{"name":"c%d","image":"nginx","memory":6}`, i))
	}
	return strings.Join(all, ",")
}
