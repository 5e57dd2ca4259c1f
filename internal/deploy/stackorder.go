package deploy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
)

// unordered adds a problem to plans whose stacks would wait for each other: services of one stack
// are updated together, so that what one of them depends on all of them depend on.
func unordered(plans []Plan) {
	node := func(p Plan) string {
		if p.UpdatesStack() {
			return fmt.Sprintf("%p stack %s", p.Client, p.Observed.Stack.ID)
		}
		return fmt.Sprintf("%s/%s", p.Desired.Environment, p.Desired.Service)
	}
	of, on := map[string]string{}, map[string][]string{}
	for _, p := range plans {
		of[fmt.Sprintf("%s/%s", p.Desired.Environment, p.Desired.Service)] = node(p)
	}
	for _, p := range plans {
		for _, service := range p.Desired.DependsOn {
			if other := of[fmt.Sprintf("%s/%s", p.Desired.Environment, service)]; other != "" && other != node(p) {
				on[node(p)] = append(on[node(p)], other)
			}
		}
	}
	for i, p := range plans {
		if p.UpdatesStack() && reaches(on, node(p), node(p), nil) {
			plans[i].Problems = append(plans[i].Problems, p.Desired.stackProblem("take a dependsOn out, or deploy the services that others depend on first",
				fmt.Sprintf("the services of stack %s are updated together, and some of them depend on services that depend on others of them: %s",
					p.Observed.Stack.Name, dependencies(plans, p))))
		}
	}
}

// reaches reports whether a way leads from one node to another.
func reaches(on map[string][]string, from, to string, seen []string) bool {
	return slices.ContainsFunc(on[from], func(next string) bool {
		return next == to || !slices.Contains(seen, next) && reaches(on, next, to, append(seen, next))
	})
}

// dependencies says what the services of a plan's environment depend on.
func dependencies(plans []Plan, of Plan) string {
	var all []string
	for _, p := range plans {
		if p.Desired.Environment == of.Desired.Environment && len(p.Desired.DependsOn) > 0 {
			var names []string
			for _, name := range p.Desired.DependsOn {
				names = append(names, string(name))
			}
			all = append(all, fmt.Sprintf("%s on %s", p.Desired.Service, strings.Join(names, " and ")))
		}
	}
	return strings.Join(all, ", ")
}

// unknown adds a problem to the first plan that updates a stack where a resource may change that none
// of the stacks has.
func unknown(plans []Plan) {
	first := slices.IndexFunc(plans, Plan.UpdatesStack)
	if first < 0 {
		return
	}
	var there, stacks []string
	for _, p := range plans {
		if o := p.Observed.Stack; o != nil && o.Template != nil && !slices.Contains(stacks, o.Name) {
			there, stacks = append(there, o.Template.Logical()...), append(stacks, o.Name)
		}
	}
	slices.Sort(there)
	d := plans[first].Desired
	for _, name := range d.Stack.Allow {
		if !slices.Contains(there, name) {
			plans[first].Problems = append(plans[first].Problems, d.stackProblem(tagboat.Suggest(name, slices.Compact(there)),
				fmt.Sprintf("--allow %s: there is no resource %s in stack %s", name, name, strings.Join(stacks, " or "))))
		}
	}
}
