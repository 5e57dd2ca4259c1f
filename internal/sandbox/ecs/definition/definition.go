// Package definition has task definitions as ECS sees them: what it refuses, what it
// fills in, what they need of the machine, and what the scheduler has to know of them.
// Nothing here has state.
package definition

import (
	"slices"
	"strings"
)

// Task is what of a RegisterTaskDefinition request the sandbox looks at.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html
type Task struct {
	Family                  string
	NetworkMode             string
	CPU                     string
	Memory                  string
	RequiresCompatibilities []string
	ExecutionRoleARN        string
	TaskRoleARN             string
	PidMode                 string
	IpcMode                 string
	EphemeralStorage        *EphemeralStorage
	PlacementConstraints    []struct{ Type, Expression string }
	InferenceAccelerators   []struct{ DeviceName string }
	RuntimePlatform         struct{ CPUArchitecture, OperatingSystemFamily string }
	Volumes                 []Volume
	ContainerDefinitions    []Container
}

// EphemeralStorage is a task's own disk.
type EphemeralStorage struct {
	SizeInGiB int `json:"sizeInGiB"`
}

type Container struct {
	Name               string
	Image              string
	CPU                int
	Environment        []struct{ Name string }
	Privileged         bool
	Links              []string
	Firelens           *struct{ Type string }  `json:"firelensConfiguration"`
	Linux              LinuxParameters         `json:"linuxParameters"`
	Resources          []struct{ Type string } `json:"resourceRequirements"`
	SecurityOptions    []string                `json:"dockerSecurityOptions"`
	VolumesFrom        []struct{ SourceContainer string }
	Memory             *int
	MemoryReservation  *int
	Essential          *bool
	PortMappings       []PortMapping
	HealthCheck        *HealthCheck
	LogConfiguration   *LogConfiguration
	Secrets            []Secret
	DependsOn          []Dependency
	MountPoints        []struct{ SourceVolume string }
	StartTimeout       *int
	StopTimeout        *int
	VersionConsistency string
}

type PortMapping struct {
	Name          string
	ContainerPort int
	HostPort      *int
	Protocol      string
}

type HealthCheck struct {
	Command     []string
	Interval    *int
	Timeout     *int
	Retries     *int
	StartPeriod *int
}

type LogConfiguration struct {
	LogDriver     string
	Options       map[string]string
	SecretOptions []Secret
}

type Secret struct{ Name, ValueFrom string }

// Volume is what of a volume decides where it can be.
type Volume struct {
	Name               string
	ConfiguredAtLaunch bool // by the service or by RunTask
	Host               *struct{ SourcePath string }
	Docker             *struct{ Scope string } `json:"dockerVolumeConfiguration"`
	EFS                *struct{}               `json:"efsVolumeConfiguration"`
}

type LinuxParameters struct {
	Capabilities       struct{ Add []string }
	Devices            []struct{ HostPath string }
	InitProcessEnabled bool
	SharedMemorySize   *int
	MaxSwap            *int
	Swappiness         *int
}

type Dependency struct{ ContainerName, Condition string }

// essential tells whether the task stops with the container; it does unless the
// definition says otherwise.
func (c *Container) essential() bool { return c.Essential == nil || *c.Essential }

// AllSecrets returns the container's secrets and those of its log driver.
func (c *Container) AllSecrets() []Secret {
	if c.LogConfiguration == nil {
		return c.Secrets
	}
	return append(append([]Secret{}, c.Secrets...), c.LogConfiguration.SecretOptions...)
}

func (r *Task) Container(name string) *Container {
	for i := range r.ContainerDefinitions {
		if r.ContainerDefinitions[i].Name == name {
			return &r.ContainerDefinitions[i]
		}
	}
	return nil
}

func (r *Task) requires(compatibility string) bool {
	for _, c := range r.RequiresCompatibilities {
		if c == compatibility {
			return true
		}
	}
	return false
}

// Architecture returns what the task runs on, as an attribute of a task says it.
func (r *Task) Architecture() string {
	if r.RuntimePlatform.CPUArchitecture == "ARM64" {
		return "arm64"
	}
	return "x86_64"
}

// NamesPort reports whether a container has a port mapping of that name.
func (r *Task) NamesPort(name string) bool {
	return slices.ContainsFunc(r.ContainerDefinitions, func(c Container) bool {
		return slices.ContainsFunc(c.PortMappings, func(p PortMapping) bool { return p.Name == name })
	})
}

// Platform returns os/architecture of the definition's tasks.
func (r *Task) Platform() string {
	system, architecture := "linux", "amd64"
	if strings.HasPrefix(r.RuntimePlatform.OperatingSystemFamily, "WINDOWS") {
		system = "windows"
	}
	if r.RuntimePlatform.CPUArchitecture == "ARM64" {
		architecture = "arm64"
	}
	return system + "/" + architecture
}
