package ecs

import (
	"regexp"
	"strings"
)

var (
	namePattern  = regexp.MustCompile(`^[A-Za-z0-9_-]{1,255}$`)
	imagePattern = regexp.MustCompile(`^[A-Za-z0-9_.:/#-]{1,255}(@sha256:[0-9a-f]{64})?$`)
)

const (
	maxContainers     = 10
	maxDefinitionSize = 64 << 10
)

// check tells what ECS finds wrong with a definition, in ECS's words, or nil.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html
func (r *registration) check() error {
	for _, check := range []func(*registration) error{
		checkFamily, checkContainers, checkNetworkMode, checkSizes, checkVolumes, checkDependencies, checkCompatibilities,
	} {
		if err := check(r); err != nil {
			return err
		}
	}
	return nil
}

func checkFamily(r *registration) error {
	if r.Family == "" {
		return clientError("Family should not be null or empty.")
	}
	if !namePattern.MatchString(r.Family) {
		return clientError("Family contains invalid characters.")
	}
	return nil
}

func checkContainers(r *registration) error {
	if len(r.ContainerDefinitions) == 0 {
		return clientError("Container list cannot be empty.")
	}
	if len(r.ContainerDefinitions) > maxContainers {
		return clientError("Too many containers.")
	}
	seen, essential := map[string]bool{}, false
	for i := range r.ContainerDefinitions {
		c := &r.ContainerDefinitions[i]
		if err := c.check(r.ExecutionRoleARN); err != nil {
			return err
		}
		if seen[c.Name] {
			return clientError("Container names must be unique within a Task Definition.")
		}
		seen[c.Name], essential = true, essential || c.essential()
	}
	if !essential {
		return clientError("Task definition does not have any essential containers.")
	}
	return nil
}

func (c *container) check(executionRole string) error {
	switch {
	case c.Name == "":
		return clientError("Container.name should not be null or empty.")
	case !namePattern.MatchString(c.Name):
		return clientError("Container.name contains invalid characters.")
	case c.Image == "":
		return clientError("Container.image should not be null or empty.")
	case !imagePattern.MatchString(c.Image):
		return clientError("Container.image contains invalid characters.")
	case len(c.secrets()) > 0 && executionRole == "":
		return clientError("When you are specifying container secrets, you must also specify a value for 'executionRoleArn'.")
	}
	if err := c.HealthCheck.check(c.Name); err != nil {
		return err
	}
	return c.LogConfiguration.check()
}

func (h *healthCheck) check(container string) error {
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

func (l *logConfiguration) check() error {
	if l == nil {
		return nil
	}
	if l.LogDriver == "" {
		return clientError("Log driver should not be null or empty.")
	}
	if l.LogDriver == "awslogs" && (l.Options["awslogs-region"] == "" || l.Options["awslogs-group"] == "") {
		return clientError("Log driver awslogs requires options: awslogs-region, awslogs-group")
	}
	return nil
}

func checkNetworkMode(r *registration) error {
	switch r.NetworkMode {
	case "", "bridge", "host", "none":
		return nil
	case "awsvpc":
	default:
		return clientError("Invalid network mode %q.", r.NetworkMode)
	}
	for _, c := range r.ContainerDefinitions {
		for _, p := range c.PortMappings {
			if p.HostPort != nil && *p.HostPort != p.ContainerPort {
				return clientError("When networkMode=awsvpc, the host ports and container ports in port mappings must match.")
			}
		}
	}
	return nil
}

// checkSizes compares the containers' sizes with each other and with the task's.
func checkSizes(r *registration) error {
	for _, size := range []struct {
		name, text string
		unit       unit
	}{{"cpu", r.CPU, vcpu}, {"memory", r.Memory, gigabyte}} {
		if size.text != "" && taskUnits(size.text, size.unit) == 0 {
			return clientError("Invalid '%s' setting for task.", size.name)
		}
	}
	task := taskUnits(r.Memory, gigabyte)
	for _, c := range r.ContainerDefinitions {
		if r.Memory == "" && c.Memory == nil && c.MemoryReservation == nil && !r.requires(fargate) {
			return clientError("Invalid setting for container '%s'. At least one of 'memory' or 'memoryReservation' must be specified.", c.Name)
		}
		if c.Memory != nil && c.MemoryReservation != nil && *c.Memory < *c.MemoryReservation {
			return clientError("Invalid setting for container '%s'. The 'memory' should not be less than 'memoryReservation'.", c.Name)
		}
		if r.Memory != "" && c.Memory != nil && *c.Memory > task {
			return clientError("The 'memory' setting for container '%s' is greater than for the task.", c.Name)
		}
	}
	return nil
}

func checkVolumes(r *registration) error {
	known := map[string]bool{}
	for _, v := range r.Volumes {
		known[v.Name] = true
	}
	for _, c := range r.ContainerDefinitions {
		for _, m := range c.MountPoints {
			if !known[m.SourceVolume] {
				return clientError("Unknown volume '%s'.", m.SourceVolume)
			}
		}
	}
	return nil
}

func checkDependencies(r *registration) error {
	for _, c := range r.ContainerDefinitions {
		for _, d := range c.DependsOn {
			on := r.container(d.ContainerName)
			switch {
			case on == nil:
				return clientError("Cannot depend on container + '%s' because it does not exist", d.ContainerName)
			case d.Condition == "HEALTHY" && on.HealthCheck == nil:
				return clientError("A dependency container with HEALTHY condition must have health check configured")
			case (d.Condition == "SUCCESS" || d.Condition == "COMPLETE") && on.essential():
				return clientError("A dependency container with SUCCESS or COMPLETE condition cannot be an essential container")
			}
		}
	}
	return nil
}

func checkCompatibilities(r *registration) error {
	for _, c := range r.RequiresCompatibilities {
		switch c {
		case "EC2", "EXTERNAL", "FARGATE", "MANAGED_INSTANCES":
		default:
			return clientError("Invalid compatibility %q: should be one of [EC2,FARGATE,EXTERNAL,MANAGED_INSTANCES]", c)
		}
	}
	if r.requires(fargate) {
		return checkFargate(r)
	}
	return nil
}

// splitUnit parts "0.5GB" into its number and what one of it is worth.
func splitUnit(text string, u unit) (number string, scale float64) {
	text = strings.TrimSpace(text)
	for _, suffix := range u.suffixes {
		if strings.HasSuffix(strings.ToLower(text), suffix) {
			return strings.TrimSpace(text[:len(text)-len(suffix)]), u.scale
		}
	}
	return text, 1
}
