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
