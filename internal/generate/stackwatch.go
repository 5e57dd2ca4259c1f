package generate

import (
	"context"
	"path"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/generate/stack"
	"github.com/tagboat/tagboat/internal/iam"
)

// stackWatching adds what tagboat watch needs, where it is in the stack's account and region.
func (g Generator) stackWatching(ctx context.Context, s *stack.Stack, at iam.Place) error {
	w, err := g.Watching(ctx)
	if err != nil {
		return err
	}
	if w.At != at {
		s.Note("tagboat watch runs in account %s in %s, and not in this stack: tagboat generate cloudformation --account %s", w.At.Account, w.At.Region, at.Account)
		return nil
	}
	w.Function = true
	policy, err := g.Policy(ctx, iam.Watch, nil)
	if err != nil {
		return err
	}
	text := w.Template()
	s.Watching = &stack.Watching{Resources: section(text, "Resources"), Outputs: section(text, "Outputs"), Policy: statements(policy.Document), Timeout: functionTimeout}
	for _, o := range w.Elsewhere() {
		s.Note("events of account %s in %s need a stack there: tagboat generate cloudformation --account %s --region %s", o.Account, o.Region, o.Account, o.Region)
	}
	return nil
}

// section returns what a template has below one of its keys.
func section(template, key string) string {
	_, text, _ := strings.Cut("\n"+template, "\n"+key+":\n")
	for _, next := range []string{"Parameters", "Resources", "Outputs"} {
		text, _, _ = strings.Cut(text, "\n"+next+":\n")
	}
	return strings.TrimSuffix(text, "\n") + "\n"
}

func statements(d iam.Document) []stack.Statement {
	var all []stack.Statement
	for _, st := range d.Statement {
		all = append(all, stack.Statement{Sid: st.Sid, Actions: st.Action, Resources: st.Resource, Condition: st.Condition})
	}
	return all
}

// AccountStack returns the template of what a further account needs: the roles of tagboat.yaml that
// are assumed there, and the rules that send events to the bus of who watches.
func (g Generator) AccountStack(ctx context.Context, account, region string) (stack.Template, error) {
	w, err := g.Watching(ctx)
	if err != nil {
		return stack.Template{}, err
	}
	there, err := w.Origin(account, region)
	if err != nil {
		return stack.Template{}, err
	}
	a := stack.Account{
		App: w.App, Account: there.Account, Region: there.Region, Caller: "arn:aws:iam::" + w.At.Account + ":root",
	}
	events := w.TemplateElsewhere(there)
	a.Parameters, a.Resources = section(events, "Parameters"), section(events, "Resources")
	if there.Account == w.At.Account {
		return a.Template(), nil
	}
	for _, role := range g.rolesIn(there) {
		environments := g.reached(role)
		policy, err := g.Policy(ctx, iam.Promote, environments)
		if err != nil {
			return stack.Template{}, err
		}
		names := make([]string, len(environments))
		for i, name := range environments {
			names[i] = string(name)
		}
		_, whole, _ := strings.Cut(role, ":role/")
		dir, name := path.Split("/" + whole)
		a.Roles = append(a.Roles, stack.AssumedRole{Name: name, Path: dir, Environments: names, Policy: statements(policy.Document)})
	}
	return a.Template(), nil
}

// rolesIn returns the roles that are assumed in a place. What is in several regions of an account
// is made with the first of them.
func (g Generator) rolesIn(at Origin) []string {
	regions := map[string]string{}
	for _, env := range g.Fleet.Config.SortedEnvironments() {
		if env.Role == "" || env.Account != at.Account {
			continue
		}
		if region := g.Access.Located(env).Region; regions[env.Role] == "" || region < regions[env.Role] {
			regions[env.Role] = region
		}
	}
	var roles []string
	for role, region := range regions {
		if region == at.Region {
			roles = append(roles, role)
		}
	}
	slices.Sort(roles)
	return roles
}

// reached returns the environments that are reached through a role.
func (g Generator) reached(role string) []tagboat.EnvName {
	var names []tagboat.EnvName
	for _, env := range g.Fleet.Config.SortedEnvironments() {
		if env.Role == role {
			names = append(names, env.Name)
		}
	}
	return names
}
