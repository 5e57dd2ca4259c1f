package ecs

// registration is what of a RegisterTaskDefinition request the sandbox looks at.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html
type registration struct {
	Family                  string
	NetworkMode             string
	CPU                     string
	Memory                  string
	RequiresCompatibilities []string
	ExecutionRoleARN        string
	TaskRoleARN             string
	PidMode                 string
	IpcMode                 string
	EphemeralStorage        *ephemeralStorage
	PlacementConstraints    []struct{ Type, Expression string }
	InferenceAccelerators   []struct{ DeviceName string }
	RuntimePlatform         struct{ CPUArchitecture, OperatingSystemFamily string }
	Volumes                 []volume
	ContainerDefinitions    []container
	Tags                    *[]tag
}

type container struct {
	Name               string
	Image              string
	CPU                int
	Environment        []struct{ Name string }
	Privileged         bool
	Links              []string
	Firelens           *struct{ Type string }  `json:"firelensConfiguration"`
	Linux              linuxParameters         `json:"linuxParameters"`
	Resources          []struct{ Type string } `json:"resourceRequirements"`
	SecurityOptions    []string                `json:"dockerSecurityOptions"`
	VolumesFrom        []struct{ SourceContainer string }
	Memory             *int
	MemoryReservation  *int
	Essential          *bool
	PortMappings       []portMapping
	HealthCheck        *healthCheck
	LogConfiguration   *logConfiguration
	Secrets            []secret
	DependsOn          []dependency
	MountPoints        []struct{ SourceVolume string }
	StartTimeout       *int
	StopTimeout        *int
	VersionConsistency string
}

type portMapping struct {
	Name          string
	ContainerPort int
	HostPort      *int
	Protocol      string
}

type healthCheck struct {
	Command     []string
	Interval    *int
	Timeout     *int
	Retries     *int
	StartPeriod *int
}

type logConfiguration struct {
	LogDriver     string
	Options       map[string]string
	SecretOptions []secret
}

type secret struct{ Name, ValueFrom string }

// volume is what of a volume decides where it can be.
type volume struct {
	Name               string
	ConfiguredAtLaunch bool // by the service or by RunTask
	Host               *struct{ SourcePath string }
	Docker             *struct{ Scope string } `json:"dockerVolumeConfiguration"`
	EFS                *struct{}               `json:"efsVolumeConfiguration"`
}

type linuxParameters struct {
	Capabilities       struct{ Add []string }
	Devices            []struct{ HostPath string }
	InitProcessEnabled bool
	SharedMemorySize   *int
	MaxSwap            *int
	Swappiness         *int
}

type dependency struct{ ContainerName, Condition string }

// essential tells whether the task stops with the container; it does unless the
// definition says otherwise.
func (c *container) essential() bool { return c.Essential == nil || *c.Essential }

// secrets returns the container's secrets and those of its log driver.
func (c *container) secrets() []secret {
	if c.LogConfiguration == nil {
		return c.Secrets
	}
	return append(append([]secret{}, c.Secrets...), c.LogConfiguration.SecretOptions...)
}

func (r *registration) container(name string) *container {
	for i := range r.ContainerDefinitions {
		if r.ContainerDefinitions[i].Name == name {
			return &r.ContainerDefinitions[i]
		}
	}
	return nil
}

func (r *registration) requires(compatibility string) bool {
	for _, c := range r.RequiresCompatibilities {
		if c == compatibility {
			return true
		}
	}
	return false
}
