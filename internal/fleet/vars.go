package fleet

import (
	"errors"
	"slices"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
)

// CheckVars returns an error of kind Usage for each variable that no template uses, nor a path of
// the ledger. Where a template cannot be read nobody knows what it uses, and there is none. It
// makes no call.
func (f *Fleet) CheckVars() error {
	used, err := f.usedVars()
	if err != nil {
		return nil //nolint:nilerr // whoever needs the template reports it
	}
	var failed []error
	for _, name := range f.Config.VarNames() {
		if len(used[name]) > 0 || f.Config.InPaths(name) {
			continue
		}
		failed = append(failed, tagboat.Usagef("no template uses the variable %q, nor a path of the ledger", name).
			At(f.Config.Vars[name][0].Where).WithHint("remove it, or use it in a template: ${vars.%s}", name))
	}
	return errors.Join(failed...)
}

// usedVars returns the services whose templates use a variable, by its name.
func (f *Fleet) usedVars() (map[string][]tagboat.ServiceName, error) {
	services, err := f.Services(Selection{})
	if err != nil {
		return nil, err
	}
	templates, err := f.Source.Templates(services)
	if err != nil {
		return nil, err
	}
	used := map[string][]tagboat.ServiceName{}
	for _, service := range services {
		for _, name := range templates[service.Name].vars() {
			used[name] = append(used[name], service.Name)
		}
	}
	return used, nil
}

// vars returns the variables that templates use, each once.
func (t Templates) vars() []string {
	var names []string
	if t.Definition != nil {
		names = t.Definition.Used().Vars
	}
	if t.Service != nil {
		names = append(names, t.Service.Used().Vars...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Vars returns which value of each variable holds in an environment, for which services, and which
// do not, and why. Services are those to look at; none for all. What is wrong with the files is an
// error of kind Usage. It makes no call.
func (f *Fleet) Vars(env config.Environment, services []tagboat.ServiceName) (tagboat.VarsDocument, error) {
	chosen, err := f.Services(Selection{Services: services})
	if err != nil {
		return tagboat.VarsDocument{}, err
	}
	used, err := f.usedVars()
	if err != nil {
		return tagboat.VarsDocument{}, err
	}
	if err := f.CheckVars(); err != nil {
		return tagboat.VarsDocument{}, err
	}
	if len(chosen) == 0 {
		chosen = []config.Service{{}} // what holds for none still holds for the ledger
	}
	document := tagboat.VarsDocument{Environment: env.Name, Vars: []tagboat.Var{}}
	for _, name := range f.Config.VarNames() {
		document.Vars = append(document.Vars, f.values(name, env, chosen, used[name])...)
	}
	return document, nil
}

// values returns the values of a variable, each with the services that it holds for: none where
// that is all of the file.
func (f *Fleet) values(name string, env config.Environment, services []config.Service, used []tagboat.ServiceName) []tagboat.Var {
	var all []tagboat.Var
	for _, service := range services {
		v := f.value(name, env, service.Name)
		i := slices.IndexFunc(all, func(other tagboat.Var) bool { return other.Where == v.Where })
		if i < 0 {
			i, all = len(all), append(all, v)
		}
		all[i].Services = append(all[i].Services, service.Name)
		if slices.Contains(used, service.Name) {
			all[i].UsedBy = append(all[i].UsedBy, service.Name)
		}
	}
	if len(all) == 1 && len(all[0].Services) >= len(f.Config.Services) {
		all[0].Services = []tagboat.ServiceName{}
	}
	return all
}

// value returns the value that a variable has for a service.
func (f *Fleet) value(name string, env config.Environment, service tagboat.ServiceName) tagboat.Var {
	won, lost := f.Config.Choose(name, env, service)
	v := tagboat.Var{Name: name, UsedBy: []tagboat.ServiceName{}, Lost: []tagboat.LostVar{}}
	if won != nil {
		v.Value, v.Scope, v.Where = won.Value, won.Scope.String(), won.Where.String()
	}
	for _, l := range lost {
		v.Lost = append(v.Lost, tagboat.LostVar{Value: l.Value, Scope: l.Scope.String(), Where: l.Where.String(), Why: l.Why, Elsewhere: l.Elsewhere})
	}
	return v
}
