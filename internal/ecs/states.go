package ecs

// The states of what ECS has, in its own words, as far as Tagboat decides by them.
const (
	// Of a service or a task definition.
	Active   = "ACTIVE"
	Draining = "DRAINING"
	Inactive = "INACTIVE"

	// Of a deployment of a service, and of its rollout.
	Primary          = "PRIMARY"
	RolloutCompleted = "COMPLETED"
	RolloutFailed    = "FAILED"

	// Of a service deployment; Stopped is of a task, too.
	Successful         = "SUCCESSFUL"
	Stopped            = "STOPPED"
	StopRequested      = "STOP_REQUESTED"
	RollbackRequested  = "ROLLBACK_REQUESTED"
	RollbackInProgress = "ROLLBACK_IN_PROGRESS"
	RollbackSuccessful = "ROLLBACK_SUCCESSFUL"
	RollbackFailed     = "ROLLBACK_FAILED"

	// Of a task, and of its health.
	Running   = "RUNNING"
	Unhealthy = "UNHEALTHY"

	// Daemon is the scheduling strategy of one task an instance.
	Daemon = "DAEMON"
)
