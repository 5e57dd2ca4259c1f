package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

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

// String returns the scope in words, such as stage prod, tenant mb; "" for everywhere.
func (s Scope) String() string {
	var words []string
	for _, key := range s.named() {
		words = append(words, key.what+" "+key.name)
	}
	return strings.Join(words, ", ")
}

type scopeKey struct{ what, name string }

// named returns the keys that the scope has.
func (s Scope) named() []scopeKey {
	return slices.DeleteFunc([]scopeKey{
		{"stage", string(s.Stage)}, {"tenant", s.Tenant}, {"environment", string(s.Environment)}, {"service", string(s.Service)},
	}, func(k scopeKey) bool { return k.name == "" })
}

// keys returns how many keys the scope has: the more, the more specific it is.
func (s Scope) keys() int { return len(s.named()) }

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

// Lost is a value of a variable that does not hold, and why.
type Lost struct {
	ScopedValue
	Why       string
	Elsewhere bool // its scope is another one
}

// Choose returns which value of a variable holds for a service in an environment, nil for none, and
// those that do not, in the order of the file.
func (c *Config) Choose(name string, env Environment, service tagboat.ServiceName) (won *ScopedValue, lost []Lost) {
	values := c.Vars[name]
	if best := winners(values, env, service); len(best) > 0 {
		won = &best[0]
	}
	for _, v := range values {
		switch {
		case won != nil && v.Where == won.Where:
		case !v.Scope.holds(env, service):
			lost = append(lost, Lost{v, "it is for " + v.Scope.String(), true})
		default:
			lost = append(lost, Lost{v, "it is less specific than " + won.Scope.String(), false})
		}
	}
	return won, lost
}

// InPaths reports whether the name of a parameter of the ledger has a variable in it.
func (c *Config) InPaths(variable string) bool {
	if slices.Contains([]string{"app", "environment", "stage", "tenant"}, variable) {
		return false // there they stand for what the environment is
	}
	paths := []string{c.Ledger.Holds, c.Ledger.Projections.Path}
	for _, g := range c.Ledger.Groups {
		paths = append(paths, g.Path)
	}
	return slices.ContainsFunc(paths, func(path string) bool { return strings.Contains(path, "{"+variable+"}") })
}
