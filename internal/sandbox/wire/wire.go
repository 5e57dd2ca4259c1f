// Package wire is what the sandbox's services have in common on the wire: who calls,
// how a request becomes a Go value and an answer becomes bytes in each of AWS's
// protocols, and how an error looks there. A service is a table of operations; the
// server in package sandbox finds the operation and this package does the rest.
//
// Nothing here is shared with the client side of Tagboat: the two meet as bytes only.
package wire

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/url"
	"time"
)

// Scope is what state belongs to: everything in AWS lives in one account and region.
type Scope struct {
	Account string
	Region  string
}

// Caller is who signed a request.
type Caller struct {
	Scope
	ARN       string // arn:aws:iam::…:user/… or arn:aws:sts::…:assumed-role/…/…
	UserID    string
	AccessKey string
	// Via is the service of AWS that makes the call on the caller's behalf, such as cloudformation;
	// "" where nobody stands between.
	Via string
}

// ARN returns the ARN of a resource of a service in s.
func (s Scope) ARN(service, resource string) string {
	return "arn:aws:" + service + ":" + s.Region + ":" + s.Account + ":" + resource
}

// Request is one call, once the server knows what it is.
type Request struct {
	Caller    Caller
	Operation string
	Host      string          // host:port that the client used; registries are named after it
	JSON      json.RawMessage // the body, in the JSON protocols
	Form      url.Values      // the parameters, in the query protocol
}

// Operation answers one call. It returns a value to encode, or an *Error; any other
// error is answered as the protocol's internal server error.
type Operation func(ctx context.Context, r *Request) (any, error)

// Protocol is one of AWS's wire protocols.
// https://smithy.io/2.0/aws/protocols/index.html
type Protocol int

// The protocols that the sandbox speaks.
const (
	JSON11 Protocol = iota
	JSON10
	Query
	CBOR // Smithy's RPC v2: https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html
)

// Service is one AWS service: how its requests are recognised and what it can do.
type Service struct {
	Name        string // as in endpoints, ARNs and the counts of calls: "ecs"
	Protocol    Protocol
	Target      string // prefix of X-Amz-Target with its dot (JSON protocols); with CBOR in the path
	Version     string // the Version parameter (query protocol)
	Namespace   string // of the XML answer (query protocol)
	Operations  map[string]Operation
	QueryErrors bool // SQS: errors also have the code of the query protocol, in x-amzn-query-error
}

// Error is an error as AWS words it.
type Error struct {
	Code    string // ClientException, ParameterNotFound, …
	Message string
	Status  int            // HTTP status; 0 means 400
	Query   string         // the code in x-amzn-query-error; "" means Code
	Fields  map[string]any // further members of the error's shape
}

// Error returns code and message.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Errorf is the usual way to make one.
func Errorf(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// InvalidMember is how AWS words a member that breaks a rule of the API's model.
func InvalidMember(code, value, member, rule string) error {
	return Errorf(code, "1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: Member must %s", value, member, rule)
}

// Frozen encodes a service's state, so that later calls do not change it.
func Frozen(what string, state any) (any, error) {
	data, err := json.Marshal(state)
	if err != nil {
		return nil, fmt.Errorf("saving %s: %w", what, err)
	}
	return json.RawMessage(data), nil
}

// Op makes an Operation of a function that takes and returns structs. Members are
// named by their json tags, or else as Go names them, in every protocol, and no other case
// of a letter will do; in the query protocol lists are
// Name.member.N and the answer's elements are named by the same tags.
func Op[In, Out any](f func(ctx context.Context, caller Caller, in In) (Out, error)) Operation {
	return OpSpelt(asDeclared, f)
}

// OpSpelt is Op for a service whose members without a json tag are spelt otherwise than Go
// names them.
func OpSpelt[In, Out any](spell func(field string) string, f func(ctx context.Context, caller Caller, in In) (Out, error)) Operation {
	return func(ctx context.Context, r *Request) (any, error) {
		var in In
		if err := decode(r, &in, spell); err != nil {
			return nil, err
		}
		return f(ctx, r.Caller, in)
	}
}

// OpRequest is Op for functions that need the whole request, such as its host.
func OpRequest[In, Out any](f func(ctx context.Context, r *Request, in In) (Out, error)) Operation {
	return func(ctx context.Context, r *Request) (any, error) {
		var in In
		if err := decode(r, &in, asDeclared); err != nil {
			return nil, err
		}
		return f(ctx, r, in)
	}
}

func decode(r *Request, in any, spell func(string) string) error {
	if r.Form != nil {
		return decodeForm(r.Form, in)
	}
	if len(r.JSON) == 0 {
		return nil
	}
	if err := json.Unmarshal(Exact(r.JSON, in, spell), in); err != nil {
		return Errorf("SerializationException", "%v", err)
	}
	return nil
}

// NewID returns a random UUID of version 4, as requests, messages and events have.
func NewID() string {
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails: https://pkg.go.dev/crypto/rand#Read
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}

type ageKey struct{}

// WithAge returns a context for an operation that should answer the state as it was some
// time ago, as AWS's reads may.
func WithAge(ctx context.Context, age time.Duration) context.Context {
	if age <= 0 {
		return ctx
	}
	return context.WithValue(ctx, ageKey{}, age)
}

// Age returns how old the state is that an operation should answer; 0 is the present.
func Age(ctx context.Context) time.Duration {
	age, _ := ctx.Value(ageKey{}).(time.Duration)
	return age
}
