package definition

import (
	"regexp"
	"slices"
	"strings"
	"sync"
)

var ecrHost = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^\d{12}\.dkr[.-]ecr[.-]`) })

// Compatibilities returns what the definition was found fit for. Managed instances, which
// have Linux alone, are in answers since the end of 2025.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskDefinition.html
func (t *Task) Compatibilities() []string {
	if t.NetworkMode != "awsvpc" {
		return []string{"EXTERNAL", EC2}
	}
	fit := []string{EC2}
	if checkFargate(t) == nil {
		fit = append(fit, Fargate)
	}
	if !strings.HasPrefix(t.RuntimePlatform.OperatingSystemFamily, "WINDOWS") {
		fit = append(fit, "MANAGED_INSTANCES")
	}
	return fit
}

// The launch types that a definition may require.
const (
	Fargate = "FARGATE"
	EC2     = "EC2"
)

const docker = "com.amazonaws.ecs.capability.docker-remote-api."

// Attribute is something that a container instance can do.
type Attribute struct {
	Name string `json:"name"`
}

// Attributes returns what a container instance would have to be able to do, as real answers
// say it. The versions of Docker's API are those that brought what a member asks for.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-versions.html
func (t *Task) Attributes() []Attribute {
	var names []string
	for i := range t.ContainerDefinitions {
		names = append(names, t.ContainerDefinitions[i].needs(t.ExecutionRoleARN != "")...)
	}
	if t.TaskRoleARN != "" {
		names = append(names, "com.amazonaws.ecs.capability.task-iam-role")
	}
	if t.NetworkMode == "awsvpc" {
		names = append(names, "ecs.capability.task-eni", docker+"1.18")
	}
	for _, v := range t.Volumes {
		if v.EFS != nil {
			names = append(names, "ecs.capability.efs", "ecs.capability.efsAuth", docker+"1.25")
		}
	}
	slices.Sort(names)
	attributes := []Attribute{}
	for _, name := range slices.Compact(names) {
		attributes = append(attributes, Attribute{Name: name})
	}
	return attributes
}

func (c *Container) needs(executionRole bool) []string {
	names := c.LogConfiguration.needs(executionRole)
	if ecrHost().MatchString(c.Image) {
		names = append(names, "com.amazonaws.ecs.capability.ecr-auth")
		if executionRole {
			names = append(names, "ecs.capability.execution-role-ecr-pull")
		}
	}
	if h := c.HealthCheck; h != nil {
		names = append(names, "ecs.capability.container-health-check")
		if h.StartPeriod == nil {
			names = append(names, docker+"1.24")
		} else {
			names = append(names, docker+"1.29")
		}
	}
	if len(c.DependsOn) > 0 || c.StartTimeout != nil || c.StopTimeout != nil {
		names = append(names, "ecs.capability.container-ordering")
	}
	if c.Linux.InitProcessEnabled {
		names = append(names, docker+"1.25")
	}
	if c.MemoryReservation != nil {
		names = append(names, docker+"1.21")
	}
	if c.Firelens != nil {
		names = append(names, "ecs.capability.firelens."+c.Firelens.Type)
	}
	for _, s := range c.Secrets {
		names = append(names, "ecs.capability.secrets."+s.Store()+".environment-variables")
	}
	return names
}

func (l *LogConfiguration) needs(executionRole bool) []string {
	if l == nil {
		return nil
	}
	names := []string{"com.amazonaws.ecs.capability.logging-driver." + l.LogDriver, docker + "1.19"}
	if l.LogDriver == "awslogs" && executionRole {
		names = append(names, "ecs.capability.execution-role-awslogs")
	}
	if l.Options["awslogs-create-group"] != "" {
		names = append(names, docker+"1.29")
	}
	return names
}

// Store returns "asm" for a secret of Secrets Manager and "ssm" for a parameter.
func (s Secret) Store() string {
	if strings.HasPrefix(s.ValueFrom, "arn:aws:secretsmanager:") {
		return "asm"
	}
	return "ssm"
}
