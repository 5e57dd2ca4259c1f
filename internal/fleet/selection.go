package app

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

// environments returns those that s chooses, in the order of their stages.
func (a *App) environments(s Selection) ([]config.Environment, error) {
	var failed []error
	for _, name := range s.Environments {
		if _, err := a.config.Environment(string(name)); err != nil {
			failed = append(failed, err)
		}
	}
	if len(failed) > 0 {
		return nil, errors.Join(failed...)
	}
	var chosen []config.Environment
	for _, env := range a.config.SortedEnvironments() {
		named := len(s.Environments) == 0 || slices.Contains(s.Environments, env.Name)
		if named && (s.Stage == "" || env.Stage == s.Stage) {
			chosen = append(chosen, env)
		}
	}
	if len(chosen) == 0 {
		return nil, a.noEnvironment(s)
	}
	return chosen, nil
}

func (a *App) noEnvironment(s Selection) error {
	if s.Stage == "" {
		return tagboat.Usagef("%s has no environments", a.config.File).WithHint("add one under environments:")
	}
	var stages []string
	for _, stage := range a.config.Stages {
		stages = append(stages, string(stage.Name))
	}
	if slices.Contains(stages, string(s.Stage)) {
		return tagboat.Usagef("no environment is of stage %s", s.Stage).WithHint("give one stage: %s in %s", s.Stage, a.config.File)
	}
	return tagboat.Usagef("there is no stage %q", s.Stage).WithHint("%s", tagboat.Suggest(string(s.Stage), stages))
}

// services returns those that s chooses, by name.
func (a *App) services(s Selection) ([]config.Service, error) {
	var failed []error
	for _, name := range s.Services {
		if _, err := a.config.Service(string(name)); err != nil {
			failed = append(failed, err)
		}
	}
	if len(failed) > 0 {
		return nil, errors.Join(failed...)
	}
	var chosen []config.Service
	for _, name := range slices.Sorted(maps.Keys(a.config.Services)) {
		if len(s.Services) == 0 || slices.Contains(s.Services, name) {
			chosen = append(chosen, a.config.Services[name])
		}
	}
	return chosen, nil
}
