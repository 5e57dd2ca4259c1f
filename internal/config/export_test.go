package config

import (
	"os"

	"github.com/tagboat/tagboat/internal/source"
)

// LoadAhead is Load that reads what there is no code for yet, too.
func LoadAhead(path string) (*Config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	root, err := source.Parse(path, data)
	if err != nil {
		return nil, err
	}
	return build(path, root, true)
}

// ParseCron is parseCron, for tests.
var ParseCron = parseCron
