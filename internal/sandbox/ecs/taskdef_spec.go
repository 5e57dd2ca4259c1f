package ecs

import (
	"cmp"
	"strings"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/rollout"
)

// taskSpec returns what the scheduler is told of a task definition.
func (d *taskDefinition) taskSpec() *rollout.TaskSpec {
	content := d.content()
	spec := &rollout.TaskSpec{
		ARN: d.ARN, Family: d.Family, Revision: d.Revision, CPU: content.CPU, Memory: content.Memory,
	}
	spec.Needs = rollout.Needs{CPU: taskUnits(content.CPU, vcpu), Memory: taskUnits(content.Memory, gigabyte)}
	for i := range content.ContainerDefinitions {
		c := &content.ContainerDefinitions[i]
		spec.Containers = append(spec.Containers, c.spec())
		if content.CPU == "" {
			spec.Needs.CPU += c.CPU
		}
		if content.Memory == "" {
			spec.Needs.Memory += c.reservedMemory()
		}
		spec.Containers[i].Ports = c.hostPorts(content.NetworkMode)
	}
	return spec
}

// hostPorts returns the ports that the container takes of its instance.
func (c *container) hostPorts(networkMode string) []rollout.Port {
	if networkMode == "awsvpc" || networkMode == "none" {
		return nil
	}
	var ports []rollout.Port
	for _, p := range c.PortMappings {
		port := rollout.Port{Container: p.ContainerPort, Protocol: cmp.Or(p.Protocol, "tcp")}
		switch {
		case networkMode == "host":
			port.Host = p.ContainerPort
		case p.HostPort != nil:
			port.Host = *p.HostPort
		}
		ports = append(ports, port)
	}
	return ports
}

func (c *container) spec() rollout.ContainerSpec {
	spec := rollout.ContainerSpec{
		Name: c.Name, Image: c.Image, Essential: c.essential(), CPU: c.CPU,
		VersionConsistencyOff: strings.EqualFold(c.VersionConsistency, "disabled"),
	}
	if c.Memory != nil {
		spec.MemoryMiB = *c.Memory
	}
	spec.StopTimeout = seconds(c.StopTimeout)
	if l := c.LogConfiguration; l != nil {
		spec.LogDriver, spec.LogOptions = l.LogDriver, l.Options
	}
	if h := c.HealthCheck; h != nil && !h.disabled() {
		spec.Health = &rollout.HealthCheck{
			Interval: seconds(h.Interval), Timeout: seconds(h.Timeout), StartPeriod: seconds(h.StartPeriod),
		}
		set(&spec.Health.Retries, h.Retries)
	}
	return spec
}

// disabled tells whether the check only switches the image's own off.
func (h *healthCheck) disabled() bool { return len(h.Command) == 1 && h.Command[0] == "NONE" }

func seconds(n *int) time.Duration {
	if n == nil {
		return 0
	}
	return time.Duration(*n) * time.Second
}
