// Package config reads tagboat.yaml: the images, services, stages and environments
// of one application and the variables of its templates. Whatever is wrong with the
// file is found when it is read, all of it at once, each with its place and a hint.
package config

import (
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/selection"
	"github.com/tagboat/tagboat/internal/source"
)

// Config is a tagboat.yaml that was read and checked. It is not changed after that,
// so any number of goroutines may read it.
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
	Notify       []Webhook
	Limits       Limits
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
	Family         string // the family that somebody else owns; "" where TaskDefinition is set
	ServiceFile    string // absolute path of the template of the service; "" where it must exist
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
	Name  tagboat.StageName
	Auto  string // newest, upstream, or "" where only people move it
	Gates Gates
	Tags  []TagPattern // what pin puts on a version that enters the stage
	Where tagboat.Position
}

// Gates is what must hold before a version may enter a stage. The zero value lets
// everything pass.
type Gates struct {
	Soak      time.Duration // how long it must have run in the stage before
	Approvals int           // how many people must approve
	ScanMax   string        // the worst finding that may pass; "" for any
	Window    *Window       // nil for any time
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
	Name    tagboat.EnvName
	Stage   tagboat.StageName
	Tenant  string // "" for none
	Account string // twelve digits, or "" for that of the AWS configuration
	Role    string // ARN, or "" for none to assume
	Region  string // "" for that of the AWS configuration
	Cluster string
	Vars    map[string]any // its own alone; Config.VarsFor has all that hold in it
	Where   tagboat.Position
}
