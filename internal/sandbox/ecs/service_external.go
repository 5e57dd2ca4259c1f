package ecs

// external tells whether the request is for a service whose tasks come from task sets
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
