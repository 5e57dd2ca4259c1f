// Package release makes, keeps and compares releases: immutable sets of versions of all images
// of an application, with the templates and the application's variables that they go with.
//
//	Create: pins, templates, variables ──▶ Content ──▶ artifact in the registry ──▶ number (home)
//	Find:   name, id or the beginning of one ──▶ artifact ──▶ checked against its id ──▶ Release
//	Fleet:  Release + the environments as they are ──▶ what should run in each cell
//
// What belongs to the application is frozen in a release; what belongs to a place is read live.
package release

import (
	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/access"
	"github.com/tagboat/tagboat/internal/cache"
	"github.com/tagboat/tagboat/internal/catalog"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/history"
	"github.com/tagboat/tagboat/internal/home"
)

// Content is what a release consists of. It encodes as JSON, the same content always as the
// same bytes.
type Content struct {
	App      string                          `json:"app"`
	Images   map[tagboat.ImageName]Image     `json:"images"`
	Services map[tagboat.ServiceName]Service `json:"services"`
	Vars     map[string][]Value              `json:"vars,omitempty"`
}

// Image is a version of an image.
type Image struct {
	Repository string         `json:"repository"` // without the host where that is the registry's
	Tag        string         `json:"tag,omitempty"`
	Digest     tagboat.Digest `json:"digest"`
}

// Service is a service with its templates, as they are once Jsonnet and YAML are evaluated and
// with their placeholders.
type Service struct {
	Family     string                                      `json:"family,omitempty"`         // of somebody else's task definition
	Express    bool                                        `json:"express,omitempty"`        // Express Mode owns the service and its task definition
	Stack      *Stack                                      `json:"stack,omitempty"`          // that has the service and its task definition
	Definition string                                      `json:"taskDefinition,omitempty"` // JSON
	Settings   string                                      `json:"service,omitempty"`        // JSON
	Containers map[tagboat.ContainerName]tagboat.ImageName `json:"containers,omitempty"`
	DependsOn  []tagboat.ServiceName                       `json:"dependsOn,omitempty"`
}

// Stack is the stack of CloudFormation that a service is deployed through.
type Stack struct {
	Name       string                       `json:"name"` // with its placeholders
	Resource   string                       `json:"resource,omitempty"`
	Parameters map[string]tagboat.ImageName `json:"parameters,omitempty"`
}

// stackOf returns what a release keeps of a service's stack; nil where it has none.
func stackOf(s *config.Stack) *Stack {
	if s == nil {
		return nil
	}
	return &Stack{Name: s.Name, Resource: s.Resource, Parameters: s.Parameters}
}

// config returns the stack as the configuration has it.
func (s *Stack) config(at tagboat.Position) *config.Stack {
	if s == nil {
		return nil
	}
	places := map[string]tagboat.Position{}
	for key := range s.Parameters {
		places[key] = at
	}
	return &config.Stack{Name: s.Name, Resource: s.Resource, Parameters: s.Parameters, ParameterPlaces: places, Where: at}
}

// owned reports whether exactly one owner of the task definition is named.
func (s Service) owned() bool {
	owners := 0
	for _, owns := range []bool{s.Family != "", s.Definition != "", s.Express, s.Stack != nil} {
		if owns {
			owners++
		}
	}
	return owners == 1
}

// Value is one value of one of the application's variables.
type Value struct {
	Value       any                 `json:"value"`
	Stage       tagboat.StageName   `json:"stage,omitempty"`
	Tenant      string              `json:"tenant,omitempty"`
	Environment tagboat.EnvName     `json:"environment,omitempty"`
	Service     tagboat.ServiceName `json:"service,omitempty"`
}

// Release is one that was read, and whose content is that of its id.
type Release struct {
	Name    string // readable; "" where it was found by its id and nobody knows its name
	ID      tagboat.Digest
	Content Content
	Commit  string
	Notes   string
}

// Releases are those of one application. They are safe for concurrent use.
type Releases struct {
	Fleet    *fleet.Fleet
	Access   *access.Access
	Catalog  *catalog.Catalog
	Home     *home.Home
	Recorder *history.Recorder
	Getenv   func(string) string // tells the commit, in CI systems

	known cache.Recent[tagboat.Digest, Release] // content never changes under its id
}

// Request says what to make a release of.
type Request struct {
	Environment tagboat.EnvName    // whose pins; "" where Images has every image
	Images      []catalog.ImageArg // instead of, or beside those of the environment
	Commit      string             // "" for that of the CI system, or of the git directory around tagboat.yaml
	Notes       string
	DryRun      bool
	// CreateRepository makes the repository of releases in ECR where there is none.
	CreateRepository bool
}
