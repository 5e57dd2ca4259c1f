package elb

import (
	"slices"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// action is what happens to a request.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Action.html
type action struct {
	Type     string         `json:"Type"`
	Group    string         `json:"TargetGroupArn,omitempty"`
	Order    int            `json:"Order,omitempty"`
	Forward  *forward       `json:"ForwardConfig,omitempty"`
	Redirect *redirect      `json:"RedirectConfig,omitempty"`
	Fixed    *fixedResponse `json:"FixedResponseConfig,omitempty"`
}

type forward struct {
	Groups []weightedGroup `json:"TargetGroups"`
}

type weightedGroup struct {
	Group  string `json:"TargetGroupArn"`
	Weight *int   `json:"Weight,omitempty"`
}

type redirect struct {
	Protocol   string `json:"Protocol,omitempty"`
	Port       string `json:"Port,omitempty"`
	Host       string `json:"Host,omitempty"`
	Path       string `json:"Path,omitempty"`
	Query      string `json:"Query,omitempty"`
	StatusCode string `json:"StatusCode"`
}

type fixedResponse struct {
	Body        string `json:"MessageBody,omitempty"`
	StatusCode  string `json:"StatusCode"`
	ContentType string `json:"ContentType,omitempty"`
}

// groups returns the target groups that an action forwards to.
func (a action) groups() []string {
	var groups []string
	if a.Group != "" {
		groups = append(groups, a.Group)
	}
	if a.Forward != nil {
		for _, g := range a.Forward.Groups {
			groups = append(groups, g.Group)
		}
	}
	return groups
}

func groupsOf(actions []action) []string {
	var groups []string
	for _, a := range actions {
		groups = append(groups, a.groups()...)
	}
	return groups
}

// checkActions looks for the target groups, which one load balancer alone may have.
func (c call) checkActions(balancer string, actions []action) error {
	if len(actions) == 0 {
		return wire.Errorf(validationError, "An action must be specified")
	}
	for _, a := range actions {
		if !slices.Contains([]string{"forward", "redirect", "fixed-response", "authenticate-oidc", "authenticate-cognito"}, a.Type) {
			return invalidMember(a.Type, "actions.1.member.type", "satisfy enum value set: [forward, redirect, fixed-response, authenticate-oidc, authenticate-cognito]")
		}
		if a.Type == "forward" && len(a.groups()) == 0 {
			return wire.Errorf(validationError, "A target group ARN must be specified")
		}
		for _, group := range a.groups() {
			if _, err := c.group(group); err != nil {
				return err
			}
			for _, other := range c.balancersOf(group) {
				if other != balancer {
					return wire.Errorf("TargetGroupAssociationLimit", "The following target groups cannot be associated with more than one load balancer: %s", group)
				}
			}
		}
	}
	return nil
}
