package ecs

import (
	"regexp"
	"slices"
	"strings"
)

var ecrHost = regexp.MustCompile(`^\d{12}\.dkr[.-]ecr[.-]`)

// compatibilities returns the launch types that the definition was found fit for.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskDefinition.html
func (r *registration) compatibilities() []string {
	switch {
	case r.NetworkMode != "awsvpc":
		return []string{"EXTERNAL", ec2}
	case checkFargate(r) == nil:
		return []string{ec2, fargate}
	default:
		return []string{ec2}
	}
}

type attribute struct {
	Name string `json:"name"`
}

// attributes returns what a container instance would have to be able to do.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-versions.html
func (r *registration) attributes() []attribute {
	var names []string
	for i := range r.ContainerDefinitions {
		names = append(names, r.ContainerDefinitions[i].needs(r.ExecutionRoleARN != "")...)
	}
	if r.TaskRoleARN != "" {
		names = append(names, "com.amazonaws.ecs.capability.task-iam-role")
	}
	if r.NetworkMode == "awsvpc" {
		names = append(names, "ecs.capability.task-eni", "com.amazonaws.ecs.capability.docker-remote-api.1.18")
	}
	slices.Sort(names)
	attributes := []attribute{}
	for _, name := range slices.Compact(names) {
		attributes = append(attributes, attribute{Name: name})
	}
	return attributes
}

func (c *container) needs(executionRole bool) []string {
	var names []string
	if l := c.LogConfiguration; l != nil {
		names = append(names, "com.amazonaws.ecs.capability.logging-driver."+l.LogDriver,
			"com.amazonaws.ecs.capability.docker-remote-api.1.19")
		if l.LogDriver == "awslogs" && executionRole {
			names = append(names, "ecs.capability.execution-role-awslogs")
		}
	}
	if ecrHost.MatchString(c.Image) {
		names = append(names, "com.amazonaws.ecs.capability.ecr-auth")
		if executionRole {
			names = append(names, "ecs.capability.execution-role-ecr-pull")
		}
	}
	if c.HealthCheck != nil {
		names = append(names, "ecs.capability.container-health-check",
			"com.amazonaws.ecs.capability.docker-remote-api.1.24")
	}
	if len(c.DependsOn) > 0 || c.StartTimeout != nil || c.StopTimeout != nil {
		names = append(names, "ecs.capability.container-ordering")
	}
	for _, s := range c.Secrets {
		names = append(names, "ecs.capability.secrets."+s.store()+".environment-variables")
	}
	return names
}

// store returns "asm" for a secret of Secrets Manager and "ssm" for a parameter.
func (s secret) store() string {
	if strings.HasPrefix(s.ValueFrom, "arn:aws:secretsmanager:") {
		return "asm"
	}
	return "ssm"
}
