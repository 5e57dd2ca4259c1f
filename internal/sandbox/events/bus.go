package events

import (
	"cmp"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/policy"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// defaultBus is the name of the bus that every account has in every region.
const defaultBus = "default"

// bus is an event bus with its rules.
type bus struct {
	Scope       wire.Scope
	Name        string
	Description string
	Statements  []statement // of its policy
	Tags        []tag
	Created     time.Time
	Modified    time.Time
	Rules       map[string]*rule

	policy *policy.Policy // nil where there is none
}

// statement is one of a policy, as it was written.
type statement struct {
	ID   string
	Text json.RawMessage
}

func (b *bus) arn() string { return b.Scope.ARN("events", "event-bus/"+b.Name) }

// restore makes what is not saved of what is.
func (b *bus) restore() error {
	for _, r := range b.Rules {
		if err := r.restore(); err != nil {
			return err
		}
	}
	return b.permit(b.Statements)
}

// document returns the bus's policy, "" for none.
func document(statements []statement) string {
	if len(statements) == 0 {
		return ""
	}
	var texts []json.RawMessage
	for _, s := range statements {
		texts = append(texts, s.Text)
	}
	out, _ := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": texts}) // it was JSON before
	return string(out)
}

// permit gives the bus a policy.
func (b *bus) permit(statements []statement) error {
	b.policy = nil
	if text := document(statements); text != "" {
		p, err := policy.Parse(text)
		if err != nil {
			return err
		}
		b.policy = p
	}
	b.Statements = statements
	return nil
}

// bus returns the bus of a name, nil where there is none. The default one is always there.
func (s *Service) bus(scope wire.Scope, name string) *bus {
	arn := scope.ARN("events", "event-bus/"+name)
	if b := s.buses[arn]; b != nil || name != defaultBus {
		return b
	}
	now := s.deps.Clock.Now()
	s.buses[arn] = &bus{Scope: scope, Name: name, Created: now, Modified: now, Rules: map[string]*rule{}}
	return s.buses[arn]
}

// busByARN returns a bus of any account and region, nil where there is none.
func (s *Service) busByARN(arn string) *bus {
	scope, name, ok := parseBus(arn)
	if !ok {
		return nil
	}
	return s.bus(scope, name)
}

// parseBus reads arn:aws:events:REGION:ACCOUNT:event-bus/NAME.
func parseBus(arn string) (scope wire.Scope, name string, ok bool) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[2] != "events" {
		return scope, "", false
	}
	name, ok = strings.CutPrefix(parts[5], "event-bus/")
	return wire.Scope{Account: parts[4], Region: parts[3]}, name, ok && name != ""
}

// own returns the caller's bus of a name or an ARN; "" means the default one.
func (c call) own(id string) (*bus, error) {
	scope, name := c.caller.Scope, cmp.Or(id, defaultBus)
	if s, n, isARN := parseBus(id); isARN {
		scope, name = s, n
	}
	if scope != c.caller.Scope {
		return nil, wire.Errorf("AccessDeniedException", "User: %s is not authorized to perform this on resource: %s", c.caller.ARN, id)
	}
	if b := c.bus(scope, name); b != nil {
		return b, nil
	}
	return nil, notFound("Event bus %s does not exist.", name)
}

// sorted returns buses in order of their ARNs.
func (s *Service) sorted(want func(*bus) bool) []*bus {
	all := []*bus{}
	for _, arn := range slices.Sorted(maps.Keys(s.buses)) {
		if want(s.buses[arn]) {
			all = append(all, s.buses[arn])
		}
	}
	return all
}

var busName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[.\-_A-Za-z0-9]{1,256}$`) })

type createBusInput struct {
	Name, Description, EventSourceName, KmsKeyIdentifier string
	DeadLetterConfig, LogConfig                          json.RawMessage
	Tags                                                 []tag
}

type createBusOutput struct {
	EventBusARN string `json:"EventBusArn"`
	Description string `json:",omitempty"`
}

// maxBuses is how many buses an account has in a region.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
const maxBuses = 100

// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateEventBus.html
func (c call) createBus(in createBusInput) (createBusOutput, error) {
	var out createBusOutput
	switch {
	case in.EventSourceName != "":
		return out, lacks("partner event buses")
	case in.KmsKeyIdentifier != "" || len(in.DeadLetterConfig) > 0 || len(in.LogConfig) > 0:
		return out, lacks("customer-managed keys, dead-letter queues or logs of event buses")
	case !busName().MatchString(in.Name):
		return out, wire.InvalidMember(invalid, in.Name, "name", `satisfy regular expression pattern: [/\.\-_A-Za-z0-9]+`)
	case c.bus(c.caller.Scope, in.Name) != nil:
		return out, wire.Errorf("ResourceAlreadyExistsException", "Event bus %s already exists.", in.Name)
	case len(c.sorted(func(b *bus) bool { return b.Scope == c.caller.Scope })) >= maxBuses:
		return out, wire.Errorf("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
	}
	b := &bus{Scope: c.caller.Scope, Name: in.Name, Description: in.Description, Tags: in.Tags, Created: c.now, Modified: c.now, Rules: map[string]*rule{}}
	c.buses[b.arn()] = b
	return createBusOutput{b.arn(), b.Description}, nil
}

type nameInput struct{ Name string }

// deleteBus deletes a bus without rules. One that is not there is no error.
func (c call) deleteBus(in nameInput) (nothing, error) {
	if in.Name == defaultBus {
		return nothing{}, wire.Errorf(invalid, "Cannot delete event bus default.")
	}
	b, err := c.own(in.Name)
	if err != nil {
		return nothing{}, nil //nolint:nilerr // as AWS does
	}
	if len(b.Rules) > 0 {
		return nothing{}, wire.Errorf(invalid, "Event bus %s can't be deleted since it has rules.", b.Name)
	}
	delete(c.buses, b.arn())
	return nothing{}, nil
}

type busOutput struct {
	Name             string
	ARN              string    `json:"Arn"`
	Description      string    `json:",omitempty"`
	Policy           string    `json:",omitempty"`
	CreationTime     wire.Time `json:",omitzero"`
	LastModifiedTime wire.Time `json:",omitzero"`
}

func (b *bus) shown() busOutput {
	return busOutput{b.Name, b.arn(), b.Description, document(b.Statements), wire.At(b.Created), wire.At(b.Modified)}
}

func (c call) describeBus(in nameInput) (busOutput, error) {
	b, err := c.own(in.Name)
	if err != nil {
		return busOutput{}, err
	}
	return b.shown(), nil
}

type pageInput struct {
	NamePrefix string
	NextToken  string
	Limit      *int
}

// page returns a page of items, and the token of the next.
func page[T any](in pageInput, all []T) ([]T, string, error) {
	const most = 100
	size, err := wire.PageLimit(in.Limit, most, invalid, "limit")
	if err != nil {
		return nil, "", err
	}
	return wire.Page(all, in.NextToken, size, invalid)
}

type listBusesOutput struct {
	EventBuses []busOutput
	NextToken  string `json:",omitempty"`
}

func (c call) listBuses(in pageInput) (listBusesOutput, error) {
	c.bus(c.caller.Scope, defaultBus)
	all := []busOutput{}
	for _, b := range c.sorted(func(b *bus) bool { return b.Scope == c.caller.Scope && strings.HasPrefix(b.Name, in.NamePrefix) }) {
		all = append(all, b.shown())
	}
	shown, next, err := page(in, all)
	return listBusesOutput{shown, next}, err
}

type permissionInput struct {
	EventBusName string
	Action       string
	Principal    string
	StatementID  string `json:"StatementId"`
	Policy       string
	Condition    json.RawMessage
}

// maxPolicy is how long the policy of a bus may be.
const maxPolicy = 10 << 10

var (
	principalPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(\d{12}|\*)$`) })
	statementPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-zA-Z0-9-_]{1,64}$`) })
)

// putPermission adds a statement to a bus's policy, or replaces the policy as a whole.
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutPermission.html
func (c call) putPermission(in permissionInput) (nothing, error) {
	b, err := c.own(in.EventBusName)
	if err != nil {
		return nothing{}, err
	}
	var statements []statement
	switch {
	case in.Policy != "" && in.Action+in.Principal+in.StatementID != "":
		return nothing{}, wire.Errorf(invalid, "Policy cannot be combined with Action, Principal, StatementId or Condition.")
	case in.Policy != "":
		statements, err = readStatements(in.Policy)
	case len(in.Condition) > 0:
		err = lacks("organizations")
	case in.Action != "events:PutEvents":
		err = wire.Errorf(invalid, "Provided value in parameter 'action' is not supported.")
	case !principalPattern().MatchString(in.Principal):
		err = wire.InvalidMember(invalid, in.Principal, "principal", `satisfy regular expression pattern: (\d{12}|\*)`)
	case !statementPattern().MatchString(in.StatementID):
		err = wire.InvalidMember(invalid, in.StatementID, "statementId", `satisfy regular expression pattern: [a-zA-Z0-9-_]+`)
	default:
		statements = append(b.without(in.StatementID), statement{in.StatementID, b.allow(in)})
	}
	if err != nil {
		return nothing{}, err
	}
	if len(document(statements)) > maxPolicy {
		return nothing{}, wire.Errorf("PolicyLengthExceededException", "The event bus policy is larger than 10 KB.")
	}
	if err := b.permit(statements); err != nil {
		_ = b.permit(b.Statements) // it was good before
		return nothing{}, wire.Errorf(invalid, "Invalid policy: %v", err)
	}
	b.Modified = c.now
	return nothing{}, nil
}

func (b *bus) allow(in permissionInput) json.RawMessage {
	var principal any = in.Principal
	if in.Principal != "*" {
		principal = map[string]string{"AWS": "arn:aws:iam::" + in.Principal + ":root"}
	}
	text, _ := json.Marshal(struct { // strings always encode
		Sid, Effect      string
		Principal        any
		Action, Resource string
	}{in.StatementID, "Allow", principal, in.Action, b.arn()})
	return text
}

func (b *bus) without(id string) []statement {
	return slices.DeleteFunc(slices.Clone(b.Statements), func(s statement) bool { return s.ID == id })
}

func readStatements(text string) ([]statement, error) {
	var d struct{ Statement policy.List[json.RawMessage] }
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		return nil, wire.Errorf(invalid, "Invalid policy: %v", err)
	}
	if _, err := policy.Parse(text); err != nil {
		return nil, wire.Errorf(invalid, "Invalid policy: %v", err)
	}
	var all []statement
	for _, one := range d.Statement {
		var named struct{ Sid string }
		_ = json.Unmarshal(one, &named) // it was read above
		all = append(all, statement{named.Sid, one})
	}
	return all, nil
}

type removePermissionInput struct {
	EventBusName         string
	StatementID          string `json:"StatementId"`
	RemoveAllPermissions bool
}

func (c call) removePermission(in removePermissionInput) (nothing, error) {
	b, err := c.own(in.EventBusName)
	if err != nil {
		return nothing{}, err
	}
	left := b.without(in.StatementID)
	switch {
	case in.RemoveAllPermissions:
		left = nil
	case len(left) == len(b.Statements):
		return nothing{}, notFound("Statement with the provided id does not exist.")
	}
	b.Modified = c.now
	return nothing{}, b.permit(left)
}
