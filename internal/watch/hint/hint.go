// Package hint reads what others say happened, and finds whom it concerns:
//
//	event of EventBridge, body of a webhook ──▶ Hint ──▶ Index ──▶ environments and images
//
// A hint is a reason to look, and never what is believed: events come twice, late, out of order or
// not at all, and anybody may send a webhook who knows its secret.
package hint

import (
	"context"
	"errors"
	"time"

	"github.com/tagboat/tagboat"
)

// Hint says where something may have changed, and when.
type Hint struct {
	ID     string // of the event; "" for none
	Source string // ecr, ecs, inspector, event, ghcr, webhook, sweep, schedule, promotion
	Kind   Kind
	// Registry and Repository are of an image; Registry is its host, "" where that is not known.
	Registry   string
	Repository string
	Tag        string // as the event has it, for people alone: often there is none
	Digest     tagboat.Digest
	// Account, Region, Cluster and Service are of ECS, with Deployment its id; what is not known is "".
	Account, Region, Cluster, Service, Deployment string

	At   time.Time // when it happened; the zero time where nobody says
	Text string    // what people should know of it; "" for nothing
}

// Kind is what happened.
type Kind string

// The kinds.
const (
	Pushed     Kind = "push"       // a repository has, or has lost, a version
	Scanned    Kind = "scan"       // a version was scanned
	Replicated Kind = "replicated" // a version arrived in a replica, or from a public registry
	Deployment Kind = "deployment" // a deployment of a service began, ended or waits
	Task       Kind = "task"       // a task of a service started or stopped
	Tick       Kind = "tick"       // time has passed: what is under way goes on
	Everything Kind = "everything" // look at all
)

// Message is what a source hands over: the hints of one message, and how it hears what came of it.
type Message struct {
	Hints []Hint
	// Done is called once: with nil where nothing is left to do for the hints, and else with why
	// the message is to come again: ErrUndone, or what failed. It may be nil. It returns at once.
	Done func(error)
}

// ErrUndone says that the work for a message stopped before its end, and that nothing failed: the
// message goes to another watcher at once.
var ErrUndone = errors.New("not done yet")

// Source hands messages over until its context ends. What keeps it from that it says itself, and
// tries again; an error is one that no trying again mends.
type Source interface {
	Run(ctx context.Context, out chan<- Message) error
}
