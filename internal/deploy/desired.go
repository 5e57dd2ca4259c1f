package deploy

import (
	"context"
	"encoding/json"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/taskdef"
	"github.com/tagboat/tagboat/internal/taskdef/lint"
)

// Desired is what should run as one service in one environment.
type Desired struct {
	Environment tagboat.EnvName
	Service     tagboat.ServiceName
	Stage       tagboat.StageName
	Tenant      string

	Cluster     string // name or ARN
	ServiceName string // in ECS
	Region      string // of the environment; log groups elsewhere are not checked

	// DependsOn are services of the same environment that begin and end well before
	// this one begins, where they are deployed in the same run.
	DependsOn []tagboat.ServiceName

	// Definition is the task definition with variables and images filled in.
	Definition taskdef.Definition
	// Revision is the ARN of the revision that Definition was read from, for who goes back
	// to it; "" otherwise. It is used as it is while it is ACTIVE.
	Revision string
	// Former is the service revision's record that Revision ran with, for who goes back to it:
	// its settings count, and not those of the user's files. Nil otherwise.
	Former json.RawMessage
	// LeftOut names members that a revision had which Definition was made from, and that
	// cannot be registered again.
	LeftOut []string
	// Stack is the stack that the service is deployed through. It has the task definition, so that
	// Definition is unknown until the stack has been read. Nil if the service is deployed to ECS itself.
	Stack *Stack
	// ServiceDefinition is the input of CreateService; nil where the service is
	// somebody else's to create and to shape.
	ServiceDefinition *taskdef.Definition
	Images            []Image
	// Express says that Express Mode of ECS owns the service and its task definition, which then is
	// the one that it has, with other images.
	Express bool
	// FirstPinned returns when the pinned version of an image was pinned in the environment
	// for the first time, by AWS's clock. It is zero where nobody knows; so it is where
	// FirstPinned is nil.
	FirstPinned func(ctx context.Context, image Image) time.Time
	// Unseen says that one of the versions was pushed just now and no deployment has brought it, so
	// that no revision can have it and none is looked for.
	Unseen bool
	// Where finds a member of the task definition or, for a path that starts with
	// "service", of the service definition in the user's files; nil where unknown.
	Where func(path ...string) tagboat.Position
	// Files returns the files as they are rendered, for what can be told from them; nil
	// where there are none.
	Files func() lint.Files
}

// Image is what one container should run.
type Image struct {
	Container tagboat.ContainerName
	Image     tagboat.ImageName
	Pinned    tagboat.Reference // with its digest
}

// Target is a service to deploy, and the account and region to do it in.
type Target struct {
	Desired Desired
	Client  *Client
}

// goingBack returns d with the settings that the service had in place of the files': who
// goes back undoes what a file brought, and a file that is broken is no reason not to.
// A service that is not there any more is made from its file.
func (d Desired) goingBack(o Observed) (Desired, error) {
	if d.Former == nil || o.Service == nil || d.Express {
		return d, nil
	}
	d.Files, d.Where = nil, nil
	former, err := taskdef.FormerService(d.Former, o.Service.Record)
	d.ServiceDefinition = &former
	return d, err
}

// where returns the place of a member as file:line:column, or "".
func (d Desired) where(path ...string) string {
	return d.place(path...).String()
}

// place returns the place of a member, zero where unknown.
func (d Desired) place(path ...string) tagboat.Position {
	if d.Where == nil {
		return tagboat.Position{}
	}
	return d.Where(path...)
}

// problemAt returns a problem of the service with the line that it is about.
func (d Desired) problemAt(at tagboat.Position, hint, message string) tagboat.Problem {
	p := d.problem(at.String(), hint, message)
	p.At = at
	return p
}

// problem returns a problem of the service.
func (d Desired) problem(where, hint, message string) tagboat.Problem {
	return tagboat.Problem{Environment: d.Environment, Service: d.Service, Message: message, Where: where, Hint: hint}
}
