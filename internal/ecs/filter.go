package ecs

// TaskFilter selects tasks of a cluster for ListTasks.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListTasks.html
type TaskFilter struct {
	Service string // name of the service; must be empty where StartedBy is set
	Family  string // of their task definitions; must be empty where StartedBy is set
	// StartedBy is the id of the deployment that started the tasks. ECS takes it
	// only alone: neither service nor family may go with it.
	StartedBy string
	// DesiredStatus is RUNNING (what ECS takes "" for) or STOPPED; ECS keeps stopped
	// tasks for about an hour. PENDING never matches anything.
	DesiredStatus string
}
