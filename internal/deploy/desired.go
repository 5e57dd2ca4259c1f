package deploy

import (
	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/taskdef"
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

	// Definition is the task definition with variables and images filled in.
	Definition taskdef.Definition
	// ServiceDefinition is the input of CreateService; nil where the service is
	// somebody else's to create and to shape.
	ServiceDefinition *taskdef.Definition
	Images            []Image
	// Place and ServicePlace find a member of the task definition and of the service
	// definition in the user's files; nil where there is no file.
	Place, ServicePlace func(path ...string) tagboat.Position
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

// at returns where place has a member as file:line:column, or "".
func at(place func(path ...string) tagboat.Position, path ...string) string {
	if place == nil {
		return ""
	}
	return place(path...).String()
}

// problem returns a problem of the service.
func (d Desired) problem(where, hint, message string) tagboat.Problem {
	return tagboat.Problem{Environment: d.Environment, Service: d.Service, Message: message, Where: where, Hint: hint}
}
