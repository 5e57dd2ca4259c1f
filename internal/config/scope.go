package config

import (
	"github.com/tagboat/tagboat"
)

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
	Where tagboat.Position
}

// Keys returns how many keys the scope has: the more, the more specific it is.
func (s Scope) Keys() int {
	n := 0
	for _, set := range []bool{s.Stage != "", s.Tenant != "", s.Environment != "", s.Service != ""} {
		if set {
			n++
		}
	}
	return n
}

// Holds tells whether the scope holds for a service in an environment. The service
// "" stands for none: a scope with a service does not hold for it.
func (s Scope) Holds(e Environment, service tagboat.ServiceName) bool {
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
		if !v.Scope.Holds(e, service) {
			continue
		}
		switch {
		case len(best) == 0 || v.Scope.Keys() > best[0].Scope.Keys():
			best = append(best[:0:0], v)
		case v.Scope.Keys() == best[0].Scope.Keys():
			best = append(best, v)
		}
	}
	return best
}
