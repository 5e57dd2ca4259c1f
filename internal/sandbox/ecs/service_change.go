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
	if arns, same, ok := c.recall(once); ok && same {
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
	service, err := c.engine.CreateService(c.deps.Clock.Now(), spec)
	if err != nil {
		return serviceOut{}, err
	}
	delete(c.Tags, s.ARN)
	delete(c.Managed, s.ARN)
	if c.managing {
		c.Managed[s.ARN] = true
	}
	c.setTags(s.ARN, in.Tags)
	c.remember(once, []string{s.ARN})
	return c.serviceOut(service), nil
}

// checkNew checks whether the cluster can have a new service of that name.
func (c call) checkNew(cluster *cluster, in *serviceRequest) error {
	if in.ServiceName == "" {
		return invalidParameter("Service name can not be blank.")
	}
	if !definition.ValidName(in.ServiceName) {
		return invalidParameter("Service name contains invalid characters.")
	}
	if err := c.checkTags(in.Tags); err != nil {
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

// external reports whether the request is for a service whose tasks come from task sets
// alone, so that it may name no task definition.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-external.html
func (in *serviceRequest) external() bool {
	return in.DeploymentController != nil && in.DeploymentController.Type == "EXTERNAL"
}

// createExternal makes a service that never has a task here: the sandbox has no task
// sets.
func (c call) createExternal(cluster *cluster, in *serviceRequest, once token) (serviceOut, error) {
	if in.TaskDefinition != nil {
		return serviceOut{}, invalidParameter("A task definition cannot be specified for a service with an EXTERNAL deployment controller. Specify it in a task set.")
	}
	s, err := c.newSettings(cluster, "", in)
	if err == nil {
		err = checkScheduling(s, nil)
	}
	if err != nil {
		return serviceOut{}, err
	}
	return c.make(s, nil, in, once)
}

// updateService changes what the request names and keeps the rest. The scheduler
// decides whether that starts a deployment.
func (c call) updateService(in serviceRequest) (serviceOut, error) {
	old, err := c.activeService(in.Cluster, in.Service)
	if err != nil {
		return serviceOut{}, err
	}
	s := settingsOf(old)
	if err := c.checkManaged(s.ARN, &in); err != nil {
		return serviceOut{}, err
	}
	in.LaunchType = nil // UpdateService does not have it
	if err := in.checkUpdate(s); err != nil {
		return serviceOut{}, err
	}
	task, content, err := c.updatedTask(s, &in)
	if err != nil {
		return serviceOut{}, err
	}
	if err := s.apply(&in); err != nil {
		return serviceOut{}, err
	}
	if content != nil {
		if err := c.checkExec(s.Other.Exec, content, "The service couldn't be updated"); err != nil {
			return serviceOut{}, err
		}
	}
	if content == nil {
		err = checkScheduling(s, nil)
	} else {
		err = c.check(s, content)
	}
	if err != nil {
		return serviceOut{}, err
	}
	spec, err := s.spec(task)
	if err != nil {
		return serviceOut{}, err
	}
	spec.Places = c.places(s.Revision.Network)
	updated, err := c.engine.UpdateService(c.deps.Clock.Now(), s.ARN, spec, in.ForceNewDeployment)
	if err != nil {
		return serviceOut{}, err
	}
	return c.serviceOut(updated), nil
}

// checkManaged refuses what nobody but Express Mode changes of its services: "Both sets of APIs
// operate on the same underlying infrastructure", except that "deployment strategy can not be
// updated on Express Mode services" and "load balancer configurations can not be updated".
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/express-service-advanced-customization.html
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/express-service-work.html
func (c call) checkManaged(arn string, in *serviceRequest) error {
	member := ""
	switch {
	case !c.Managed[arn] || c.managing:
		return nil
	case in.LoadBalancers != nil:
		member = "loadBalancers"
	case in.DeploymentConfiguration != nil:
		member = "deploymentConfiguration"
	default:
		return nil
	}
	return invalidParameter("%s has ResourceManagementType=ECS: %s cannot be updated", arn, member)
}

// checkUpdate refuses updates whatever their members say.
func (in *serviceRequest) checkUpdate(s *settings) error {
	if err := in.checkController(s.Controller); err != nil {
		return err
	}
	if err := in.checkDesired(s.Scheduling, false); err != nil {
		return err
	}
	return s.checkStrategyChange(in)
}

// updatedTask returns the task definition that the service is to run: the one asked
// for, or the one that it has, INACTIVE or not.
func (c call) updatedTask(s *settings, in *serviceRequest) (*rollout.TaskSpec, *definition.Task, error) {
	if in.TaskDefinition == nil && s.Controller == "EXTERNAL" {
		return nil, nil, nil
	}
	if in.TaskDefinition == nil {
		d := c.taskDefinition(s.TaskDefinition)
		if d == nil {
			return nil, nil, clientError("TaskDefinition not found.")
		}
		return d.taskSpec(), d.content(), nil
	}
	d, err := c.launchable(*in.TaskDefinition)
	if err != nil {
		return nil, nil, err
	}
	s.TaskDefinition = d.ARN
	return d.taskSpec(), d.content(), nil
}

// activeService finds the service that a changing call is about.
func (c call) activeService(clusterID, id string) (*rollout.Service, error) {
	cluster, err := c.cluster(clusterID)
	if err != nil {
		return nil, err
	}
	s := c.service(cluster, id)
	if s == nil {
		return nil, serviceNotFound()
	}
	if s.Status != active {
		return nil, refused("ServiceNotActiveException", "Service was not ACTIVE.")
	}
	return s, nil
}

type deleteServiceIn struct {
	clusterIn
	Service string
	Force   bool
}

// deleteService begins to end a service. One that ends or has ended already is answered
// as it is: https://github.com/aws/aws-sdk-js/issues/4189
func (c call) deleteService(cluster *cluster, in deleteServiceIn) (serviceOut, error) {
	s := c.service(cluster, in.Service)
	if s == nil {
		return serviceOut{}, serviceNotFound()
	}
	if c.Managed[s.Spec.ARN] && !c.managing { // aws-nuke#982
		return serviceOut{}, invalidParameter("%s has ResourceManagementType=ECS use DeleteExpressGatewayService to delete", s.Spec.ARN)
	}
	if s.Status != active {
		return c.serviceOut(s), nil
	}
	if s.Spec.Desired > 0 && s.Spec.Strategy != rollout.Daemon && !in.Force {
		return serviceOut{}, invalidParameter("The service cannot be stopped while it is scaled above 0.")
	}
	deleted, err := c.engine.DeleteService(c.deps.Clock.Now(), s.Spec.ARN, in.Force)
	if err != nil {
		return serviceOut{}, err
	}
	return c.serviceOut(deleted), nil
}
