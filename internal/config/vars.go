package config

import (
	"fmt"
	"maps"
	"slices"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/source"
)

func (b *builder) vars() {
	b.config.Vars = map[string][]ScopedValue{}
	for _, entry := range b.file.Vars {
		b.varName(entry.Name, entry.At)
		for _, from := range entry.Value {
			b.checkScope(from)
			b.config.Vars[entry.Name] = append(b.config.Vars[entry.Name], ScopedValue{
				Value: from.Value.Value(),
				Scope: Scope{
					Stage:       tagboat.StageName(from.Stage.Value),
					Tenant:      from.Tenant.Value,
					Environment: tagboat.EnvName(from.Environment.Value),
					Service:     tagboat.ServiceName(from.Service.Value),
				},
				Where: from.Where,
			})
		}
	}
	for _, env := range b.file.Environments {
		for _, v := range env.Value.Vars {
			b.varName(v.Name, v.At)
			b.config.Vars[v.Name] = append(b.config.Vars[v.Name], ScopedValue{
				Value: v.Value.Value(),
				Scope: Scope{Environment: tagboat.EnvName(env.Name)},
				Own:   true,
				Where: v.At,
			})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(b.config.Vars)) {
		b.ties(name, b.config.Vars[name])
	}
}

func (b *builder) varName(name string, at tagboat.Position) {
	if !tagboat.ValidName(name) {
		b.problem(at, "%q cannot be the name of a variable", name).hint(nameHint)
	}
}

func (b *builder) checkScope(from fileScopedValue) {
	var tenants []string
	for _, e := range b.config.Environments {
		if e.Tenant != "" && !slices.Contains(tenants, e.Tenant) {
			tenants = append(tenants, e.Tenant)
		}
	}
	slices.Sort(tenants)
	for _, key := range []struct {
		what  string
		name  source.Text
		known []string
	}{
		{"stage", from.Stage, b.stageNames()},
		{"tenant", from.Tenant, tenants},
		{"environment", from.Environment, entryNames(b.file.Environments)},
		{"service", from.Service, entryNames(b.file.Services)},
	} {
		if key.name.At.File != "" && !slices.Contains(key.known, key.name.Value) {
			b.unknown(key.what, key.name, key.known)
		}
	}
}

// ties notes the first tie of every pair of values that some environment and service
// meet: values with the same number of keys and none with more that would win.
func (b *builder) ties(name string, values []ScopedValue) {
	seen := map[string]bool{}
	for i, v := range values {
		for _, other := range values[:i] {
			if v.Scope == other.Scope {
				b.tie(name, "with the same scope", []ScopedValue{other, v}, seen)
			}
		}
	}
	for _, env := range b.config.SortedEnvironments() {
		for _, service := range append([]string{""}, entryNames(b.file.Services)...) {
			best := winners(values, env, tagboat.ServiceName(service))
			if len(best) < 2 {
				continue
			}
			how := fmt.Sprintf("that are equally specific in %s", env.Name)
			if service != "" {
				how += " for the service " + service
			}
			b.tie(name, how, best, seen)
		}
	}
}

func (b *builder) tie(name, how string, best []ScopedValue, seen map[string]bool) {
	first, second := best[0].Where, best[1].Where
	pair := first.String() + " " + second.String()
	if seen[pair] {
		return
	}
	seen[pair] = true
	b.problem(second, "the variable %q has two values %s: this one and the one at %s", name, how, first).
		hint("remove one, or add one that says more: the scope with the most keys wins")
}

// Scope is where a variable's value holds. A key that is "" holds everywhere.
type Scope struct {
	Stage       tagboat.StageName
	Tenant      string
	Environment tagboat.EnvName
	Service     tagboat.ServiceName
}

// ScopedValue is one value of a variable with its scope.
type ScopedValue struct {
	Value any // as encoding/json decodes it, with json.Number for numbers
	Scope Scope
	// Own says that it is one of the environment's own vars, and not of the application's.
	Own   bool
	Where tagboat.Position
}

// keys returns how many keys the scope has: the more, the more specific it is.
func (s Scope) keys() int {
	n := 0
	for _, set := range []bool{s.Stage != "", s.Tenant != "", s.Environment != "", s.Service != ""} {
		if set {
			n++
		}
	}
	return n
}

// holds reports whether the scope holds for a service in an environment. The service
// "" stands for none: a scope with a service does not hold for it.
func (s Scope) holds(e Environment, service tagboat.ServiceName) bool {
	return (s.Stage == "" || s.Stage == e.Stage) &&
		(s.Tenant == "" || s.Tenant == e.Tenant) &&
		(s.Environment == "" || s.Environment == e.Name) &&
		(s.Service == "" || s.Service == service)
}

// winners returns the values with the most specific scope of those that hold: none,
// one, or several where they tie.
func winners(values []ScopedValue, e Environment, service tagboat.ServiceName) []ScopedValue {
	var best []ScopedValue
	for _, v := range values {
		if !v.Scope.holds(e, service) {
			continue
		}
		switch {
		case len(best) == 0 || v.Scope.keys() > best[0].Scope.keys():
			best = append(best[:0:0], v)
		case v.Scope.keys() == best[0].Scope.keys():
			best = append(best, v)
		}
	}
	return best
}
