package tagboat

import (
	"regexp"
	"sync"
)

// The names that a user gives in tagboat.yaml. They are checked once, when the
// file or the command line is read, and trusted after that.
type (
	// EnvName names an environment: one place to deploy.
	EnvName string
	// StageName names a stage: a tier such as dev, staging or prod.
	StageName string
	// ServiceName names a service of tagboat.yaml.
	ServiceName string
	// ImageName names an image of tagboat.yaml; it may contain slashes.
	ImageName string
	// ContainerName names a container of a task definition.
	ContainerName string
)

var (
	namePattern      = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9._-]{0,99}$`) })
	imageNamePattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9._/-]{0,254}$`) })
)

// ValidName reports whether s can name an environment, a stage, a tenant or a service.
func ValidName(s string) bool { return namePattern().MatchString(s) }

// ValidImageName reports whether s can name an image.
func ValidImageName(s string) bool { return imageNamePattern().MatchString(s) }
