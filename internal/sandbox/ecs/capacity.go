package ecs

import "strings"

// capacityProvider is the CapacityProvider structure of an answer. The sandbox has
// the two that AWS gives every account.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProvider.html
type capacityProvider struct {
	ARN    string `json:"capacityProviderArn"`
	Name   string `json:"name"`
	Status string `json:"status"`
	Type   string `json:"type"`
	Tags   []tag  `json:"tags"`
}

var fargateProviders = []string{"FARGATE", "FARGATE_SPOT"}

type describeCapacityProvidersIn struct{ CapacityProviders []string }

type describeCapacityProvidersOut struct {
	CapacityProviders []capacityProvider `json:"capacityProviders"`
	Failures          []failure          `json:"failures"`
}

func (c call) describeCapacityProviders(in describeCapacityProvidersIn) (describeCapacityProvidersOut, error) {
	out := describeCapacityProvidersOut{CapacityProviders: []capacityProvider{}, Failures: []failure{}}
	wanted := in.CapacityProviders
	if len(wanted) == 0 {
		wanted = fargateProviders
	}
	for _, id := range wanted {
		name := id[strings.LastIndex(id, "/")+1:]
		arn := c.scope.ARN("ecs", "capacity-provider/"+name)
		if !isFargateProvider(name) {
			out.Failures = append(out.Failures, missing(arn))
			continue
		}
		out.CapacityProviders = append(out.CapacityProviders, capacityProvider{
			ARN: arn, Name: name, Status: active, Type: name, Tags: []tag{},
		})
	}
	return out, nil
}

func isFargateProvider(name string) bool {
	for _, p := range fargateProviders {
		if p == name {
			return true
		}
	}
	return false
}

// There are no container instances: tasks of every launch type run without one.

type listContainerInstancesIn struct {
	paging
	Cluster string
}

type listContainerInstancesOut struct {
	ARNs []string `json:"containerInstanceArns"`
}

func (c call) listContainerInstances(in listContainerInstancesIn) (listContainerInstancesOut, error) {
	_, err := c.cluster(in.Cluster)
	return listContainerInstancesOut{ARNs: []string{}}, err
}

type describeContainerInstancesIn struct {
	Cluster            string
	ContainerInstances []string
}

type describeContainerInstancesOut struct {
	ContainerInstances []struct{} `json:"containerInstances"`
	Failures           []failure  `json:"failures"`
}

func (c call) describeContainerInstances(in describeContainerInstancesIn) (describeContainerInstancesOut, error) {
	out := describeContainerInstancesOut{ContainerInstances: []struct{}{}, Failures: []failure{}}
	cluster, err := c.cluster(in.Cluster)
	if err != nil {
		return out, err
	}
	if len(in.ContainerInstances) == 0 {
		return out, invalidParameter("Container instance list cannot be empty.")
	}
	for _, id := range in.ContainerInstances {
		if !strings.HasPrefix(id, "arn:") {
			id = c.scope.ARN("ecs", "container-instance/"+cluster.Name+"/"+id)
		}
		out.Failures = append(out.Failures, missing(id))
	}
	return out, nil
}
