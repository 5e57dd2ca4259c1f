package stack

import "strings"

// Account is what a further account needs.
type Account struct {
	App, Account, Region  string
	Caller                string // ARN of who may assume the roles
	Parameters, Resources string // of the rules of events, as tagboat generate watch prints them
	Roles                 []AssumedRole
}

// AssumedRole is a role that tagboat.yaml names.
type AssumedRole struct {
	Name, Path   string
	Environments []string
	Policy       []Statement
}

// Template returns the template.
func (a Account) Template() Template {
	s := Stack{Account: a.Account, Region: a.Region, ids: map[string]bool{"": true, "Role": true}}
	var roles strings.Builder
	for _, role := range a.Roles {
		dir := ""
		if role.Path != "/" {
			dir = "      Path: " + role.Path + "\n"
		}
		id := s.id(role.Name)
		property, policies := s.managed(id, "deploys "+a.App+", as tagboat generate iam-policy --for promote prints it", role.Policy)
		roles.WriteString(part("assumed", "$ID", id, "$POLICIES\n", property, "$NAME", scalar(role.Name), "$PATH\n", dir,
			"$ENVIRONMENTS", strings.Join(role.Environments, ", "), "$APP", a.App))
		roles.WriteString(policies)
	}
	name := "account"
	if len(a.Roles) == 0 {
		name = "region"
	}
	return Template{Text: part(name, "$APP", a.App, "$ACCOUNT", a.Account, "$REGION", a.Region, "$CALLER", a.Caller) +
		a.Parameters + "Resources:\n" + roles.String() + a.Resources}
}
