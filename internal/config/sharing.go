package config

import "github.com/tagboat/tagboat"

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

// apart tells whether two environments are surely in different accounts or regions.
func apart(a, b Environment) bool {
	return differ(a.Account, b.Account) || differ(a.Region, b.Region)
}

func differ(a, b string) bool { return a != "" && b != "" && a != b }
