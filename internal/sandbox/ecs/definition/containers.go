package definition

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// checkReferences looks for the containers that others name. AWS's words are not known: its
// documentation says what has to be there.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_VolumeFrom.html
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ProxyConfiguration.html
func checkReferences(t *Task) error {
	for _, c := range t.ContainerDefinitions {
		for _, v := range c.VolumesFrom {
			if v.SourceContainer == c.Name || t.Container(v.SourceContainer) == nil {
				return clientError("Invalid 'volumesFrom' setting for container '%s'. The source container '%s' is not another container of the task.", c.Name, v.SourceContainer)
			}
		}
		for _, link := range c.Links {
			if name, _, _ := strings.Cut(link, ":"); t.Container(name) == nil {
				return clientError("Invalid 'links' setting for container '%s'. The container '%s' does not exist.", c.Name, name)
			}
		}
	}
	if p := t.ProxyConfiguration; p != nil && t.Container(p.ContainerName) == nil {
		return clientError("The container '%s' of the proxy configuration does not exist.", p.ContainerName)
	}
	return nil
}

// checkCycle refuses containers that wait for each other.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDependency.html
func checkCycle(t *Task) error {
	waiting := t.ContainerDefinitions
	for len(waiting) > 0 {
		left := slices.DeleteFunc(slices.Clone(waiting), func(c Container) bool {
			return !slices.ContainsFunc(c.DependsOn, func(d Dependency) bool {
				return slices.ContainsFunc(waiting, func(w Container) bool { return w.Name == d.ContainerName })
			})
		})
		if len(left) == len(waiting) {
			return clientError("The dependencies of container '%s' form a cycle.", left[0].Name)
		}
		waiting = left
	}
	return nil
}

// checkRestart holds the limits of a restart policy.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerRestartPolicy.html
func (c *Container) checkRestart() error {
	switch p := c.RestartPolicy; {
	case p == nil:
	case p.RestartAttemptPeriod != nil && (*p.RestartAttemptPeriod < 60 || *p.RestartAttemptPeriod > 1800):
		return clientError("Invalid 'restartAttemptPeriod' setting for container '%s'. It must be between 60 and 1800.", c.Name)
	case len(p.IgnoredExitCodes) > 50:
		return clientError("Invalid 'ignoredExitCodes' setting for container '%s'. There can be up to 50 exit codes.", c.Name)
	}
	return nil
}

// checkModes holds what network modes lack.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PortMapping.html
func (c *Container) checkModes(mode string) error {
	own := mode == "awsvpc" || mode == "host"
	switch {
	case len(c.Links) > 0 && (own || mode == "none"):
		return clientError("Links are not supported when networkMode=%s.", mode)
	case len(c.PortMappings) > 0 && mode == "none":
		return clientError("Port mappings are not supported when networkMode=none.")
	case c.Hostname != "" && mode == "awsvpc":
		return clientError("Hostname is not supported on container when networkMode=awsvpc.")
	case len(c.ExtraHosts) > 0 && mode == "awsvpc":
		return clientError("Extra hosts are not supported on container when networkMode=awsvpc.")
	}
	for _, p := range c.PortMappings {
		if own && p.HostPort != nil && *p.HostPort != 0 && *p.HostPort != p.ContainerPort {
			return clientError("When networkMode=%s, the host ports and container ports in port mappings must match.", mode)
		}
	}
	return nil
}

// checkHostPorts refuses one port of the host for two containers.
// https://github.com/aws/amazon-ecs-agent/issues/1220
func checkHostPorts(t *Task) error {
	taken := map[string]bool{}
	for _, c := range t.ContainerDefinitions {
		for _, p := range c.PortMappings {
			if p.HostPort == nil || *p.HostPort == 0 {
				continue
			}
			port := fmt.Sprintf("%s host port '%d'", strings.ToUpper(cmp.Or(p.Protocol, "tcp")), *p.HostPort)
			if taken[port] {
				return clientError("%s is mapped multiple times in task.", port)
			}
			taken[port] = true
		}
	}
	return nil
}
