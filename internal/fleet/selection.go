package fleet

import (
	"errors"
	"maps"
	"slices"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
)

// Selection chooses environments and services. Empty lists and names choose all.
type Selection struct {
	Environments []tagboat.EnvName
	Stage        tagboat.StageName
	Services     []tagboat.ServiceName
}

// Environments returns those that s chooses, in the order of their stages.
func (f *Fleet) Environments(s Selection) ([]config.Environment, error) {
	var failed []error
	for _, name := range s.Environments {
		if _, err := f.Config.Environment(string(name)); err != nil {
			failed = append(failed, err)
		}
	}
	if len(failed) > 0 {
		return nil, errors.Join(failed...)
	}
	var chosen []config.Environment
	for _, env := range f.Config.SortedEnvironments() {
		named := len(s.Environments) == 0 || slices.Contains(s.Environments, env.Name)
		if named && (s.Stage == "" || env.Stage == s.Stage) {
			chosen = append(chosen, env)
		}
	}
	if len(chosen) == 0 {
		return nil, f.noEnvironment(s)
	}
	return chosen, nil
}

func (f *Fleet) noEnvironment(s Selection) error {
	if s.Stage == "" {
		return tagboat.Usagef("%s has no environments", f.Config.File).WithHint("add one under environments:")
	}
	var stages []string
	for _, stage := range f.Config.Stages {
		stages = append(stages, string(stage.Name))
	}
	if slices.Contains(stages, string(s.Stage)) {
		return tagboat.Usagef("no environment is of stage %s", s.Stage).WithHint("give one stage: %s in %s", s.Stage, f.Config.File)
	}
	return tagboat.Usagef("there is no stage %q", s.Stage).WithHint("%s", tagboat.Suggest(string(s.Stage), stages))
}

// Services returns those that s chooses, by name.
func (f *Fleet) Services(s Selection) ([]config.Service, error) {
	var failed []error
	for _, name := range s.Services {
		if _, err := f.Config.Service(string(name)); err != nil {
			failed = append(failed, err)
		}
	}
	if len(failed) > 0 {
		return nil, errors.Join(failed...)
	}
	var chosen []config.Service
	for _, name := range slices.Sorted(maps.Keys(f.Config.Services)) {
		if len(s.Services) == 0 || slices.Contains(s.Services, name) {
			chosen = append(chosen, f.Config.Services[name])
		}
	}
	return chosen, nil
}
