package iam

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/tagboat/tagboat/internal/sandbox/policy"
)

// Policy is a policy document of a role, in IAM's own JSON.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
type Policy struct {
	Role     string // by its name, in every account
	Document []byte
}

// statement allows actions on resources, or denies them.
type statement struct {
	deny               bool
	actions, resources []*regexp.Regexp
}

// document is a policy as far as the sandbox evaluates it. Whatever else one has is refused.
type document struct {
	Version   string
	ID        string `json:"Id"`
	Statement policy.List[struct {
		Sid, Effect string
		Action      policy.List[string]
		Resource    policy.List[string]
		Condition   map[string]map[string]policy.List[string]
	}]
}

// unevaluated are keys of conditions on what the sandbox does not look at: which cluster, and
// which service a role is passed to.
func unevaluated() []string { return []string{"ecs:cluster", "iam:PassedToService"} }

// parse reads a policy. What the sandbox would not evaluate is an error.
func parse(data []byte) ([]statement, error) {
	var d document
	if err := policy.Strictly(data, &d); err != nil {
		return nil, fmt.Errorf("reading the policy: %w", err)
	}
	if d.Version != "2012-10-17" || len(d.Statement) == 0 {
		return nil, fmt.Errorf("the policy needs the version 2012-10-17, and statements")
	}
	var all []statement
	for i, from := range d.Statement {
		at := fmt.Sprintf("statement %d (%s)", i+1, from.Sid)
		resources := slices.ContainsFunc(from.Action, looksAtResources)
		switch {
		case from.Effect != "Allow" && from.Effect != "Deny":
			return nil, fmt.Errorf("%s: the effect %q is neither Allow nor Deny", at, from.Effect)
		case len(from.Action) == 0 || len(from.Resource) == 0:
			return nil, fmt.Errorf("%s needs actions and resources", at)
		case !resources && from.Effect == "Deny" && !slices.Contains(from.Resource, "*"):
			return nil, fmt.Errorf("%s denies something on some resources: the sandbox looks at those of ssm and sts alone", at)
		}
		for _, keys := range from.Condition {
			for key := range keys {
				if resources || from.Effect == "Deny" || !slices.Contains(unevaluated(), key) {
					return nil, fmt.Errorf("%s: the sandbox does not evaluate the condition %s", at, key)
				}
			}
		}
		s := statement{deny: from.Effect == "Deny"}
		for _, action := range from.Action {
			s.actions = append(s.actions, wildcards("(?i)", action))
		}
		for _, resource := range from.Resource {
			if strings.Contains(resource, "${") {
				return nil, fmt.Errorf("%s: the sandbox does not fill in variables: %s", at, resource)
			}
			s.resources = append(s.resources, wildcards("(?s)", resource))
		}
		all = append(all, s)
	}
	return all, nil
}

// wildcards returns what a pattern with * and ? matches.
func wildcards(flags, pattern string) *regexp.Regexp {
	pattern = strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(pattern))
	return regexp.MustCompile(flags + "^" + pattern + "$")
}

// looksAtResources reports whether the sandbox knows which resource a call of an action is about.
// Of other services the action alone counts.
func looksAtResources(action string) bool {
	service, _, _ := strings.Cut(action, ":")
	return slices.Contains([]string{"ssm", "sts", "*"}, strings.ToLower(service))
}

// decision is what IAM decides, as SimulatePrincipalPolicy calls it.
type decision string

const (
	allowed      decision = "allowed"
	implicitDeny decision = "implicitDeny"
	explicitDeny decision = "explicitDeny"
)

// decide evaluates the policies of a role: a statement that denies counts before all that allow.
// A role without policies may do everything.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
func (s *Service) decide(role, action, resource string) decision {
	policies, has := s.roles[role]
	if !has {
		return allowed
	}
	matches := func(text string) func(*regexp.Regexp) bool {
		return func(pattern *regexp.Regexp) bool { return pattern.MatchString(text) }
	}
	decided := implicitDeny
	for _, p := range policies {
		if !slices.ContainsFunc(p.actions, matches(action)) || looksAtResources(action) && !slices.ContainsFunc(p.resources, matches(resource)) {
			continue
		}
		if p.deny {
			return explicitDeny
		}
		decided = allowed
	}
	return decided
}
