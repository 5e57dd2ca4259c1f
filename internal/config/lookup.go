package config

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/tagboat/tagboat"
)

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

// SortedEnvironments returns the environments in the order of their stages, and by
// name within a stage.
func (c *Config) SortedEnvironments() []Environment {
	order := map[tagboat.StageName]int{}
	for i, s := range c.Stages {
		order[s.Name] = i
	}
	return slices.SortedFunc(maps.Values(c.Environments), func(a, b Environment) int {
		return cmp.Or(cmp.Compare(order[a.Stage], order[b.Stage]), cmp.Compare(a.Name, b.Name))
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
