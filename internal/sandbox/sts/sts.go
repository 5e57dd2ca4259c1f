// Package sts is the sandbox's AWS Security Token Service. It knows who holds which
// access key, and so which account a request belongs to: keys that AssumeRole issued
// belong to the account in the role's ARN, all others to a user of the default account.
// https://docs.aws.amazon.com/STS/latest/APIReference/welcome.html
package sts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"sync"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/clock"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// ErrExpired says that an access key was issued by AssumeRole and its time is over.
var ErrExpired = errors.New("the security token included in the request is expired")

// Service issues credentials and knows who holds them. It is safe for concurrent use.
type Service struct {
	account string
	clock   clock.Clock

	mu       sync.Mutex
	sessions map[string]session // by access key
}

// session is a role that was assumed. Its secret is not kept: the sandbox
// checks no signature.
type session struct {
	ARN     string    `json:"arn"`
	UserID  string    `json:"userId"`
	Account string    `json:"account"`
	Expires time.Time `json:"expires"`
	passing
}

// held returns the session that an access key belongs to; the zero value for a user's key.
func (s *Service) held(accessKey string) session {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sessions[accessKey]
}

// New returns a service without sessions. Sessions end by the given clock, which has
// to be the one that clients live by: they renew their credentials by their own time.
func New(account string, c clock.Clock) *Service {
	return &Service{account: account, clock: c, sessions: map[string]session{}}
}

// Service returns the table of operations.
func (s *Service) Service() wire.Service {
	return wire.Service{
		Name:      "sts",
		Protocol:  wire.Query,
		Version:   "2011-06-15",
		Namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
		Operations: map[string]wire.Operation{
			"AssumeRole":        wire.Op(s.assumeRole),
			"GetCallerIdentity": wire.Op(s.getCallerIdentity),
		},
	}
}

// Caller returns who holds an access key. Its error is ErrExpired.
func (s *Service) Caller(accessKey, region string) (wire.Caller, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	session, ok := s.sessions[accessKey]
	if !ok {
		return s.user(accessKey, region), nil
	}
	if !s.clock.Now().Before(session.Expires) {
		return wire.Caller{}, ErrExpired
	}
	return wire.Caller{
		Scope:     wire.Scope{Account: session.Account, Region: region},
		ARN:       session.ARN,
		UserID:    session.UserID,
		AccessKey: accessKey,
	}, nil
}

// user is who a key that AssumeRole did not issue belongs to: a key of twelve digits
// to the account of that number, so that a script can act in any account without a
// role, and every other key to the sandbox's own account.
func (s *Service) user(accessKey, region string) wire.Caller {
	account := s.account
	if accountKey().MatchString(accessKey) {
		account = accessKey
	}
	return wire.Caller{
		Scope:     wire.Scope{Account: account, Region: region},
		ARN:       "arn:aws:iam::" + account + ":user/sandbox",
		UserID:    uniqueID("AIDA", account),
		AccessKey: accessKey,
	}
}

var accountKey = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9]{12}$`) })

type identity struct {
	UserID  string `json:"UserId"`
	Account string `json:"Account"`
	ARN     string `json:"Arn"`
}

func (s *Service) getCallerIdentity(_ context.Context, caller wire.Caller, _ struct{}) (identity, error) {
	return identity{UserID: caller.UserID, Account: caller.Account, ARN: caller.ARN}, nil
}

// Save returns the sessions; there is no secret among them.
func (s *Service) Save() (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return wire.Frozen("the sessions of assumed roles", s.sessions)
}

// Load brings back what Save returned.
func (s *Service) Load(data json.RawMessage) error {
	sessions := map[string]session{}
	if err := json.Unmarshal(data, &sessions); err != nil {
		return fmt.Errorf("reading the sessions of assumed roles: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions = sessions
	return nil
}
