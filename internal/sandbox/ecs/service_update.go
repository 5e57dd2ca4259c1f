package ecs

import (
	"github.com/tagboat/tagboat/internal/sandbox/ecs/definition"
	"github.com/tagboat/tagboat/internal/sandbox/rollout"
)

// updateService changes what the request names and keeps the rest. The scheduler
// decides whether that starts a deployment.
func (c call) updateService(in serviceRequest) (serviceOut, error) {
	old, err := c.activeService(in.Cluster, in.Service)
	if err != nil {
		return serviceOut{}, err
	}
	s := settingsOf(old)
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

// checkUpdate tells what of an update ECS refuses, whatever it says.
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
		return nil, serviceNotActive()
	}
	return s, nil
}

type deleteServiceIn struct {
	Cluster string
	Service string
	Force   bool
}

// deleteService begins to end a service. One that ends or has ended already is answered
// as it is: https://github.com/aws/aws-sdk-js/issues/4189
func (c call) deleteService(in deleteServiceIn) (serviceOut, error) {
	cluster, err := c.cluster(in.Cluster)
	if err != nil {
		return serviceOut{}, err
	}
	s := c.service(cluster, in.Service)
	if s == nil {
		return serviceOut{}, serviceNotFound()
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
