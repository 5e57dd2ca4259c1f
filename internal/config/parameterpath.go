package config

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/tagboat/tagboat"
)

// ParameterName returns the name of the parameter that holds a group's pins in env.
func (c *Config) ParameterName(env Environment, group Group) string {
	return c.fillPath(group.Path, env, group.Name, "")
}

// HoldsName returns the name of the parameter that keeps the holds of env.
func (c *Config) HoldsName(env Environment) string {
	return c.fillPath(c.Ledger.Holds, env, "", "")
}

// ProjectionName returns the name of the parameter that holds an image's pin alone, and
// "" where there is none.
func (c *Config) ProjectionName(env Environment, image tagboat.ImageName) string {
	if !c.Ledger.Projections.Has(image) {
		return ""
	}
	return c.fillPath(c.Ledger.Projections.Path, env, c.GroupOf(image).Name, image)
}

var placeholderPattern = regexp.MustCompile(`\{[^{}]*\}`)

func (c *Config) fillPath(path string, env Environment, group string, image tagboat.ImageName) string {
	values := c.placeholders(env, group, image)
	return placeholderPattern.ReplaceAllStringFunc(path, func(p string) string { return values[p] })
}

// placeholders returns what stands for what in a path: the variables that hold in env
// without a service, as far as they are scalars, and names of our own before them.
func (c *Config) placeholders(env Environment, group string, image tagboat.ImageName) map[string]string {
	values := map[string]string{}
	for name, value := range c.VarsFor(env, "") {
		if text, ok := scalar(value); ok {
			values["{"+name+"}"] = text
		}
	}
	values["{app}"], values["{environment}"], values["{stage}"] = c.App, string(env.Name), string(env.Stage)
	values["{tenant}"] = env.Tenant
	if group != "" {
		values["{group}"] = group
	}
	if image != "" {
		values["{image}"] = string(image)
	}
	return values
}

func scalar(value any) (string, bool) {
	switch v := value.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return strconv.FormatBool(v), true
	default:
		return "", false
	}
}

// parameterPath tells whether a path is a parameter's name in every environment, and
// notes what is wrong with it.
func (b *builder) parameterPath(path string, at tagboat.Position, group string, image tagboat.ImageName) bool {
	for _, env := range b.config.SortedEnvironments() {
		if !b.filled(path, at, env, b.config.placeholders(env, group, image)) {
			return false
		}
		name := b.config.fillPath(path, env, group, image)
		if problem := parameterNameProblem(name); problem != "" {
			b.problem(at, "in %s this gives %q: %s", env.Name, name, problem).hint("write it like %s", defaultLedgerPath)
			return false
		}
	}
	return true
}

// filled tells whether every placeholder of a path stands for something in env.
func (b *builder) filled(path string, at tagboat.Position, env Environment, values map[string]string) bool {
	for _, p := range placeholderPattern.FindAllString(path, -1) {
		value, ok := values[p]
		variable := strings.Trim(p, "{}")
		switch _, isVariable := b.config.Vars[variable]; {
		case ok && value != "":
			continue
		case ok:
			b.problem(at, "%s is empty in %s", p, env.Name).hint("leave it out, or give %s one: %s: …", env.Name, variable)
		case !isVariable:
			b.problem(at, "unknown placeholder %s", p).hint("%s", tagboat.Suggest(p, b.placeholderNames(values)))
		case b.config.VarsFor(env, "")[variable] == nil:
			b.problem(at, "the variable %s has no value in %s", variable, env.Name).
				hint("give it one: environments: {%s: {vars: {%s: …}}}", env.Name, variable)
		default:
			b.problem(at, "the variable %s is a list or a map in %s, and a path needs a text", variable, env.Name).
				hint("use a variable whose value is a string, a number, true or false")
		}
		return false
	}
	return true
}

func (b *builder) placeholderNames(values map[string]string) []string {
	known := sortedNames(values)
	for name := range b.config.Vars {
		if p := "{" + name + "}"; !slices.Contains(known, p) {
			known = append(known, p)
		}
	}
	slices.Sort(known)
	return known
}
