// Package definition has task definitions as ECS sees them: what it refuses, what it
// fills in, what they need of the machine, and what the scheduler has to know of them.
// Nothing here has state.
package definition

import (
	"fmt"
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
	ProxyConfiguration      *struct{ ContainerName string }
	ContainerDefinitions    []Container
}

// EphemeralStorage is a task's own disk.
type EphemeralStorage struct {
	SizeInGiB int `json:"sizeInGiB"`
}

// Container is the ContainerDefinition structure.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
type Container struct {
	Name               string
	Image              string
	CPU                int
	Environment        []struct{ Name string }
	EnvironmentFiles   []struct{ Value string }
	Privileged         bool
	Links              []string
	Firelens           *struct{ Type string }  `json:"firelensConfiguration"`
	Linux              LinuxParameters         `json:"linuxParameters"`
	Resources          []struct{ Type string } `json:"resourceRequirements"`
	SecurityOptions    []string                `json:"dockerSecurityOptions"`
	VolumesFrom        []struct{ SourceContainer string }
	Hostname           string
	ExtraHosts         []struct{ Hostname string }
	RepositoryAccess   *struct{} `json:"repositoryCredentials"`
	RestartPolicy      *RestartPolicy
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

// PortMapping is a port of a container, and the one of its instance that leads to it.
type PortMapping struct {
	Name          string
	ContainerPort int
	PortRange     string `json:"containerPortRange"`
	HostPort      *int
	Protocol      string
}

// Covers reports whether the mapping has a port of the container, alone or in a range.
func (p PortMapping) Covers(port int) bool {
	var first, last int
	if n, err := fmt.Sscanf(p.PortRange, "%d-%d", &first, &last); n == 2 && err == nil {
		return first <= port && port <= last
	}
	return p.ContainerPort == port
}

// HealthCheck is a container's health check; nil members take ECS's defaults.
type HealthCheck struct {
	Command     []string
	Interval    *int
	Timeout     *int
	Retries     *int
	StartPeriod *int
}

// LogConfiguration says where a container's lines go.
type LogConfiguration struct {
	LogDriver     string
	Options       map[string]string
	SecretOptions []Secret
}

// Secret is a variable whose value is kept elsewhere.
type Secret struct{ Name, ValueFrom string }

// Volume is what of a volume decides where it can be.
type Volume struct {
	Name               string
	ConfiguredAtLaunch bool // by the service or by RunTask
	Host               *struct{ SourcePath string }
	Docker             *struct{ Scope string } `json:"dockerVolumeConfiguration"`
	EFS                *EFS                    `json:"efsVolumeConfiguration"`
	FSx                *struct{}               `json:"fsxWindowsFileServerVolumeConfiguration"`
}

// EFS is what of a volume of EFS says how it is reached.
type EFS struct {
	TransitEncryption   string
	AuthorizationConfig struct{ AccessPointID, IAM string }
}

// RestartPolicy says when a container is started again within its task.
type RestartPolicy struct {
	RestartAttemptPeriod *int
	IgnoredExitCodes     []int
}

// LinuxParameters is what of the LinuxParameters structure Fargate has rules for.
type LinuxParameters struct {
	Capabilities       struct{ Add []string }
	Devices            []struct{ HostPath string }
	InitProcessEnabled bool
	SharedMemorySize   *int
	MaxSwap            *int
	Swappiness         *int
}

// Dependency is a container that another one waits for.
type Dependency struct{ ContainerName, Condition string }

// essential reports whether the task stops with the container; it does unless the
// definition says otherwise.
func (c *Container) essential() bool { return c.Essential == nil || *c.Essential }

// AllSecrets returns the container's secrets and those of its log driver.
func (c *Container) AllSecrets() []Secret {
	if c.LogConfiguration == nil {
		return c.Secrets
	}
	return append(append([]Secret{}, c.Secrets...), c.LogConfiguration.SecretOptions...)
}

// Container returns the container of that name, or nil.
func (t *Task) Container(name string) *Container {
	for i := range t.ContainerDefinitions {
		if t.ContainerDefinitions[i].Name == name {
			return &t.ContainerDefinitions[i]
		}
	}
	return nil
}

// requires reports whether the definition asks for a launch type.
func (t *Task) requires(compatibility string) bool {
	return slices.Contains(t.RequiresCompatibilities, compatibility)
}

// Architecture returns what the task runs on, as an attribute of a task says it.
func (t *Task) Architecture() string {
	if t.RuntimePlatform.CPUArchitecture == "ARM64" {
		return "arm64"
	}
	return "x86_64"
}

// NamesPort reports whether a container has a port mapping of that name.
func (t *Task) NamesPort(name string) bool {
	return slices.ContainsFunc(t.ContainerDefinitions, func(c Container) bool {
		return slices.ContainsFunc(c.PortMappings, func(p PortMapping) bool { return p.Name == name })
	})
}

// Platform returns os/architecture of the definition's tasks.
func (t *Task) Platform() string {
	system, architecture := "linux", "amd64"
	if strings.HasPrefix(t.RuntimePlatform.OperatingSystemFamily, "WINDOWS") {
		system = "windows"
	}
	if t.RuntimePlatform.CPUArchitecture == "ARM64" {
		architecture = "arm64"
	}
	return system + "/" + architecture
}
