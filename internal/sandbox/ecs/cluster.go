package ecs

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/tagboat/tagboat/internal/sandbox/ecs/definition"
	"github.com/tagboat/tagboat/internal/sandbox/rollout"
)

const defaultCluster = "default"

// cluster is a cluster. Settings, providers and configuration are kept as they were
// sent; none of them has an effect.
type cluster struct {
	ARN               string
	Name              string
	Status            string
	Settings          json.RawMessage `json:",omitempty"`
	Configuration     json.RawMessage `json:",omitempty"`
	CapacityProviders []string        `json:",omitempty"`
	Strategy          json.RawMessage `json:",omitempty"`
	ServiceConnect    json.RawMessage `json:",omitempty"`
}

func (r *region) clusterARN(name string) string { return r.scope.ARN("ecs", "cluster/"+name) }

// cluster finds an ACTIVE cluster by name or ARN; "" is the one named default.
func (r *region) cluster(id string) (*cluster, error) {
	c := r.anyCluster(id)
	if c == nil {
		return nil, refused("ClusterNotFoundException", "Cluster not found.")
	}
	if c.Status != active {
		return nil, refused("ClusterNotFoundException", "The referenced cluster was inactive.")
	}
	return c, nil
}

// anyCluster is cluster for INACTIVE ones too; nil if there is none.
func (r *region) anyCluster(id string) *cluster {
	if id == "" {
		id = defaultCluster
	}
	return r.Clusters[strings.TrimPrefix(id, r.clusterARN(""))]
}

type createClusterIn struct {
	ClusterName                                             string
	Tags                                                    []tag
	Settings, Configuration                                 json.RawMessage
	CapacityProviders                                       []string
	DefaultCapacityProviderStrategy, ServiceConnectDefaults json.RawMessage
}

type clusterOut struct {
	Cluster clusterRecord `json:"cluster"`
}

// createCluster answers the cluster that is there if it is ACTIVE, as ECS does.
func (c call) createCluster(in createClusterIn) (clusterOut, error) {
	if in.ClusterName == "" {
		in.ClusterName = defaultCluster
	}
	if !definition.ValidName(in.ClusterName) {
		return clusterOut{}, invalidParameter("Identifier contains invalid characters.")
	}
	if err := c.checkTags(in.Tags); err != nil {
		return clusterOut{}, err
	}
	if old := c.anyCluster(in.ClusterName); old != nil && old.Status == active {
		return clusterOut{Cluster: c.clusterRecord(old, nil)}, nil
	}
	providers, err := c.checkProviders(in.CapacityProviders, in.DefaultCapacityProviderStrategy)
	if err != nil {
		return clusterOut{}, err
	}
	created := &cluster{
		ARN: c.clusterARN(in.ClusterName), Name: in.ClusterName, Status: active,
		Settings: in.Settings, Configuration: in.Configuration,
		CapacityProviders: providers, Strategy: in.DefaultCapacityProviderStrategy,
		ServiceConnect: in.ServiceConnectDefaults,
	}
	c.Clusters[created.Name] = created
	c.addInstances(created)
	c.setTags(created.ARN, in.Tags)
	return clusterOut{Cluster: c.clusterRecord(created, []string{includeTags})}, nil
}

type updateClusterIn struct {
	clusterIn
	Settings, Configuration, ServiceConnectDefaults json.RawMessage
}

// updateCluster changes what the request names, as UpdateClusterSettings does.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateCluster.html
func (c call) updateCluster(changed *cluster, in updateClusterIn) (clusterOut, error) {
	for _, member := range []struct {
		to   *json.RawMessage
		from json.RawMessage
	}{
		{&changed.Settings, in.Settings}, {&changed.Configuration, in.Configuration}, {&changed.ServiceConnect, in.ServiceConnectDefaults},
	} {
		if given(member.from) {
			*member.to = member.from
		}
	}
	return clusterOut{Cluster: c.clusterRecord(changed, []string{"SETTINGS", "CONFIGURATIONS", includeTags})}, nil
}

// clusterIn is the part of a request that names a cluster.
type clusterIn struct{ Cluster string }

func (in clusterIn) clusterID() string { return in.Cluster }

func (c call) deleteCluster(doomed *cluster, _ clusterIn) (clusterOut, error) {
	for _, s := range c.engine.Services(doomed.ARN) {
		if s.Status == active {
			return clusterOut{}, refused("ClusterContainsServicesException", "The Cluster cannot be deleted while Services are active.")
		}
	}
	if len(c.engine.Tasks(rollout.TaskFilter{ClusterARN: doomed.ARN, DesiredStatus: desiredRunning})) > 0 {
		return clusterOut{}, refused("ClusterContainsTasksException", "The Cluster cannot be deleted while Tasks are active.")
	}
	if len(c.engine.Instances(doomed.ARN)) > 0 && c.deps.Strict {
		return clusterOut{}, refused("ClusterContainsContainerInstancesException", "The Cluster cannot be deleted while Container Instances are active or draining.")
	}
	for _, i := range c.engine.Instances(doomed.ARN) {
		c.engine.RemoveInstance(c.deps.Clock.Now(), i.ARN)
	}
	doomed.Status = inactive
	delete(c.Tags, doomed.ARN)
	return clusterOut{Cluster: c.clusterRecord(doomed, nil)}, nil
}

type describeClustersIn struct{ Clusters, Include []string }

type describeClustersOut struct {
	Clusters []clusterRecord `json:"clusters"`
	Failures []failure       `json:"failures"`
}

func (c call) describeClusters(in describeClustersIn) (describeClustersOut, error) {
	if len(in.Clusters) == 0 {
		in.Clusters = []string{defaultCluster}
	}
	if len(in.Clusters) > 100 {
		return describeClustersOut{}, invalidParameter("Clusters cannot have more than 100 elements.")
	}
	out := describeClustersOut{Clusters: []clusterRecord{}, Failures: []failure{}}
	for _, id := range in.Clusters {
		if cluster := c.anyCluster(id); cluster != nil {
			out.Clusters = append(out.Clusters, c.clusterRecord(cluster, in.Include))
			continue
		}
		if !strings.HasPrefix(id, "arn:") {
			id = c.clusterARN(id)
		}
		out.Failures = append(out.Failures, missing(id))
	}
	return out, nil
}

type listClustersOut struct {
	ClusterARNs []string `json:"clusterArns"`
	NextToken   string   `json:"nextToken,omitempty"`
}

func (c call) listClusters(in paging) (listClustersOut, error) {
	arns := []string{}
	for _, cluster := range c.Clusters {
		if cluster.Status == active {
			arns = append(arns, cluster.ARN)
		}
	}
	arns, next, err := pageOfNames(in, arns)
	return listClustersOut{ClusterARNs: arns, NextToken: next}, err
}

// clusterRecord is the Cluster structure of an answer.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Cluster.html
type clusterRecord struct {
	ARN                string          `json:"clusterArn"`
	Name               string          `json:"clusterName"`
	Status             string          `json:"status"`
	ContainerInstances int             `json:"registeredContainerInstancesCount"`
	RunningTasks       int             `json:"runningTasksCount"`
	PendingTasks       int             `json:"pendingTasksCount"`
	ActiveServices     int             `json:"activeServicesCount"`
	Statistics         []nameValue     `json:"statistics"`
	Tags               []tag           `json:"tags"`
	Settings           json.RawMessage `json:"settings"`
	Configuration      json.RawMessage `json:"configuration,omitempty"`
	CapacityProviders  []string        `json:"capacityProviders"`
	Strategy           json.RawMessage `json:"defaultCapacityProviderStrategy"`
	ServiceConnect     json.RawMessage `json:"serviceConnectDefaults,omitempty"`
}

type nameValue struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

func (r *region) clusterRecord(c *cluster, include []string) clusterRecord {
	record := clusterRecord{
		ARN: c.ARN, Name: c.Name, Status: c.Status,
		Statistics:        []nameValue{},
		Tags:              append([]tag{}, r.tagsOf(c.ARN, include)...),
		Settings:          orEmptyList(nil),
		CapacityProviders: append([]string{}, c.CapacityProviders...),
		Strategy:          orEmptyList(c.Strategy),
		ServiceConnect:    c.ServiceConnect,
	}
	record.ContainerInstances = len(r.engine.Instances(c.ARN))
	for _, s := range r.engine.Services(c.ARN) {
		if s.Status == active {
			record.ActiveServices++
		}
	}
	for _, t := range r.engine.Tasks(rollout.TaskFilter{ClusterARN: c.ARN}) {
		switch t.LastStatus {
		case "RUNNING":
			record.RunningTasks++
		case "PROVISIONING", "PENDING", "ACTIVATING":
			record.PendingTasks++
		}
	}
	if slices.Contains(include, "SETTINGS") {
		record.Settings = orEmptyList(c.Settings)
	}
	if slices.Contains(include, "CONFIGURATIONS") {
		record.Configuration = c.Configuration
	}
	if slices.Contains(include, "STATISTICS") {
		record.Statistics = []nameValue{
			{"runningFargateTasksCount", strconv.Itoa(record.RunningTasks)},
			{"pendingFargateTasksCount", strconv.Itoa(record.PendingTasks)},
			{"activeServiceCount", strconv.Itoa(record.ActiveServices)},
		}
	}
	return record
}

// orEmptyList returns the list that a request had, or an empty one as ECS answers it.
func orEmptyList(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 || string(raw) == "null" {
		return json.RawMessage("[]")
	}
	return raw
}
