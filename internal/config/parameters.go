package config

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

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
	if !c.Ledger.Projections.has(image) {
		return ""
	}
	return c.fillPath(c.Ledger.Projections.Path, env, c.GroupOf(image).Name, image)
}

var placeholderPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\{[^{}]*\}`) })

func (c *Config) fillPath(path string, env Environment, group string, image tagboat.ImageName) string {
	values := c.placeholders(env, group, image)
	return placeholderPattern().ReplaceAllStringFunc(path, func(p string) string { return values[p] })
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

// parameterPath reports whether a path is a parameter's name in every environment, and
// notes what is wrong with it.
func (b *builder) parameterPath(path string, at tagboat.Position, group string, image tagboat.ImageName) bool {
	for _, env := range b.config.SortedEnvironments() {
		if !b.checkPlaceholders(path, at, env, b.config.placeholders(env, group, image)) {
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

// checkPlaceholders reports whether every placeholder of a path stands for something in env.
func (b *builder) checkPlaceholders(path string, at tagboat.Position, env Environment, values map[string]string) bool {
	for _, p := range placeholderPattern().FindAllString(path, -1) {
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

var parameterPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(/[a-zA-Z0-9_.-]+)+$`) })

// Parameter Store's limits of a name. The length counts the ARN before the name, whose
// account and region may not be known yet: this is the longest.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
const (
	maxLevels  = 15
	maxARN     = 1011
	longestARN = "arn:aws-us-gov:ssm:ap-southeast-1:111111111111:parameter"
)

// CheckParameterName returns an error of kind Usage where Parameter Store would not accept
// a name.
func CheckParameterName(name string) error {
	if problem := parameterNameProblem(name); problem != "" {
		return tagboat.Usagef("%q: %s", name, problem).WithHint("write it like /containers/prod/shop")
	}
	return nil
}

// parameterNameProblem says what Parameter Store would not accept in a name, or "".
func parameterNameProblem(name string) string {
	first, _, _ := strings.Cut(strings.TrimPrefix(strings.ToLower(name), "/"), "/")
	switch {
	case !strings.HasPrefix(name, "/"):
		return "the name of a parameter must begin with /"
	case !parameterPattern().MatchString(name):
		return "the name of a parameter has letters, digits, dots, dashes and underscores between single slashes"
	case strings.HasPrefix(first, "aws"), strings.HasPrefix(first, "ssm"):
		return fmt.Sprintf("the name of a parameter must not begin with %q", "/"+first[:3])
	case strings.Count(name, "/") > maxLevels:
		return "the name of a parameter has at most fifteen levels"
	case len(longestARN)+len(name) > maxARN:
		return fmt.Sprintf("the name of a parameter has at most %d characters with its ARN, and this one is %d too long", maxARN, len(longestARN)+len(name)-maxARN)
	default:
		return ""
	}
}

// owner is what a parameter is for.
type owner struct {
	env   Environment
	group string            // "" for the holds
	image tagboat.ImageName // of a projection; "" where it holds a group
}

// sharing notes parameters that two owners would have in one account and region: each
// would overwrite what the other one wrote.
func (b *builder) sharing() {
	taken := map[string][]owner{}
	for _, env := range b.config.SortedEnvironments() {
		if !b.claim(taken, b.config.HoldsName(env), owner{env: env}, b.file.Ledger.Holds.At, false) {
			return
		}
		for _, g := range b.config.Ledger.Groups {
			name := b.config.ParameterName(env, g)
			if !b.claim(taken, name, owner{env: env, group: g.Name}, g.at, g.Shared) {
				return
			}
		}
		for _, image := range b.config.Ledger.Projections.Images {
			p := b.config.Ledger.Projections
			o := owner{env: env, group: b.config.GroupOf(image).Name, image: image}
			if !b.claim(taken, b.config.ProjectionName(env, image), o, p.at, b.config.GroupOf(image).Shared) {
				return
			}
		}
	}
}

// claim gives a parameter to an owner, and is false where it belongs to another one.
func (b *builder) claim(taken map[string][]owner, name string, o owner, at tagboat.Position, shared bool) bool {
	for _, other := range taken[name] {
		same := other.group == o.group && other.image == o.image
		switch {
		case apart(other.env, o.env), same && shared:
			continue
		case (other.group == "") != (o.group == ""):
			b.problem(at, "%s and %s would share the parameter %q", other, o, name).
				hint("give the holds a path of their own, such as %s", defaultHoldsPath)
		case other.group == "":
			b.problem(at, "the holds of %s and %s would share the parameter %q", other.env.Name, o.env.Name, name).
				hint("put {environment} into the path")
		case other.image != o.image:
			b.problem(at, "%s and %s would share the parameter %q", other, o, name).
				hint("give the projections a path of their own, such as /containers/{environment}/images/{image}")
		case other.group != o.group:
			b.problem(at, "the groups %s and %s would share the parameter %q", other.group, o.group, name).
				hint("put {group} into the path")
		default:
			b.problem(at, "%s and %s would share the parameter %q", other.env.Name, o.env.Name, name).
				hint("put {environment} into the path; say account: and region: of both where they are apart; or, where one version is to run in both, ledger: {groups: {%s: {shared: true}}}", o.group)
		}
		return false
	}
	taken[name] = append(taken[name], o)
	return true
}

// String says what the parameter is for.
func (o owner) String() string {
	if o.image != "" {
		return "the image " + string(o.image)
	}
	if o.group == "" {
		return "the holds"
	}
	return "the group " + o.group
}

// Sharing returns the environments whose pins of a group are in the same parameter as
// those of env, which is one of them.
func (c *Config) Sharing(env Environment, group Group) []Environment {
	if !group.Shared {
		return []Environment{env}
	}
	var all []Environment
	for _, other := range c.SortedEnvironments() {
		if !apart(other, env) && c.ParameterName(other, group) == c.ParameterName(env, group) {
			all = append(all, other)
		}
	}
	return all
}

// apart reports whether two environments are surely in different accounts or regions.
func apart(a, b Environment) bool {
	return differ(a.Account, b.Account) || differ(a.Region, b.Region)
}

func differ(a, b string) bool { return a != "" && b != "" && a != b }
