package ecs

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/tagboat/tagboat/internal/sandbox/ecs/definition"
)

// capacityItem is one item of a capacity provider strategy.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProviderStrategyItem.html
type capacityItem struct {
	CapacityProvider string `json:"capacityProvider"`
	Weight           int    `json:"weight"`
	Base             int    `json:"base"`
}

// fargateProviders are those that AWS gives every account.
var fargateProviders = []string{"FARGATE", "FARGATE_SPOT"}

func isFargateProvider(name string) bool { return slices.Contains(fargateProviders, name) }

// capacityProvider is the CapacityProvider structure of an answer. What an Auto Scaling
// group is to do is kept: there is none, and tasks run on the instances that the cluster has.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProvider.html
type capacityProvider struct {
	ARN         string          `json:"capacityProviderArn"`
	Name        string          `json:"name"`
	Status      string          `json:"status"`
	Type        string          `json:"type"`
	AutoScaling json.RawMessage `json:"autoScalingGroupProvider,omitempty"`
	Tags        []tag           `json:"tags"`
}

// provider finds a capacity provider by name or ARN; nil if there is none.
func (r *region) provider(id string) *capacityProvider {
	name := strings.TrimPrefix(id, r.scope.ARN("ecs", "capacity-provider/"))
	if isFargateProvider(name) {
		return &capacityProvider{ARN: r.scope.ARN("ecs", "capacity-provider/"+name), Name: name, Status: active, Type: name, Tags: []tag{}}
	}
	return r.Providers[name]
}

var providerPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9_-]{1,255}$`) })

type createProviderIn struct {
	Name                                               string
	AutoScalingGroupProvider, ManagedInstancesProvider json.RawMessage
	Tags                                               []tag
}

type providerOut struct {
	CapacityProvider *capacityProvider `json:"capacityProvider"`
}

// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateCapacityProvider.html
func (c call) createProvider(in createProviderIn) (providerOut, error) {
	var group struct{ AutoScalingGroupARN string }
	if err := read(in.AutoScalingGroupProvider, &group); err != nil {
		return providerOut{}, err
	}
	lower := strings.ToLower(in.Name)
	switch {
	case !providerPattern().MatchString(in.Name):
		return providerOut{}, clientError("The specified capacity provider name is invalid. Up to 255 characters are allowed, including letters (upper and lowercase), numbers, underscores (_), and hyphens (-).")
	case strings.HasPrefix(lower, "aws"), strings.HasPrefix(lower, "ecs"), strings.HasPrefix(lower, "fargate"):
		return providerOut{}, clientError("The specified capacity provider name is invalid. The name cannot be prefixed with aws, ecs, or fargate.")
	case given(in.ManagedInstancesProvider):
		return providerOut{}, unsupported("Amazon ECS Managed Instances")
	case group.AutoScalingGroupARN == "":
		return providerOut{}, invalidParameter("An Auto Scaling group ARN must be specified for a capacity provider.")
	case c.Providers[in.Name] != nil:
		return providerOut{}, invalidParameter("The specified capacity provider already exists. To change the configuration of an existing capacity provider, update the capacity provider.")
	}
	if err := c.checkTags(in.Tags); err != nil {
		return providerOut{}, err
	}
	provider := &capacityProvider{
		ARN: c.scope.ARN("ecs", "capacity-provider/"+in.Name), Name: in.Name, Status: active,
		Type: "EC2_AUTOSCALING", AutoScaling: in.AutoScalingGroupProvider, Tags: append([]tag{}, in.Tags...),
	}
	c.Providers[in.Name] = provider
	return providerOut{CapacityProvider: provider}, nil
}

type deleteProviderIn struct{ CapacityProvider string }

// deleteProvider removes a capacity provider that no cluster has any more.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteCapacityProvider.html
func (c call) deleteProvider(in deleteProviderIn) (providerOut, error) {
	p := c.provider(in.CapacityProvider)
	if p == nil {
		return providerOut{}, invalidParameter("The specified capacity provider does not exist. Specify a valid name or ARN and try again.")
	}
	if isFargateProvider(p.Name) {
		return providerOut{}, invalidParameter("The specified capacity provider is managed by AWS and cannot be deleted.")
	}
	for _, cluster := range c.Clusters {
		if cluster.Status == active && slices.Contains(cluster.CapacityProviders, p.Name) {
			return providerOut{}, refused("ResourceInUseException", "The specified capacity provider is in use and cannot be removed.")
		}
	}
	delete(c.Providers, p.Name)
	deleted := *p
	deleted.Status = inactive
	return providerOut{CapacityProvider: &deleted}, nil
}

type describeProvidersIn struct {
	CapacityProviders []string
	Cluster           string
}

type describeProvidersOut struct {
	CapacityProviders []*capacityProvider `json:"capacityProviders"`
	Failures          []failure           `json:"failures"`
}

func (c call) describeProviders(in describeProvidersIn) (describeProvidersOut, error) {
	out := describeProvidersOut{CapacityProviders: []*capacityProvider{}, Failures: []failure{}}
	wanted := in.CapacityProviders
	if len(wanted) == 0 {
		wanted = slices.Clone(fargateProviders)
		for name := range c.Providers {
			wanted = append(wanted, name)
		}
		slices.Sort(wanted)
	}
	for _, id := range wanted {
		if p := c.provider(id); p != nil {
			out.CapacityProviders = append(out.CapacityProviders, p)
			continue
		}
		out.Failures = append(out.Failures, missing(c.scope.ARN("ecs", "capacity-provider/"+lastPart(id))))
	}
	return out, nil
}

type putProvidersIn struct {
	clusterIn
	CapacityProviders               []string
	DefaultCapacityProviderStrategy json.RawMessage
}

// putProviders replaces a cluster's capacity providers and its default strategy.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PutClusterCapacityProviders.html
func (c call) putProviders(changed *cluster, in putProvidersIn) (clusterOut, error) {
	if in.CapacityProviders == nil || !given(in.DefaultCapacityProviderStrategy) {
		return clusterOut{}, invalidParameter("Both capacityProviders and defaultCapacityProviderStrategy must be specified. They can be empty.")
	}
	providers, err := c.checkProviders(in.CapacityProviders, in.DefaultCapacityProviderStrategy)
	if err != nil {
		return clusterOut{}, err
	}
	for _, s := range c.engine.Services(changed.ARN) {
		for _, used := range s.Spec.Capacity {
			if s.Status == active && slices.Contains(changed.CapacityProviders, used.Provider) && !slices.Contains(providers, used.Provider) {
				return clusterOut{}, refused("ResourceInUseException", "The specified capacity provider is in use and cannot be removed.")
			}
		}
	}
	changed.CapacityProviders, changed.Strategy = providers, in.DefaultCapacityProviderStrategy
	return clusterOut{Cluster: c.clusterRecord(changed, nil)}, nil
}

// checkProviders returns the names of a cluster's capacity providers, or why they
// or its default strategy cannot be.
func (r *region) checkProviders(ids []string, strategy json.RawMessage) ([]string, error) {
	var items []capacityItem
	if err := read(strategy, &items); err != nil {
		return nil, err
	}
	var names []string
	for _, id := range ids {
		p := r.provider(id)
		if p == nil {
			return nil, unknownProvider(id)
		}
		names = append(names, p.Name)
	}
	return names, r.checkItems(items, names)
}

func unknownProvider(id string) error {
	return invalidParameter("The specified capacity provider '%s' was not found. Specify a valid name or ARN and try again.", id)
}

const maxItems = 20

// checkItems holds the rules of a capacity provider strategy in a cluster that has these
// providers.
func (r *region) checkItems(items []capacityItem, associated []string) error {
	bases, weights, onFargate := 0, 0, 0
	for _, item := range items {
		p := r.provider(item.CapacityProvider)
		switch {
		case p == nil:
			return unknownProvider(item.CapacityProvider)
		case !slices.Contains(associated, p.Name):
			return invalidParameter("The specified capacity provider strategy cannot contain a capacity provider that is not associated with the cluster. Associate the capacity provider with the cluster and try again.")
		case item.Weight < 0 || item.Weight > 1000:
			return invalidParameter("The weight of a capacity provider must be between 0 and 1000.")
		case item.Base < 0 || item.Base > 100_000:
			return invalidParameter("The base of a capacity provider must be between 0 and 100000.")
		}
		if item.Base > 0 {
			bases++
		}
		if isFargateProvider(p.Name) {
			onFargate++
		}
		weights += item.Weight
	}
	switch {
	case len(items) > maxItems:
		return invalidParameter("A capacity provider strategy can have up to %d items.", maxItems)
	case bases > 1:
		return invalidParameter("The specified capacity provider strategy is invalid. Only one capacity provider can have a base value defined.")
	case onFargate > 0 && onFargate < len(items):
		return invalidParameter("A capacity provider strategy cannot contain a mix of capacity providers using Auto Scaling groups and Fargate providers. Specify one or the other and try again.")
	case len(items) > 1 && weights == 0:
		return invalidParameter("The specified capacity provider strategy is invalid. At least one capacity provider must have a weight greater than zero.")
	}
	return nil
}

// applyCapacity takes over a strategy. An empty one leads back to the launch type that the
// service runs on.
func (s *settings) applyCapacity(in *serviceRequest) error {
	if given(in.CapacityProviderStrategy) {
		launchType := s.runsOn()
		s.Capacity = nil
		if err := read(in.CapacityProviderStrategy, &s.Capacity); err != nil {
			return err
		}
		if len(s.Capacity) == 0 && in.LaunchType == nil {
			s.LaunchType = launchType
		}
	}
	if in.LaunchType == nil && len(s.Capacity) > 0 {
		s.LaunchType = ""
	}
	return nil
}

// checkStrategyChange wants a new deployment for another capacity provider strategy.
func (s *settings) checkStrategyChange(in *serviceRequest) error {
	if !given(in.CapacityProviderStrategy) || in.ForceNewDeployment {
		return nil
	}
	var next []capacityItem
	if err := read(in.CapacityProviderStrategy, &next); err != nil || slices.Equal(next, s.Capacity) {
		return err
	}
	return invalidParameter("When switching from launch type to capacity provider strategy on an existing service, or making a change to a capacity provider strategy on a service that is already using one, you must force a new deployment.")
}

// runsOn returns the launch type of the tasks.
func (s *settings) runsOn() string {
	switch {
	case s.LaunchType != "" || len(s.Capacity) == 0:
		return s.LaunchType
	case isFargateProvider(lastPart(s.Capacity[0].CapacityProvider)):
		return definition.Fargate
	default:
		return definition.EC2
	}
}

// checkCapacity checks whether the cluster has what the tasks are to run on.
func (r *region) checkCapacity(s *settings, content *definition.Task) error {
	if s.LaunchType != "" && len(s.Capacity) > 0 {
		return invalidParameter("Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.")
	}
	if cluster := r.anyCluster(s.ClusterARN); cluster != nil {
		if err := r.checkItems(s.Capacity, cluster.CapacityProviders); err != nil {
			return err
		}
	}
	switch launchType := s.runsOn(); launchType {
	case definition.Fargate, definition.EC2, "EXTERNAL":
		if !slices.Contains(content.Compatibilities(), launchType) {
			return invalidParameter("Task definition does not support launch_type %s.", launchType)
		}
	default:
		return invalidParameter("launch type should be one of [EC2,FARGATE,EXTERNAL]")
	}
	return s.checkPlatform(content)
}
