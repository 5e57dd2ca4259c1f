package hint

import (
	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
)

// Index finds whom a hint concerns, by the configuration alone: it makes no call, and what it costs
// does not grow with the number of services or environments that do not use an image.
type Index struct{}

// Place is an environment that a hint concerns.
type Place struct {
	Environment tagboat.EnvName
	Images      []tagboat.ImageName // whose newest versions are to be looked at; none where that is not the point
}

// NewIndex returns the index of a configuration. located tells where an environment is, whose
// account and region tagboat.yaml may leave to the AWS configuration; "" where that is not known.
func NewIndex(c *config.Config, located func(config.Environment) (account, region string)) *Index {
	panic("to be written")
}

// Places returns whom a hint concerns, in the order of their names. Of a push those are the environments whose stage is
// given the newest versions and whose services use the image; of a scan or a replica all that automation
// brings something to; of ECS those in the cluster.
func (x *Index) Places(h Hint) []Place { panic("to be written") }
