// Package secretsmanager is the sandbox's Secrets Manager: secrets with their versions, as
// far as ECS and who looks for secrets get to see of it. Secrets live per account and region.
// All of it is safe for concurrent use.
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/Welcome.html
//
// What differs from AWS: there is no KMS, no rotation, no replica and no resource policy; a
// secret that is marked for deletion stays.
package secretsmanager

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/clock"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// Service is Secrets Manager in every account and region.
type Service struct {
	clock clock.Clock

	mu      sync.Mutex
	secrets []*secret
}

// New returns a Secrets Manager without secrets that takes its dates from c.
func New(c clock.Clock) *Service { return &Service{clock: c} }

// Service returns the table of operations.
func (s *Service) Service() wire.Service {
	return wire.Service{
		Name:     "secretsmanager",
		Protocol: wire.JSON11,
		Target:   "secretsmanager.",
		Operations: map[string]wire.Operation{
			"CreateSecret":   op(s, call.create),
			"PutSecretValue": op(s, call.put),
			"DescribeSecret": op(s, call.describe),
			"GetSecretValue": op(s, call.get),
			"DeleteSecret":   op(s, call.remove),
			"RestoreSecret":  op(s, call.restore),
		},
	}
}

// call is one request while the service is locked for it.
type call struct {
	*Service
	scope wire.Scope
	now   time.Time
}

// op makes an operation of a function that has the service for itself.
func op[In, Out any](s *Service, f func(call, In) (Out, error)) wire.Operation {
	return wire.Op(func(_ context.Context, caller wire.Caller, in In) (Out, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		return f(call{Service: s, scope: caller.Scope, now: s.clock.Now()}, in)
	})
}

// Unreadable returns why a task cannot have the secret that a valueFrom names, in the words of
// ECS, or "". It is arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME, and may go on with
// :KEY:STAGE:VERSION, each of which may be empty.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html
func (s *Service) Unreadable(valueFrom string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	parts := append(strings.Split(valueFrom, ":"), "", "", "")
	id := strings.Join(parts[:min(len(parts), arnParts)], ":")
	if len(parts) < arnParts+3 {
		return fmt.Sprintf("failed to fetch secret %s from secrets manager: invalid ARN", valueFrom)
	}
	key, stage, version := parts[arnParts], parts[arnParts+1], parts[arnParts+2]
	scope := wire.Scope{Region: parts[3], Account: parts[4]}
	out, err := call{Service: s, scope: scope, now: s.clock.Now()}.get(getInput{SecretID: id, VersionStage: stage, VersionID: version})
	if err != nil {
		return fmt.Sprintf("failed to fetch secret %s from secrets manager: %v", id, err)
	}
	if key == "" {
		return ""
	}
	var members map[string]any
	if err := json.Unmarshal([]byte(out.SecretString), &members); err != nil || members[key] == nil {
		return "retrieved secret from Secrets Manager did not contain json key " + key
	}
	return ""
}

// arnParts is how many parts the ARN of a secret has.
const arnParts = 7

// Save returns all state as a value that encodes as JSON and that later calls do not change.
// Values are in it.
func (s *Service) Save() (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return wire.Frozen("secrets", s.secrets)
}

// Load replaces all state by what Save returned. After an error it is as before.
func (s *Service) Load(data json.RawMessage) error {
	var loaded []*secret
	if err := json.Unmarshal(data, &loaded); err != nil {
		return fmt.Errorf("loading secrets: %w", err)
	}
	for i, one := range loaded {
		if one == nil || one.Name == "" {
			return fmt.Errorf("loading secrets: number %d has no name", i)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.secrets = loaded
	return nil
}
