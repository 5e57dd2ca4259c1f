package express

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
)

// main is what Express Mode calls the container of a task that gets the requests.
const main = "Main"

// definition is a task definition as RegisterTaskDefinition takes it. Members that Express Mode does
// not change stay as they are.
type definition map[string]any

// answered are the members that answers alone have.
var answered = []string{
	"compatibilities", "deregisteredAt", "registeredAt", "registeredBy", "requiresAttributes", "revision", "status", "taskDefinitionArn",
}

// input returns what registers an answer again, as a copy.
func (d definition) input() definition {
	d = normal(d)
	maps.DeleteFunc(d, func(name string, _ any) bool { return slices.Contains(answered, name) })
	return d
}

// normal returns a copy of a task definition, as JSON reads it.
func normal(d definition) definition {
	data, _ := json.Marshal(d) // it was JSON
	var out definition
	_ = json.Unmarshal(data, &out)
	return out
}

// newDefinition returns the task definition of a new service.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/express-service-work.html
func newDefinition(family, region string, in *request) definition {
	d := definition{
		"family": family, "networkMode": "awsvpc", "requiresCompatibilities": []any{"FARGATE"},
		"cpu": defaultCPU, "memory": defaultMemory,
		"runtimePlatform": map[string]any{"operatingSystemFamily": "LINUX", "cpuArchitecture": "X86_64"},
		"containerDefinitions": []any{map[string]any{
			"name": main, "essential": true, "stopTimeout": 30, "versionConsistency": "enabled",
			"portMappings":     []any{portMapping(defaultPort)},
			"linuxParameters":  map[string]any{"initProcessEnabled": true},
			"logConfiguration": logConfiguration(region, awsLogs{}),
		}},
	}
	d.change(region, in)
	return d
}

func portMapping(port int) map[string]any {
	return map[string]any{"containerPort": port, "protocol": "tcp", "name": "main"}
}

func logConfiguration(region string, to awsLogs) map[string]any {
	return map[string]any{"logDriver": "awslogs", "options": map[string]any{
		"awslogs-group": to.Group, "awslogs-region": region, "awslogs-stream-prefix": cmp.Or(to.Prefix, "ecs"), "mode": "non-blocking", "max-buffer-size": "25m",
	}}
}

// change changes what a request says, and nothing else: "Express Mode creates a new managed task
// definition with your changes while preserving your other task-level configuration".
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/express-service-update-full.html
func (d definition) change(region string, in *request) {
	for member, value := range map[string]string{"cpu": in.CPU, "memory": in.Memory, "executionRoleArn": in.ExecutionRoleARN, "taskRoleArn": in.TaskRoleARN} {
		if value != "" {
			d[member] = value
		}
	}
	if in.CPUArchitecture != "" {
		d["runtimePlatform"] = map[string]any{"operatingSystemFamily": "LINUX", "cpuArchitecture": in.CPUArchitecture}
	}
	c, ok := d.main()
	if !ok || in.PrimaryContainer == nil {
		return
	}
	p := in.PrimaryContainer
	c["image"] = p.Image
	if p.Command != nil {
		c["command"] = p.Command
	}
	if p.Port != nil {
		c["portMappings"] = []any{portMapping(*p.Port)}
	}
	if p.Environment != nil {
		c["environment"] = p.Environment
	}
	if p.Secrets != nil {
		c["secrets"] = p.Secrets
	}
	if p.Credentials != nil {
		c["repositoryCredentials"] = p.Credentials
	}
	if p.Logs != nil {
		c["logConfiguration"] = logConfiguration(region, *p.Logs)
	}
}

// main returns the container that gets the requests.
func (d definition) main() (map[string]any, bool) {
	containers, _ := d["containerDefinitions"].([]any)
	for _, one := range containers {
		if c, ok := one.(map[string]any); ok && c["name"] == main {
			return c, true
		}
	}
	return nil, false
}

// fits returns an error where Express Mode cannot take a task definition of somebody else's.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/express-service-troubleshooting.html
func (d definition) fits() error {
	c, ok := d.main()
	mappings, _ := c["portMappings"].([]any)
	compatible, _ := d["compatibilities"].([]any)
	if ok && len(mappings) == 1 && slices.Contains(compatible, any("FARGATE")) {
		m, _ := mappings[0].(map[string]any)
		protocol, _ := m["protocol"].(string)
		if m["name"] != nil && m["containerPort"] != nil && cmp.Or(protocol, "tcp") == "tcp" {
			return nil
		}
	}
	return invalid("Task definition must contain a container named 'Main' with a single TCP port mapping.")
}

// container returns what of a task definition an ExpressGatewayContainer says.
func (d definition) container() container {
	c, _ := d.main()
	var read struct {
		container
		Ports []struct {
			Container int `json:"containerPort"`
		} `json:"portMappings"`
		Log struct {
			Driver  string            `json:"logDriver"`
			Options map[string]string `json:"options"`
		} `json:"logConfiguration"`
	}
	data, _ := json.Marshal(c)      // it was JSON
	_ = json.Unmarshal(data, &read) // ECS checked it
	read.container.Port = new(defaultPort)
	if len(read.Ports) > 0 {
		read.container.Port = new(read.Ports[0].Container)
	}
	if read.Log.Driver == "awslogs" {
		read.container.Logs = &awsLogs{read.Log.Options["awslogs-group"], read.Log.Options["awslogs-stream-prefix"]}
	}
	return read.container
}

func (d definition) text(member string) string {
	text, _ := d[member].(string)
	return text
}

func (d definition) architecture() string {
	platform, _ := d["runtimePlatform"].(map[string]any)
	text, _ := platform["cpuArchitecture"].(string)
	return text
}
