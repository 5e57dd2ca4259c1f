// Package config reads tagboat.yaml: the images, services, stages and environments
// of one application and the variables of its templates. Whatever is wrong with the
// file is found when it is read, all of it at once, each with its place and a hint.
package config

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/selection"
	"github.com/tagboat/tagboat/internal/source"
)

// Config is a tagboat.yaml that was read and checked. It does not change after
// that, and is safe for concurrent use.
type Config struct {
	File         string // as given to Load
	Dir          string // absolute; relative paths in the file start here
	App          string
	Registry     string // host; "" where the file names none
	Images       map[tagboat.ImageName]Image
	Services     map[tagboat.ServiceName]Service
	Stages       []Stage // in their order, the first one first
	Environments map[tagboat.EnvName]Environment
	Vars         map[string][]ScopedValue // those of environments among them
	Ledger       Ledger
	Journal      Journal
	Publish      Publish
	Releases     Releases
	Watch        Watch
	Serve        Serve
	Home         Home
	Notify       []Webhook
	Limits       Limits
	missing      []error       // templates of services
	Files        source.Border // where the files that it names, and what they import, may be
}

// Image is a name for a repository with the rule that selects its versions.
type Image struct {
	Name       tagboat.ImageName
	Repository tagboat.Reference // with its host, without tag or digest
	Select     selection.Rule    // the zero value chooses nothing: the command must name a version
	Where      tagboat.Position
}

// Service is an ECS service with its task definition.
type Service struct {
	Name           tagboat.ServiceName
	TaskDefinition string // absolute path of the template; "" where Family is set
	Family         string // a family that is not Tagboat's; "" where TaskDefinition is set
	ServiceFile    string // absolute path of the template of the service; "" where it must exist
	Stack          *Stack // nil where Tagboat deploys to ECS itself
	Express        bool   // Express Mode of ECS made it and changes it, its task definition too
	Containers     map[tagboat.ContainerName]tagboat.ImageName
	// ContainerPlaces says where Containers has each of its entries.
	ContainerPlaces map[tagboat.ContainerName]tagboat.Position
	// DependsOn are services that are deployed before this one in each environment. No
	// service depends on itself through them.
	DependsOn []tagboat.ServiceName
	Where     tagboat.Position
}

// Stage is a tier, such as dev or prod.
type Stage struct {
	Name     tagboat.StageName
	Auto     Auto
	Keep     time.Duration // how long automation leaves a release here before the next
	Until    string        // "verified" where automation waits for the next stage's soak; else ""
	Overtake bool          // automation does not wait for a rollout of its own that is under way
	Gates    Gates
	Confirm  bool         // a person has to say yes before something changes
	Tags     []TagPattern // what pin puts on a version that enters the stage
	Where    tagboat.Position
}

// Gates is what must hold before a version may enter a stage. The zero value lets
// everything pass.
type Gates struct {
	Soak      time.Duration // how long it must have run in the stage before
	Approvals int           // how many people must approve
	Lapse     time.Duration // how long an approval counts
	ScanMax   string        // the worst finding that may pass; "" for any
	Window    *Window       // nil for any time
	Check     *Check        // nil for none
	Labels    []RequiredLabel
	Signature string // absolute path of the public key that must have signed; "" for none
}

// Publish says how images that were built elsewhere are pushed.
type Publish struct {
	Tags []TagPattern // beside the git commit
}

// Window is when a version may enter a stage.
type Window struct {
	Opens Cron
	For   time.Duration
	Zone  *time.Location
}

// Environment is one place to deploy to.
type Environment struct {
	Name   tagboat.EnvName
	Stage  tagboat.StageName
	Tenant string // "" for none
	// Registry is the host of a replica that the environment pulls from; "" for none.
	Registry string
	Account  string // twelve digits, or "" for that of the AWS configuration
	Role     string // ARN, or "" for none to assume
	Region   string // "" for that of the AWS configuration
	Cluster  string
	Vars     map[string]any // its own alone; Config.VarsFor has all that hold in it
	Where    tagboat.Position
}

// RepositoryIn returns an image's repository as an environment pulls from it: in its replica
// where it has one and the image lies in the registry.
func (c *Config) RepositoryIn(env Environment, image tagboat.ImageName) tagboat.Reference {
	ref := c.Images[image].Repository
	if env.Registry != "" && ref.Host == c.Registry {
		ref.Host = env.Registry
	}
	return ref
}

// Environment returns the environment called name. The error is of kind Usage and
// hints at the name that was meant.
func (c *Config) Environment(name string) (Environment, error) {
	if e, ok := c.Environments[tagboat.EnvName(name)]; ok {
		return e, nil
	}
	var known []string
	for _, e := range c.SortedEnvironments() {
		known = append(known, string(e.Name))
	}
	return Environment{}, c.unknown("environment", name, known)
}

// Service returns the service called name. The error is of kind Usage and hints at
// the name that was meant.
func (c *Config) Service(name string) (Service, error) {
	if s, ok := c.Services[tagboat.ServiceName(name)]; ok {
		return s, nil
	}
	return Service{}, c.unknown("service", name, sortedNames(c.Services))
}

// Image returns the image called name. The error is of kind Usage and hints at the
// name that was meant.
func (c *Config) Image(name string) (Image, error) {
	if i, ok := c.Images[tagboat.ImageName(name)]; ok {
		return i, nil
	}
	return Image{}, c.unknown("image", name, sortedNames(c.Images))
}

func (c *Config) unknown(what, name string, known []string) error {
	e := tagboat.Usagef("there is no %s %q in %s", what, name, c.File).WithHint("%s", tagboat.Suggest(name, known))
	if len(known) == 0 {
		e.Hint = fmt.Sprintf("add it under %ss: in %s", what, c.File)
	}
	return e
}

// SortedEnvironments returns the environments in the order of their stages, and in that of
// the file within a stage.
func (c *Config) SortedEnvironments() []Environment {
	order := map[tagboat.StageName]int{}
	for i, s := range c.Stages {
		order[s.Name] = i
	}
	return slices.SortedFunc(maps.Values(c.Environments), func(a, b Environment) int {
		return cmp.Or(cmp.Compare(order[a.Stage], order[b.Stage]), cmp.Compare(a.Where.Line, b.Where.Line),
			cmp.Compare(a.Where.Column, b.Where.Column), cmp.Compare(a.Name, b.Name))
	})
}

// VarsFor returns the variables that hold for a service in an environment, each the
// value with the most specific scope. The service "" stands for none.
func (c *Config) VarsFor(env Environment, service tagboat.ServiceName) map[string]any {
	vars := map[string]any{}
	for name, values := range c.Vars {
		if best := winners(values, env, service); len(best) > 0 {
			vars[name] = best[0].Value
		}
	}
	return vars
}

// VarNames returns the names of all variables, those that hold somewhere only among
// them, sorted.
func (c *Config) VarNames() []string { return sortedNames(c.Vars) }

func sortedNames[K ~string, V any](m map[K]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, string(name))
	}
	slices.Sort(names)
	return names
}
