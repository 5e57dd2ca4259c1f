// Package rollout is the sandbox's Amazon ECS scheduler: services, their deployments
// and tasks as one state machine without goroutines, timers or I/O. Whoever holds it
// says what time it is; it does everything that is due by then, in order of time,
// and says when it next has something to do. So a server drives it by a clock, a test
// by hand, and a simulation of ten thousand services as fast as it computes.
//
//	API call ──▶ mutate ──▶ Advance(now) ──▶ transitions in order of time ──▶ Next()
//
// The facts that it imitates stand at each function with their source: Amazon's
// documentation where it says something, public captures of real services where it
// does not. What it leaves out: placement constraints and strategies (tasks spread over
// zones and instances), rebalancing of zones, order and dependencies between a task's containers, restart
// policies, early success, the hooks of rolling updates and those that a rollback would
// call again; a service with another deployment controller than ECS's own has no tasks.
//
// What containers do (start, exit, run out of memory, answer a health check, print) is
// for a Runtime to say; package simulated has one that runs nothing.
package rollout
