package definition

import (
	"cmp"
	"strings"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/rollout"
)

// Spec returns what the scheduler has to know of a revision of the definition.
func (t *Task) Spec(arn string, revision int) *rollout.TaskSpec {
	spec := &rollout.TaskSpec{ARN: arn, Family: t.Family, Revision: revision, CPU: t.CPU, Memory: t.Memory}
	spec.Needs = rollout.Needs{CPU: taskUnits(t.CPU, vcpu), Memory: taskUnits(t.Memory, gigabyte)}
	for i := range t.ContainerDefinitions {
		c := &t.ContainerDefinitions[i]
		spec.Containers = append(spec.Containers, c.spec())
		if t.CPU == "" {
			spec.Needs.CPU += c.CPU
		}
		if t.Memory == "" {
			spec.Needs.Memory += c.reservedMemory()
		}
		spec.Containers[i].Ports = c.hostPorts(t.NetworkMode)
	}
	return spec
}

// hostPorts returns the ports that the container takes of its instance.
func (c *Container) hostPorts(networkMode string) []rollout.Port {
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

func (c *Container) spec() rollout.ContainerSpec {
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
		if h.Retries != nil {
			spec.Health.Retries = *h.Retries
		}
	}
	return spec
}

// disabled reports whether the check only switches the image's own off.
func (h *HealthCheck) disabled() bool { return len(h.Command) == 1 && h.Command[0] == "NONE" }

func seconds(n *int) time.Duration {
	if n == nil {
		return 0
	}
	return time.Duration(*n) * time.Second
}
