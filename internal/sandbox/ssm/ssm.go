// Package ssm is the sandbox's Parameter Store: versions, labels, tiers, hierarchies
// and the rules that AWS has for each, in AWS's own words. Parameters live per
// account and region. All of it is safe for concurrent use.
// https://docs.aws.amazon.com/systems-manager/latest/userguide/systems-manager-parameter-store.html
//
// What differs from AWS: values of SecureString are kept as they are, since there is
// no KMS, and answered as an opaque text without decryption;
// policies are kept but never acted upon; an aws:ec2:image is not looked up; of the public
// parameters there are a few; changes are visible at once, where AWS's are eventually.
package ssm

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/clock"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// Service is Parameter Store in every account and region.
type Service struct {
	clock clock.Clock

	mu     sync.Mutex
	stores map[wire.Scope]*store
}

// New returns a Parameter Store without parameters that takes its dates from c.
func New(c clock.Clock) *Service {
	return &Service{clock: c, stores: map[wire.Scope]*store{}}
}

// Service returns the table of operations.
func (s *Service) Service() wire.Service {
	return wire.Service{
		Name:     "ssm",
		Protocol: wire.JSON11,
		Target:   "AmazonSSM.",
		Operations: map[string]wire.Operation{
			"PutParameter":            op(s, call.put),
			"GetParameter":            op(s, call.get),
			"GetParameters":           op(s, call.getMany),
			"GetParametersByPath":     op(s, call.getByPath),
			"GetParameterHistory":     op(s, call.history),
			"DescribeParameters":      op(s, call.describe),
			"DeleteParameter":         op(s, call.deleteOne),
			"DeleteParameters":        op(s, call.deleteMany),
			"LabelParameterVersion":   op(s, call.label),
			"UnlabelParameterVersion": op(s, call.unlabel),
			"AddTagsToResource":       op(s, call.addTags),
			"ListTagsForResource":     op(s, call.listTags),
			"RemoveTagsFromResource":  op(s, call.removeTags),
		},
	}
}

// Exists reports whether there is a parameter of that name or ARN, and of that version
// or label where the name has one. ECS asks so before it starts a task with secrets.
func (s *Service) Exists(scope wire.Scope, name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := call{store: s.store(scope)}.resolve(name, false)
	return err == nil
}

// call is one request while the service is locked for it.
type call struct {
	*store
	caller wire.Caller
	now    time.Time
}

// op makes an operation of a function that has the service for itself.
func op[In, Out any](s *Service, f func(call, In) (Out, error)) wire.Operation {
	return wire.Op(func(_ context.Context, caller wire.Caller, in In) (Out, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		return f(call{store: s.store(caller.Scope), caller: caller, now: s.clock.Now()}, in)
	})
}

func (s *Service) store(scope wire.Scope) *store {
	st := s.stores[scope]
	if st == nil {
		st = &store{scope: scope, parameters: map[string]*parameter{}}
		s.stores[scope] = st
	}
	return st
}

func invalidMember(value, member, rule string) error {
	return wire.InvalidMember(invalid, value, member, rule)
}

// invalid is the code for a member that breaks a rule of the API's model.
const invalid = "ValidationException"

// notFound has no message on AWS either.
func notFound() error { return wire.Errorf("ParameterNotFound", "") }

func versionNotFound(name, selector string) error {
	return wire.Errorf("ParameterVersionNotFound",
		"Systems Manager could not find version %s of %s. Verify the version and try again.", selector, name)
}

// invalidToken is the code for a NextToken that was not given by this service.
const invalidToken = "InvalidNextToken"

// store is the parameters of one account in one region.
type store struct {
	scope      wire.Scope
	parameters map[string]*parameter
}

// parameter is one name with what it has ever held, as far as it is kept.
type parameter struct {
	Name     string
	Tags     map[string]string
	Versions []*version // oldest first, never empty
}

// version is one write. Nothing but its labels changes afterwards.
type version struct {
	Number         int64
	Type           string
	Value          string
	Ciphertext     string // what a SecureString looks like without decryption
	KeyID          string
	Description    string
	AllowedPattern string
	DataType       string
	Tier           string
	Policies       []policy
	Labels         []string
	User           string // ARN
	At             time.Time
}

// find returns the parameter that a reference names, or nil.
func (st *store) find(r reference) *parameter {
	if r.scope != (wire.Scope{}) && r.scope != st.scope {
		return nil
	}
	if p := st.parameters[r.name]; p != nil || r.scope == (wire.Scope{}) {
		return p
	}
	// The ARNs of the names x and /x are the same.
	return st.parameters["/"+r.name]
}

// sorted returns all parameters by name.
func (st *store) sorted() []*parameter {
	byName := slices.Collect(maps.Values(st.parameters))
	slices.SortFunc(byName, func(a, b *parameter) int { return strings.Compare(a.Name, b.Name) })
	return byName
}

func (st *store) arn(name string) string {
	if strings.HasPrefix(name, publicPrefix) { // no account's
		return "arn:aws:ssm:" + st.scope.Region + "::parameter" + name
	}
	return st.scope.ARN("ssm", "parameter/"+strings.TrimPrefix(name, "/"))
}

func (p *parameter) latest() *version { return p.Versions[len(p.Versions)-1] }

func (p *parameter) byNumber(number int64) *version {
	i := slices.IndexFunc(p.Versions, func(v *version) bool { return v.Number == number })
	if i < 0 {
		return nil
	}
	return p.Versions[i]
}

func (p *parameter) byLabel(label string) *version {
	i := slices.IndexFunc(p.Versions, func(v *version) bool { return slices.Contains(v.Labels, label) })
	if i < 0 {
		return nil
	}
	return p.Versions[i]
}

// read returns the value as the caller gets to see it.
func (v *version) read(decrypt bool) string {
	if v.Type == typeSecureString && !decrypt {
		return v.Ciphertext
	}
	return v.Value
}

// snapshot is one store as it is kept between runs.
type snapshot struct {
	Scope      wire.Scope
	Parameters map[string]*parameter
}

// Save returns all state as a value that encodes as JSON and that later calls do not
// change. Values of SecureString are in it.
func (s *Service) Save() (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	stores := make([]snapshot, 0, len(s.stores))
	for scope, st := range s.stores {
		stores = append(stores, snapshot{Scope: scope, Parameters: st.parameters})
	}
	return wire.Frozen("parameters", stores)
}

// Load replaces all state by what Save returned. After an error it is as before.
func (s *Service) Load(data json.RawMessage) error {
	var loaded []snapshot
	if err := json.Unmarshal(data, &loaded); err != nil {
		return fmt.Errorf("loading parameters: %w", err)
	}
	stores := make(map[wire.Scope]*store, len(loaded))
	for _, l := range loaded {
		for name, p := range l.Parameters {
			if p == nil || len(p.Versions) == 0 {
				return fmt.Errorf("loading parameters: %q has no version", name)
			}
		}
		if l.Parameters == nil {
			l.Parameters = map[string]*parameter{}
		}
		stores[l.Scope] = &store{scope: l.Scope, parameters: l.Parameters}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stores = stores
	return nil
}
