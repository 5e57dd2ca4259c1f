package definition

import (
	"maps"
	"slices"
	"strings"
)

// leastMemory is what Docker needs of each container, in MiB.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
const leastMemory = 6

// check returns the error with which ECS refuses a container by itself, or nil.
func (c *Container) check(executionRole string) error {
	switch {
	case c.Name == "":
		return clientError("Container.name should not be null or empty.")
	case !ValidName(c.Name):
		return clientError("Container.name contains invalid characters.")
	case c.Image == "":
		return clientError("Container.image should not be null or empty.")
	case !imagePattern().MatchString(c.Image):
		return clientError("Container.image contains invalid characters.")
	case len(c.AllSecrets()) > 0 && executionRole == "":
		return clientError("When you are specifying container secrets, you must also specify a value for 'executionRoleArn'.")
	}
	for _, check := range []error{c.checkMemory(), c.checkSecrets(), c.checkPorts(), c.HealthCheck.check(c.Name), c.LogConfiguration.check(), c.checkRestart()} {
		if check != nil {
			return check
		}
	}
	return nil
}

func (c *Container) checkMemory() error {
	for name, size := range map[string]*int{"memory": c.Memory, "memoryReservation": c.MemoryReservation} {
		if size != nil && *size < leastMemory {
			return clientError("Invalid setting for container '%s'. The '%s' should not be less than %d MiB.", c.Name, name, leastMemory)
		}
	}
	return nil
}

// reservedMemory returns what the container takes of the task's memory, in MiB: the
// soft limit, or the hard one where there is no other.
func (c *Container) reservedMemory() int {
	switch {
	case c.MemoryReservation != nil:
		return *c.MemoryReservation
	case c.Memory != nil:
		return *c.Memory
	}
	return 0
}

// checkSecrets wants each variable of a container from one place.
func (c *Container) checkSecrets() error {
	taken := map[string]bool{}
	for _, e := range c.Environment {
		taken[e.Name] = true
	}
	for _, s := range c.Secrets {
		if taken[s.Name] {
			return clientError("The secret name must be unique and not shared with any new or existing environment variables set on the container, such as '%s'.", s.Name)
		}
		taken[s.Name] = true
	}
	return nil
}

func (c *Container) checkPorts() error {
	named := map[string]bool{}
	for _, p := range c.PortMappings {
		switch {
		case p.ContainerPort < 0 || p.ContainerPort == 0 && p.PortRange == "" || p.ContainerPort > 65535 || p.HostPort != nil && (*p.HostPort < 0 || *p.HostPort > 65535):
			return clientError("Invalid port mapping for container '%s'. Ports must be between 0 and 65535.", c.Name)
		case p.Name != "" && named[p.Name]:
			return clientError("Port mapping names must be unique within a container. '%s' is used more than once.", p.Name)
		}
		named[p.Name] = true
	}
	return nil
}

func (h *HealthCheck) check(container string) error {
	if h == nil {
		return nil
	}
	if len(h.Command) == 0 {
		return clientError("Invalid health check setting for container '%s'. 'command' must be specified.", container)
	}
	for _, limit := range []struct {
		name     string
		value    *int
		min, max int
	}{{"interval", h.Interval, 5, 300}, {"timeout", h.Timeout, 2, 60}, {"retries", h.Retries, 1, 10}, {"startPeriod", h.StartPeriod, 0, 300}} {
		if limit.value != nil && (*limit.value < limit.min || *limit.value > limit.max) {
			return clientError("Invalid health check setting for container '%s'. '%s' must be between %d and %d.", container, limit.name, limit.min, limit.max)
		}
	}
	return nil
}

// awslogsOptions are the options that the awslogs driver takes.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LogConfiguration.html
var awslogsOptions = []string{
	"awslogs-create-group", "awslogs-datetime-format", "awslogs-group", "awslogs-multiline-pattern",
	"awslogs-region", "awslogs-stream-prefix", "max-buffer-size", "mode",
}

// requiredOptions are the options without which ECS takes no log driver, in the order of its
// refusals: "Log driver awslogs requires options: awslogs-region, awslogs-group". A splunk
// driver without splunk-token has been seen refused
// (https://github.com/hashicorp/terraform-provider-aws/issues/8596) and taken
// (https://github.com/aws-actions/amazon-ecs-deploy-task-definition/issues/780).
var requiredOptions = map[string][]string{
	"awslogs": {"awslogs-region", "awslogs-group"},
	"splunk":  {"splunk-url"},
}

// check knows all options of awslogs alone: agents may have drivers that ECS does not know.
func (l *LogConfiguration) check() error {
	if l == nil {
		return nil
	}
	if l.LogDriver == "" {
		return clientError("Log driver should not be null or empty.")
	}
	missing := slices.DeleteFunc(slices.Clone(requiredOptions[l.LogDriver]), func(name string) bool {
		return l.Options[name] != "" || slices.ContainsFunc(l.SecretOptions, func(s Secret) bool { return s.Name == name })
	})
	if len(missing) > 0 {
		return clientError("Log driver %s requires options: %s", l.LogDriver, strings.Join(missing, ", "))
	}
	if l.LogDriver != "awslogs" {
		return nil
	}
	disallowed := slices.DeleteFunc(slices.Sorted(maps.Keys(l.Options)), func(name string) bool { return slices.Contains(awslogsOptions, name) })
	if len(disallowed) > 0 {
		return clientError("Log driver awslogs disallows options: %s", strings.Join(disallowed, ", "))
	}
	if create, given := l.Options["awslogs-create-group"]; given && create != "true" {
		return clientError("Log driver awslogs option 'awslogs-create-group' should only be set to 'true', else omit option.")
	}
	return nil
}
