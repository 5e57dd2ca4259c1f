package express

import "github.com/tagboat/tagboat/internal/sandbox/wire"

// serviceRecord is what of ECS's own answer of a service Express Mode looks at.
type serviceRecord struct {
	ARN         string `json:"serviceArn"`
	Status      string `json:"status"`
	Manager     string `json:"resourceManagementType"`
	Desired     int    `json:"desiredCount"`
	Deployment  string `json:"currentServiceDeployment"`
	Tags        []tag  `json:"tags"`
	Deployments []struct {
		Status         string `json:"status"`
		TaskDefinition string `json:"taskDefinition"`
		State          string `json:"rolloutState"`
	} `json:"deployments"`
	Revisions []struct {
		ARN string `json:"arn"`
	} `json:"currentServiceRevisions"`
}

// primary returns the task definition of the PRIMARY deployment.
func (s serviceRecord) primary() string {
	for _, d := range s.Deployments {
		if d.Status == "PRIMARY" {
			return d.TaskDefinition
		}
	}
	return ""
}

// newest returns the ARN of the service revision that is deployed last.
func (s serviceRecord) newest() string {
	if len(s.Revisions) == 0 {
		return ""
	}
	return s.Revisions[0].ARN
}

// record reads a service as ECS has it; the zero record where there is none.
func (c call) record(g *gateway) (serviceRecord, error) {
	var out struct {
		Services []serviceRecord `json:"services"`
	}
	err := c.do(g, "ecs", "DescribeServices", map[string]any{"cluster": g.ClusterARN, "services": []string{lastPart(g.ARN)}, "include": []string{"TAGS"}}, &out)
	if err != nil || len(out.Services) == 0 {
		return serviceRecord{}, err
	}
	return out.Services[0], nil
}

// note keeps what settings the newest service revision has. A change of them alone starts no
// deployment.
func (g *gateway) note(s serviceRecord) {
	if arn := s.newest(); arn != "" {
		g.Revisions[arn] = g.Settings
	}
}

// of returns the settings of a service revision.
func (g *gateway) of(revision string) settings {
	if own, ok := g.Revisions[revision]; ok {
		return own
	}
	return g.Settings
}

// gatewayRecord is the ECSExpressGatewayService structure of an answer.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ECSExpressGatewayService.html
type gatewayRecord struct {
	ARN                string          `json:"serviceArn"`
	Name               string          `json:"serviceName"`
	Cluster            string          `json:"cluster"`
	Status             gatewayStatus   `json:"status"`
	InfrastructureRole string          `json:"infrastructureRoleArn"`
	CurrentDeployment  string          `json:"currentDeployment,omitempty"` // while one is under way
	Active             []configuration `json:"activeConfigurations"`
	Tags               []tag           `json:"tags,omitempty"`
	CreatedAt          wire.Time       `json:"createdAt"`
	UpdatedAt          wire.Time       `json:"updatedAt"`
}

type gatewayStatus struct {
	Code string `json:"statusCode"`
}

// updatedRecord is the UpdatedExpressGatewayService structure of an answer.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdatedExpressGatewayService.html
type updatedRecord struct {
	ARN       string        `json:"serviceArn"`
	Name      string        `json:"serviceName"`
	Cluster   string        `json:"cluster"`
	Status    gatewayStatus `json:"status"`
	Target    configuration `json:"targetConfiguration"`
	CreatedAt wire.Time     `json:"createdAt"`
	UpdatedAt wire.Time     `json:"updatedAt"`
}

// configuration is the ExpressGatewayServiceConfiguration structure of an answer.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ExpressGatewayServiceConfiguration.html
type configuration struct {
	Revision        string    `json:"serviceRevisionArn"`
	TaskDefinition  string    `json:"taskDefinitionArn"`
	ExecutionRole   string    `json:"executionRoleArn,omitempty"`
	TaskRole        string    `json:"taskRoleArn,omitempty"`
	CPU             string    `json:"cpu"`
	Memory          string    `json:"memory"`
	Architecture    string    `json:"cpuArchitecture,omitempty"`
	Network         network   `json:"networkConfiguration"`
	HealthCheckPath string    `json:"healthCheckPath"`
	Container       container `json:"primaryContainer"`
	Scaling         scaling   `json:"scalingTarget"`
	Ingress         []ingress `json:"ingressPaths"`
	CreatedAt       wire.Time `json:"createdAt"`
}

type ingress struct {
	Access   string `json:"accessType"`
	Endpoint string `json:"endpoint"`
}

// show returns an Express service as it is answered.
func (c call) show(g *gateway, s serviceRecord, tags bool) (gatewayRecord, error) {
	out := gatewayRecord{
		ARN: g.ARN, Name: g.Name, Cluster: lastPart(g.ClusterARN), Status: gatewayStatus{s.Status}, InfrastructureRole: g.InfrastructureRole,
		Active: []configuration{}, CreatedAt: wire.At(g.CreatedAt), UpdatedAt: wire.At(g.UpdatedAt),
	}
	if tags {
		out.Tags = s.Tags
	}
	if len(s.Deployments) > 0 && s.Deployments[0].State == "IN_PROGRESS" {
		out.CurrentDeployment = s.Deployment
	}
	for _, revision := range s.Revisions {
		one, err := c.configuration(g, revision.ARN)
		if err != nil {
			return out, err
		}
		out.Active = append(out.Active, one)
	}
	return out, nil
}

// configuration returns a service revision as it is answered.
func (c call) configuration(g *gateway, revision string) (configuration, error) {
	var out struct {
		Revisions []struct {
			TaskDefinition string    `json:"taskDefinition"`
			CreatedAt      wire.Time `json:"createdAt"`
			Network        struct {
				VPC network `json:"awsvpcConfiguration"`
			} `json:"networkConfiguration"`
		} `json:"serviceRevisions"`
	}
	if err := c.do(g, "ecs", "DescribeServiceRevisions", map[string]any{"serviceRevisionArns": []string{revision}}, &out); err != nil {
		return configuration{}, err
	}
	if len(out.Revisions) == 0 {
		return configuration{Revision: revision}, nil
	}
	r, own := out.Revisions[0], g.of(revision)
	d, err := c.definition(g, r.TaskDefinition, false)
	if err != nil {
		return configuration{}, err
	}
	return configuration{
		Revision: revision, TaskDefinition: r.TaskDefinition, ExecutionRole: d.text("executionRoleArn"), TaskRole: d.text("taskRoleArn"),
		CPU: d.text("cpu"), Memory: d.text("memory"), Architecture: d.architecture(), Network: r.Network.VPC,
		HealthCheckPath: own.HealthCheckPath, Container: d.container(), Scaling: own.Scaling,
		Ingress: []ingress{{"PUBLIC", g.Made.Endpoint}}, CreatedAt: r.CreatedAt,
	}, nil
}
