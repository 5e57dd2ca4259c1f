package elb

import (
	"slices"
	"strconv"
	"strings"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// listener is the Listener structure of an answer, and what CreateListener takes.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Listener.html
type listener struct {
	ARN          string        `json:"ListenerArn"`
	Balancer     string        `json:"LoadBalancerArn"`
	Port         int           `json:"Port,omitempty"`
	Protocol     string        `json:"Protocol,omitempty"`
	Certificates []certificate `json:"Certificates,omitempty"`
	SSLPolicy    string        `json:"SslPolicy,omitempty"`
	Actions      []action      `json:"DefaultActions"`
}

type certificate struct {
	ARN string `json:"CertificateArn"`
}

// rule is the Rule structure of an answer.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Rule.html
type rule struct {
	ARN        string      `json:"RuleArn"`
	Listener   string      `json:"-"`
	Priority   string      `json:"Priority"` // a number, or default
	Conditions []condition `json:"Conditions"`
	Actions    []action    `json:"Actions"`
	IsDefault  bool        `json:"IsDefault"`
}

type condition struct {
	Field  string   `json:"Field,omitempty"`
	Values []string `json:"Values,omitempty"`
	Path   *values  `json:"PathPatternConfig,omitempty"`
	Host   *values  `json:"HostHeaderConfig,omitempty"`
	Method *values  `json:"HttpRequestMethodConfig,omitempty"`
	Source *values  `json:"SourceIpConfig,omitempty"`
	Header *header  `json:"HttpHeaderConfig,omitempty"`
}

type values struct {
	Values []string `json:"Values"`
}

type header struct {
	Name   string   `json:"HttpHeaderName"`
	Values []string `json:"Values"`
}

type listenersOutput struct {
	Listeners []listener `json:"Listeners"`
	Next      string     `json:"NextMarker,omitempty"`
}

// createListener makes a listener and its default rule.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateListener.html
func (c call) createListener(in listener) (listenersOutput, error) {
	b, err := c.balancer(in.Balancer)
	if err != nil {
		return listenersOutput{}, err
	}
	if err := checkRange(in.Port, "port", 1, 65535); err != nil && b.Type != "gateway" {
		return listenersOutput{}, err
	}
	for _, old := range c.listenersOf(b.ARN) {
		if old.Port == in.Port {
			return listenersOutput{}, wire.Errorf("DuplicateListener", "A listener already exists on this port for this load balancer '%s'", b.ARN)
		}
	}
	if (in.Protocol == "HTTPS" || in.Protocol == "TLS") && len(in.Certificates) == 0 {
		return listenersOutput{}, wire.Errorf(validationError, "A certificate must be specified for %s listeners", in.Protocol)
	}
	if err := c.checkActions(b.ARN, in.Actions); err != nil {
		return listenersOutput{}, err
	}
	in.ARN = strings.Replace(b.ARN, ":loadbalancer/", ":listener/", 1) + "/" + c.id("listener")
	c.listeners = append(c.listeners, &in)
	c.rules = append(c.rules, &rule{
		ARN: c.ruleARN(in.ARN), Listener: in.ARN, Priority: "default", Conditions: []condition{}, Actions: in.Actions, IsDefault: true,
	})
	return listenersOutput{Listeners: []listener{in}}, nil
}

func (c call) ruleARN(listener string) string {
	return strings.Replace(listener, ":listener/", ":listener-rule/", 1) + "/" + c.id("rule")
}

func (s *Service) listenersOf(balancer string) []*listener {
	return slices.DeleteFunc(slices.Clone(s.listeners), func(l *listener) bool { return l.Balancer != balancer })
}

func (c call) listener(arn string) (*listener, error) {
	for _, l := range c.listeners {
		if l.ARN == arn && c.owns(arn) {
			return l, nil
		}
	}
	return nil, wire.Errorf("ListenerNotFound", "One or more listeners not found")
}

// describeListenersInput is what DescribeListeners and DescribeRules take: the load
// balancer or the listener whose parts are described, or the parts themselves.
type describeListenersInput struct {
	Balancer  string   `json:"LoadBalancerArn"`
	Listeners []string `json:"ListenerArns"`
	Listener  string   `json:"ListenerArn"`
	Rules     []string `json:"RuleArns"`
	Marker    string   `json:"Marker"`
	Size      *int     `json:"PageSize"`
}

func (c call) describeListeners(in describeListenersInput) (listenersOutput, error) {
	out := listenersOutput{}
	var all []*listener
	switch {
	case in.Balancer != "":
		if _, err := c.balancer(in.Balancer); err != nil {
			return out, err
		}
		all = c.listenersOf(in.Balancer)
	case len(in.Listeners) == 0:
		return out, wire.Errorf(validationError, "You must specify either listener ARNs or a load balancer ARN")
	}
	for _, arn := range in.Listeners {
		l, err := c.listener(arn)
		if err != nil {
			return out, err
		}
		all = append(all, l)
	}
	var err error
	out.Listeners, out.Next, err = paged(all, in.Marker, in.Size)
	return out, err
}

type listenerInput struct {
	ARN string `json:"ListenerArn"`
}

func (c call) removeListener(in listenerInput) (struct{}, error) {
	if _, err := c.listener(in.ARN); err != nil {
		return struct{}{}, err
	}
	c.dropListener(in.ARN)
	return struct{}{}, nil
}

func (s *Service) dropListener(arn string) {
	s.listeners = slices.DeleteFunc(s.listeners, func(l *listener) bool { return l.ARN == arn })
	s.rules = slices.DeleteFunc(s.rules, func(r *rule) bool { return r.Listener == arn })
}

type createRuleInput struct {
	Listener   string      `json:"ListenerArn"`
	Priority   int         `json:"Priority"`
	Conditions []condition `json:"Conditions"`
	Actions    []action    `json:"Actions"`
}

type rulesOutput struct {
	Rules []rule `json:"Rules"`
	Next  string `json:"NextMarker,omitempty"`
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateRule.html
func (c call) createRule(in createRuleInput) (rulesOutput, error) {
	l, err := c.listener(in.Listener)
	if err != nil {
		return rulesOutput{}, err
	}
	if err := checkRange(in.Priority, "priority", 1, 50_000); err != nil {
		return rulesOutput{}, err
	}
	if len(in.Conditions) == 0 {
		return rulesOutput{}, wire.Errorf(validationError, "A condition must be specified")
	}
	if err := c.checkActions(l.Balancer, in.Actions); err != nil {
		return rulesOutput{}, err
	}
	created := &rule{ARN: c.ruleARN(l.ARN), Listener: l.ARN, Priority: strconv.Itoa(in.Priority), Conditions: in.Conditions, Actions: in.Actions}
	if slices.ContainsFunc(c.rules, func(r *rule) bool { return r.Listener == l.ARN && r.Priority == created.Priority }) {
		return rulesOutput{}, wire.Errorf("PriorityInUse", "Priority '%d' is currently in use", in.Priority)
	}
	c.rules = append(c.rules, created)
	return rulesOutput{Rules: []rule{*created}}, nil
}

func (c call) describeRules(in describeListenersInput) (rulesOutput, error) {
	out := rulesOutput{}
	if in.Listener == "" && len(in.Rules) == 0 {
		return out, wire.Errorf(validationError, "You must specify either a listener ARN or one or more rule ARNs")
	}
	if in.Listener != "" {
		if _, err := c.listener(in.Listener); err != nil {
			return out, err
		}
	}
	var all []*rule
	for _, r := range c.rules {
		if c.owns(r.ARN) && (r.Listener == in.Listener || slices.Contains(in.Rules, r.ARN)) {
			all = append(all, r)
		}
	}
	if len(all) < len(in.Rules) {
		return out, wire.Errorf("RuleNotFound", "One or more rules not found")
	}
	var err error
	out.Rules, out.Next, err = paged(all, in.Marker, in.Size)
	return out, err
}

type ruleInput struct {
	ARN string `json:"RuleArn"`
}

func (c call) removeRule(in ruleInput) (struct{}, error) {
	at := slices.IndexFunc(c.rules, func(r *rule) bool { return r.ARN == in.ARN && c.owns(r.ARN) })
	switch {
	case at < 0:
		return struct{}{}, wire.Errorf("RuleNotFound", "One or more rules not found")
	case c.rules[at].IsDefault:
		return struct{}{}, wire.Errorf("OperationNotPermitted", "Default rule '%s' cannot be deleted", in.ARN)
	}
	c.rules = slices.Delete(c.rules, at, at+1)
	return struct{}{}, nil
}

// balancersOf returns the load balancers that send to a target group.
func (s *Service) balancersOf(group string) []string {
	of := []string{}
	for _, r := range s.rules {
		if !slices.Contains(groupsOf(r.Actions), group) {
			continue
		}
		for _, l := range s.listeners {
			if l.ARN == r.Listener && !slices.Contains(of, l.Balancer) {
				of = append(of, l.Balancer)
			}
		}
	}
	return of
}

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
