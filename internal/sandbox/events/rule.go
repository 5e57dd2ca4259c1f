package events

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/events/pattern"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// rule sends the events of a bus that its pattern matches to its targets, or one of its own at
// every time of its schedule.
type rule struct {
	Scope       wire.Scope
	Bus         string
	Name        string
	Pattern     string `json:",omitempty"`
	Schedule    string `json:",omitempty"`
	State       string // enabled, disabled
	Description string
	Role        string
	Tags        []tag
	Targets     []target
	Next        time.Time // when the schedule fires; zero without one

	pattern  *pattern.Pattern // nil without one
	schedule schedule         // nil without one
}

const (
	enabled  = "ENABLED"
	disabled = "DISABLED"
)

func (r *rule) arn() string {
	if r.Bus == defaultBus {
		return r.Scope.ARN("events", "rule/"+r.Name)
	}
	return r.Scope.ARN("events", "rule/"+r.Bus+"/"+r.Name)
}

// restore makes what is not saved of what is.
func (r *rule) restore() (err error) {
	if r.Pattern != "" {
		if r.pattern, err = pattern.Parse(r.Pattern); err != nil {
			return err
		}
	}
	if r.Schedule != "" {
		r.schedule, err = parseSchedule(r.Schedule)
	}
	return err
}

// inOrder returns a bus's rules in order of their names.
func (b *bus) inOrder() []*rule {
	all := []*rule{}
	for _, name := range slices.Sorted(maps.Keys(b.Rules)) {
		all = append(all, b.Rules[name])
	}
	return all
}

var ruleName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[.\-_A-Za-z0-9]{1,64}$`) })

type putRuleInput struct {
	Name               string
	EventBusName       string
	EventPattern       string
	ScheduleExpression string
	State              string
	Description        string
	RoleARN            string `json:"RoleArn"`
	Tags               []tag
}

type putRuleOutput struct {
	RuleARN string `json:"RuleArn"`
}

const (
	maxRules   = 300
	maxPattern = 4096
)

// putRule makes a rule, or replaces all of one but its targets and tags.
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html
func (c call) putRule(in putRuleInput) (putRuleOutput, error) {
	var out putRuleOutput
	b, err := c.own(in.EventBusName)
	if err != nil {
		return out, err
	}
	if in.State == "" {
		in.State = enabled
	}
	before := b.Rules[in.Name]
	switch {
	case !ruleName().MatchString(in.Name):
		return out, wire.InvalidMember(invalid, in.Name, "name", `satisfy regular expression pattern: [\.\-_A-Za-z0-9]+`)
	case in.State != enabled && in.State != disabled:
		return out, wire.InvalidMember(invalid, in.State, "state", "satisfy enum value set: [ENABLED, DISABLED]")
	case in.EventPattern == "" && in.ScheduleExpression == "":
		return out, wire.Errorf(invalid, "Parameter(s) EventPattern or ScheduleExpression must be specified.")
	case len(in.EventPattern) > maxPattern:
		return out, wire.InvalidMember(invalid, in.EventPattern, "eventPattern", "have length less than or equal to 4096")
	case in.ScheduleExpression != "" && b.Name != defaultBus:
		return out, wire.Errorf(invalid, "ScheduleExpression is supported only on the default event bus.")
	case before == nil && len(b.Rules) >= maxRules:
		return out, wire.Errorf("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
	}
	r := &rule{
		Scope: b.Scope, Bus: b.Name, Name: in.Name, Pattern: in.EventPattern, Schedule: in.ScheduleExpression,
		State: in.State, Description: in.Description, Role: in.RoleARN, Tags: in.Tags,
	}
	if before != nil {
		r.Targets, r.Tags = before.Targets, before.Tags
	}
	if in.ScheduleExpression != "" {
		if _, err := parseSchedule(in.ScheduleExpression); err != nil {
			return out, err
		}
	}
	if err := r.restore(); err != nil {
		return out, wire.Errorf("InvalidEventPatternException", "%v", err)
	}
	if r.schedule != nil {
		r.Next = r.schedule.after(c.now)
	}
	b.Rules[r.Name] = r
	return putRuleOutput{r.arn()}, nil
}

type ruleInput struct {
	Name         string
	EventBusName string
	Force        bool
}

// rule returns a rule of the caller's.
func (c call) rule(name, busID string) (*bus, *rule, error) {
	b, err := c.own(busID)
	if err != nil {
		return nil, nil, err
	}
	r := b.Rules[name]
	if r == nil {
		return b, nil, notFound("Rule %s does not exist on EventBus %s.", name, b.Name)
	}
	return b, r, nil
}

type ruleOutput struct {
	Name               string
	ARN                string `json:"Arn"`
	EventPattern       string `json:",omitempty"`
	ScheduleExpression string `json:",omitempty"`
	State              string
	Description        string `json:",omitempty"`
	RoleARN            string `json:"RoleArn,omitempty"`
	EventBusName       string
	CreatedBy          string `json:",omitempty"`
}

func (r *rule) shown() ruleOutput {
	return ruleOutput{
		Name: r.Name, ARN: r.arn(), EventPattern: r.Pattern, ScheduleExpression: r.Schedule, State: r.State,
		Description: r.Description, RoleARN: r.Role, EventBusName: r.Bus,
	}
}

func (c call) describeRule(in ruleInput) (ruleOutput, error) {
	_, r, err := c.rule(in.Name, in.EventBusName)
	if err != nil {
		return ruleOutput{}, err
	}
	out := r.shown()
	out.CreatedBy = r.Scope.Account
	return out, nil
}

type listRulesInput struct {
	pageInput
	EventBusName string
}

type listRulesOutput struct {
	Rules     []ruleOutput
	NextToken string `json:",omitempty"`
}

func (c call) listRules(in listRulesInput) (listRulesOutput, error) {
	b, err := c.own(in.EventBusName)
	if err != nil {
		return listRulesOutput{}, err
	}
	all := []ruleOutput{}
	for _, r := range b.inOrder() {
		if strings.HasPrefix(r.Name, in.NamePrefix) {
			all = append(all, r.shown())
		}
	}
	shown, next, err := page(in.pageInput, all)
	return listRulesOutput{shown, next}, err
}

type ruleNamesInput struct {
	pageInput
	EventBusName string
	TargetARN    string `json:"TargetArn"`
}

type ruleNamesOutput struct {
	RuleNames []string
	NextToken string `json:",omitempty"`
}

func (c call) listRuleNames(in ruleNamesInput) (ruleNamesOutput, error) {
	b, err := c.own(in.EventBusName)
	if err != nil {
		return ruleNamesOutput{}, err
	}
	all := []string{}
	for _, r := range b.inOrder() {
		if slices.ContainsFunc(r.Targets, func(t target) bool { return t.ARN == in.TargetARN }) {
			all = append(all, r.Name)
		}
	}
	shown, next, err := page(in.pageInput, all)
	return ruleNamesOutput{shown, next}, err
}

// deleteRule deletes a rule without targets. One that is not there is no error.
func (c call) deleteRule(in ruleInput) (nothing, error) {
	b, r, err := c.rule(in.Name, in.EventBusName)
	switch {
	case b == nil:
		return nothing{}, err
	case r == nil:
		return nothing{}, nil
	case len(r.Targets) > 0:
		return nothing{}, wire.Errorf(invalid, "Rule can't be deleted since it has targets.")
	}
	delete(b.Rules, in.Name)
	return nothing{}, nil
}

func (c call) enableRule(in ruleInput) (nothing, error)  { return c.turn(in, enabled) }
func (c call) disableRule(in ruleInput) (nothing, error) { return c.turn(in, disabled) }

func (c call) turn(in ruleInput, state string) (nothing, error) {
	_, r, err := c.rule(in.Name, in.EventBusName)
	if err != nil {
		return nothing{}, err
	}
	if r.State != state && r.schedule != nil {
		r.Next = r.schedule.after(c.now)
	}
	r.State = state
	return nothing{}, nil
}
