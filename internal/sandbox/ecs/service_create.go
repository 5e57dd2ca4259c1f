package ecs

import (
	"cmp"
	"encoding/json"
	"strings"

	"github.com/tagboat/tagboat/internal/sandbox/ecs/definition"
	"github.com/tagboat/tagboat/internal/sandbox/rollout"
)

type serviceOut struct {
	Service serviceRecord `json:"service"`
}

// createService makes a service. A call with the client token of an earlier one
// answers the service that it made.
func (c call) createService(in serviceRequest) (serviceOut, error) {
	once, err := newToken("CreateService", in.ClientToken, in)
	if err != nil {
		return serviceOut{}, err
	}
	if arns, same, ok := c.made(once); ok && same {
		if s := c.engine.Service(arns[0]); s != nil && s.Status == active {
			return c.serviceOut(s), nil
		}
	}
	cluster, err := c.cluster(in.Cluster)
	if err != nil {
		return serviceOut{}, err
	}
	if err := c.checkNew(cluster, &in); err != nil {
		return serviceOut{}, err
	}
	if in.external() {
		return c.createExternal(cluster, &in, once)
	}
	definition, err := c.launchable(deref(in.TaskDefinition))
	if err != nil {
		return serviceOut{}, err
	}
	content := definition.content()
	if err := c.checkExec(in.EnableExecuteCommand != nil && *in.EnableExecuteCommand, content, "The service couldn't be created"); err != nil {
		return serviceOut{}, err
	}
	s, err := c.newSettings(cluster, definition.ARN, &in)
	if err == nil {
		err = c.check(s, content)
	}
	if err != nil {
		return serviceOut{}, err
	}
	return c.make(s, definition.taskSpec(), &in, once)
}

// make gives the scheduler a service that was checked.
func (c call) make(s *settings, task *rollout.TaskSpec, in *serviceRequest, once token) (serviceOut, error) {
	spec, err := s.spec(task)
	if err != nil {
		return serviceOut{}, err
	}
	spec.Places = c.places(s.Revision.Network)
	made, err := c.engine.CreateService(c.deps.Clock.Now(), spec)
	if err != nil {
		return serviceOut{}, err
	}
	delete(c.Tags, s.ARN)
	c.setTags(s.ARN, in.Tags)
	c.remember(once, []string{s.ARN})
	return c.serviceOut(made), nil
}

// checkNew tells why there can be no service of that name in the cluster.
func (c call) checkNew(cluster *cluster, in *serviceRequest) error {
	if in.ServiceName == "" {
		return invalidParameter("Service name can not be blank.")
	}
	if !definition.ValidName(in.ServiceName) {
		return invalidParameter("Service name contains invalid characters.")
	}
	if err := checkTags(in.Tags); err != nil {
		return err
	}
	if err := in.checkDesired(cmp.Or(in.SchedulingStrategy, rollout.Replica), true); err != nil {
		return err
	}
	old := c.engine.Service(c.serviceARN(cluster, in.ServiceName))
	switch {
	case old == nil || old.Status == inactive:
		return nil
	case old.Status == active:
		return invalidParameter("Creation of service was not idempotent.")
	default:
		return invalidParameter("Unable to Start a service that is still Draining.")
	}
}

func (c call) newSettings(cluster *cluster, definition string, in *serviceRequest) (*settings, error) {
	s := &settings{
		ARN:            c.serviceARN(cluster, in.ServiceName),
		Name:           in.ServiceName,
		ClusterARN:     cluster.ARN,
		TaskDefinition: definition,
		Controller:     "ECS",
		Scheduling:     cmp.Or(in.SchedulingStrategy, rollout.Replica),
		Other: otherMembers{
			CreatedBy: c.caller.ARN, Role: in.Role, Propagate: "NONE",
		},
	}
	if in.DeploymentController != nil {
		s.Controller = cmp.Or(in.DeploymentController.Type, s.Controller)
	}
	if err := s.apply(in); err != nil {
		return nil, err
	}
	if err := s.defaultCapacity(cluster.Strategy); err != nil {
		return nil, err
	}
	if s.Other.Rebalancing == "" {
		s.Other.Rebalancing = s.defaultRebalancing()
	}
	return s, nil
}

// defaultRebalancing is ENABLED for new services that can have it.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html
func (s *settings) defaultRebalancing() string {
	if s.cannotRebalance() != "" {
		return disabled
	}
	return enabled
}

// defaultCapacity takes the cluster's strategy, or EC2 where it has none, unless the
// request says where to run.
func (s *settings) defaultCapacity(strategy json.RawMessage) error {
	if s.LaunchType != "" || len(s.Capacity) > 0 {
		return nil
	}
	if err := read(strategy, &s.Capacity); err != nil {
		return err
	}
	if len(s.Capacity) == 0 {
		s.LaunchType = definition.EC2
	}
	return nil
}

func (r *region) serviceARN(cluster *cluster, name string) string {
	return r.scope.ARN("ecs", "service/"+cluster.Name+"/"+name)
}

// service finds a service by name or ARN, in either form, in a cluster.
func (r *region) service(cluster *cluster, id string) *rollout.Service {
	name := id
	if strings.HasPrefix(id, "arn:") {
		if !strings.HasPrefix(id, r.scope.ARN("ecs", "service/")) {
			return nil
		}
		if name = lastPart(id); strings.Count(id, "/") == 2 && id != r.serviceARN(cluster, name) {
			return nil
		}
	}
	return r.engine.Service(r.serviceARN(cluster, name))
}

func (c call) serviceOut(s *rollout.Service) serviceOut {
	return serviceOut{Service: c.serviceRecord(s, []string{includeTags})}
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
