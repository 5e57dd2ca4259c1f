// Package explain says in plain words why tasks of an Amazon ECS service do not run:
// what happened, what AWS said of it, and what to change. It only reads values that
// others fetched: stopped tasks, the health of containers and targets, the service's
// events, the last lines of logs.
//
// A cause comes from tasks, targets and stop codes. The words of events are the last
// resort, for what never became a task.
package explain
