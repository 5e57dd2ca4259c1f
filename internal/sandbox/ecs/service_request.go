package ecs

import "encoding/json"

// serviceRequest is what CreateService and UpdateService take. A member that was left
// out is nil; UpdateService then leaves what is.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html
type serviceRequest struct {
	Cluster        string
	ServiceName    string // CreateService
	Service        string // UpdateService: a name or an ARN
	ClientToken    string
	TaskDefinition *string
	DesiredCount   *int

	LaunchType                    *string
	CapacityProviderStrategy      json.RawMessage
	PlatformVersion               *string
	SchedulingStrategy            string
	DeploymentController          *deploymentController
	DeploymentConfiguration       *deploymentConfiguration
	HealthCheckGracePeriodSeconds *int
	LoadBalancers                 *[]loadBalancer
	NetworkConfiguration          *networkConfiguration
	ServiceRegistries             json.RawMessage
	ServiceConnectConfiguration   json.RawMessage
	VolumeConfigurations          json.RawMessage
	VpcLatticeConfigurations      json.RawMessage

	Role                        string
	PropagateTags               *string
	EnableECSManagedTags        *bool `json:"enableECSManagedTags"`
	EnableExecuteCommand        *bool
	PlacementConstraints        json.RawMessage
	PlacementStrategy           json.RawMessage
	AvailabilityZoneRebalancing *string
	Monitoring                  json.RawMessage
	GatewayConnectors           json.RawMessage
	Tags                        []tag
	ForceNewDeployment          bool
}

type deploymentController struct {
	Type string `json:"type"`
}

// networkConfiguration is where the tasks' network interfaces are.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_AwsVpcConfiguration.html
type networkConfiguration struct {
	AwsvpcConfiguration *awsvpcConfiguration `json:"awsvpcConfiguration,omitempty"`
}

type awsvpcConfiguration struct {
	Subnets        []string `json:"subnets"`
	SecurityGroups []string `json:"securityGroups"`
	AssignPublicIP string   `json:"assignPublicIp"`
}

// complete fills in what ECS answers for members that were left out.
func (n *networkConfiguration) complete() {
	if n == nil || n.AwsvpcConfiguration == nil {
		return
	}
	v := n.AwsvpcConfiguration
	v.SecurityGroups = append([]string{}, v.SecurityGroups...)
	if v.AssignPublicIP == "" {
		v.AssignPublicIP = "DISABLED"
	}
}
