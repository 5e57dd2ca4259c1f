// Package simulated runs containers that do nothing but what the labels of their images
// say. It knows their future, so that a day of it passes as fast as it is computed.
package simulated

import (
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/rollout"
)

// Exit codes of containers that were stopped.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
const (
	killed     = 137 // SIGKILL, also where memory ran out
	terminated = 143 // SIGTERM

	heeds = 2 * time.Second // how soon a container without a label for it heeds SIGTERM
)

// Runtime is a rollout.Runtime without state: what it answers depends on the labels
// alone. It is safe for concurrent use.
type Runtime struct{}

var _ rollout.Runtime = Runtime{}

// Start returns all that the container will do by itself.
func (Runtime) Start(c rollout.Workload) []rollout.ContainerEvent {
	b, err := ParseBehaviour(c.Image.Labels)
	if err != nil {
		return []rollout.ContainerEvent{{Kind: rollout.StartFailed, Text: "CannotStartContainerError: " + err.Error()}}
	}
	events := []rollout.ContainerEvent{{Kind: rollout.Started, After: b.Start}}
	for _, line := range b.Log {
		events = append(events, rollout.ContainerEvent{Kind: rollout.Printed, After: b.Start, Text: line})
	}
	if b.OOM != nil {
		events = append(events, rollout.ContainerEvent{
			Kind: rollout.Exited, After: b.Start + *b.OOM, Code: killed,
			Text: "OutOfMemoryError: Container killed due to memory usage",
		})
	}
	if b.Exit != nil {
		events = append(events, rollout.ContainerEvent{Kind: rollout.Exited, After: b.Start + b.Exit.After, Code: b.Exit.Code})
	}
	return events
}

// Check returns all that the probe will conclude.
func (Runtime) Check(c rollout.Workload, p rollout.Probe) []rollout.ContainerEvent {
	b, err := ParseBehaviour(c.Image.Labels)
	if err != nil {
		return nil
	}
	var events []rollout.ContainerEvent
	for _, v := range conclusions(p, &b, c.Age) {
		events = append(events, rollout.ContainerEvent{Kind: rollout.HealthChanged, After: v.After, Healthy: v.Healthy})
	}
	return events
}

// Stop returns how and when the container heeds SIGTERM, or is killed.
func (Runtime) Stop(c rollout.Workload, timeout time.Duration) []rollout.ContainerEvent {
	exit := Exit{Code: terminated, After: heeds}
	if b, err := ParseBehaviour(c.Image.Labels); err == nil && b.Stop != nil {
		exit = *b.Stop
	}
	if exit.After >= timeout {
		exit = Exit{Code: killed, After: timeout}
	}
	return []rollout.ContainerEvent{{Kind: rollout.Exited, After: exit.After, Code: exit.Code}}
}
