package express

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// request is what CreateExpressGatewayService and UpdateExpressGatewayService take. What is left out
// takes a default, or stays as it is.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateExpressGatewayService.html
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateExpressGatewayService.html
type request struct {
	ServiceARN            string // UpdateExpressGatewayService
	ServiceName           string // the next four: CreateExpressGatewayService
	Cluster               string
	InfrastructureRoleARN string
	Tags                  []tag

	PrimaryContainer     *container
	CPU                  string
	Memory               string
	CPUArchitecture      string
	ExecutionRoleARN     string
	TaskRoleARN          string
	TaskDefinitionARN    string
	HealthCheckPath      string
	NetworkConfiguration *network
	ScalingTarget        *scaling
}

type tag struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// container is the ExpressGatewayContainer structure. A list that is nil was not sent.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ExpressGatewayContainer.html
type container struct {
	Image       string       `json:"image"`
	Logs        *awsLogs     `json:"awsLogsConfiguration,omitempty"`
	Command     []string     `json:"command,omitempty"`
	Port        *int         `json:"containerPort,omitempty"`
	Environment []variable   `json:"environment,omitempty"`
	Credentials *credentials `json:"repositoryCredentials,omitempty"`
	Secrets     []secret     `json:"secrets,omitempty"`
}

type awsLogs struct {
	Group  string `json:"logGroup"`
	Prefix string `json:"logStreamPrefix"`
}

type variable struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type secret struct {
	Name      string `json:"name"`
	ValueFrom string `json:"valueFrom"`
}

type credentials struct {
	Parameter string `json:"credentialsParameter"`
}

type network struct {
	SecurityGroups []string `json:"securityGroups"`
	Subnets        []string `json:"subnets"`
}

// scaling is the ExpressGatewayScalingTarget structure.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ExpressGatewayScalingTarget.html
type scaling struct {
	Metric string `json:"autoScalingMetric,omitempty"`
	Target *int   `json:"autoScalingTargetValue,omitempty"`
	Most   *int   `json:"maxTaskCount,omitempty"`
	Least  *int   `json:"minTaskCount,omitempty"`
}

// merge returns s with what a request has.
func (s scaling) merge(in *scaling) scaling {
	if in == nil {
		return s
	}
	if in.Metric != "" {
		s.Metric = in.Metric
	}
	for to, from := range map[**int]*int{&s.Target: in.Target, &s.Most: in.Most, &s.Least: in.Least} {
		if from != nil {
			*to = from
		}
	}
	return s
}

// defaults are those of the guide. The API's reference has others for CPU and memory (256 and 512),
// and the guide's page of resources another path for the health check (/).
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/express-service-work.html
const (
	defaultCPU    = "1024"
	defaultMemory = "2048"
	defaultPath   = "/ping"
	defaultPort   = 80
)

func defaultScaling() scaling {
	return scaling{Metric: "AVERAGE_CPU", Target: new(60), Least: new(1), Most: new(20)}
}

var (
	rolePattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^arn:aws[a-z-]*:iam::\d{12}:role/.+$`) })
	namePattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-zA-Z0-9_-]{1,255}$`) })
)

// checkNew checks what only a new service says.
func (in *request) checkNew() error {
	switch {
	case in.InfrastructureRoleARN == "":
		return invalid("infrastructureRoleArn must be provided.")
	case !rolePattern().MatchString(in.InfrastructureRoleARN):
		return invalid("The infrastructureRoleArn %s is not valid.", in.InfrastructureRoleARN)
	case in.ServiceName != "" && !namePattern().MatchString(in.ServiceName):
		return invalid("Service name contains invalid characters.")
	case in.TaskDefinitionARN != "":
		return in.check()
	case in.PrimaryContainer == nil:
		return invalid("primaryContainer must be provided.")
	case in.ExecutionRoleARN == "":
		return invalid("executionRoleArn must be provided.")
	}
	return in.check()
}

// check checks what a new service and a changed one can say. The first message is in AWS's words.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/express-service-troubleshooting.html
func (in *request) check() error {
	own := in.PrimaryContainer != nil || in.ExecutionRoleARN != "" || in.TaskRoleARN != "" || in.CPU != "" || in.Memory != ""
	switch {
	case in.TaskDefinitionARN != "" && own:
		return invalid("taskDefinitionArn cannot be provided with primaryContainer, executionRoleArn, taskRoleArn, cpu, or memory.")
	case in.TaskDefinitionARN != "" && in.CPUArchitecture != "":
		return invalid("taskDefinitionArn cannot be provided with cpuArchitecture.")
	case in.PrimaryContainer != nil && in.PrimaryContainer.Image == "":
		return invalid("The image of primaryContainer must be provided.")
	case in.CPUArchitecture != "" && !slices.Contains([]string{"X86_64", "ARM64"}, in.CPUArchitecture):
		return invalid("cpuArchitecture should be one of [X86_64,ARM64]")
	case in.HealthCheckPath != "" && !strings.HasPrefix(in.HealthCheckPath, "/"):
		return invalid("healthCheckPath must begin with '/'.")
	}
	for name, role := range map[string]string{"executionRoleArn": in.ExecutionRoleARN, "taskRoleArn": in.TaskRoleARN} {
		if role != "" && !rolePattern().MatchString(role) {
			return invalid("The %s %s is not valid.", name, role)
		}
	}
	if in.PrimaryContainer != nil {
		if port := in.PrimaryContainer.Port; port != nil && (*port < 1 || *port > 65535) {
			return invalid("containerPort must be between 1 and 65535.")
		}
	}
	return nil
}

// check checks a target with nothing left out.
func (s scaling) check() error {
	most := map[string]int{"AVERAGE_CPU": 100, "AVERAGE_MEMORY": 100, "REQUEST_COUNT_PER_TARGET": 65536}[s.Metric]
	switch {
	case most == 0:
		return invalid("autoScalingMetric should be one of [AVERAGE_CPU,AVERAGE_MEMORY,REQUEST_COUNT_PER_TARGET]")
	case *s.Target < 1 || *s.Target > most:
		return invalid("autoScalingTargetValue must be between 1 and %d.", most)
	case *s.Least < 0 || *s.Most < 1 || *s.Least > *s.Most:
		return invalid("minTaskCount must be less than or equal to maxTaskCount.")
	}
	return nil
}

// find returns the Express service of an ARN, and how ECS has it. missing is the code of the error
// where there is none.
func (c call) find(arn, missing string) (*gateway, serviceRecord, error) {
	parts := strings.Split(strings.TrimPrefix(arn, c.caller.Scope.ARN("ecs", "service/")), "/")
	switch {
	case arn == "":
		return nil, serviceRecord{}, invalid("serviceArn must be provided.")
	case !strings.HasPrefix(arn, c.caller.Scope.ARN("ecs", "service/")) || len(parts) != 2:
		return nil, serviceRecord{}, invalid("The serviceArn %s is not valid.", arn)
	}
	g := c.gateways[arn]
	asked := g
	if asked == nil {
		asked = &gateway{ARN: arn, ClusterARN: c.caller.Scope.ARN("ecs", "cluster/"+parts[0]), InfrastructureRole: ":role/"}
	}
	record, err := c.record(asked)
	switch {
	case err != nil:
		return nil, serviceRecord{}, err
	case record.ARN == "":
		return nil, serviceRecord{}, wire.Errorf(missing, "Resource not found: %s", arn)
	case g == nil || record.Manager != "ECS":
		return nil, serviceRecord{}, invalid("%s has ResourceManagementType=CUSTOMER", arn)
	}
	return g, record, nil
}
