package ecs

import (
	"encoding/json"
	"fmt"
	"time"
)

// madeBefore is what a call with a client token made, so that the same call with the
// same token makes nothing more. AWS keeps tokens for a day.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html
type madeBefore struct {
	Request string
	ARNs    []string
	At      time.Time
}

const tokenLife = 24 * time.Hour

// token is a call's client token; "" where it has none.
type token struct {
	key     string
	request string
}

// newToken returns the token of a call; request is the call without it.
func newToken(operation, clientToken string, request any) (token, error) {
	if clientToken == "" {
		return token{}, nil
	}
	data, err := json.Marshal(request)
	if err != nil {
		return token{}, fmt.Errorf("encoding a request: %w", err)
	}
	return token{key: operation + " " + clientToken, request: string(data)}, nil
}

// made returns what the call made before, if it did. same is false where another call
// used the token.
func (r *region) made(t token) (arns []string, same, ok bool) {
	before, ok := r.Tokens[t.key]
	if !ok || r.deps.Clock.Now().Sub(before.At) >= tokenLife {
		return nil, false, false
	}
	return before.ARNs, before.Request == t.request, true
}

// remember keeps what a call made, and forgets what is too old.
func (r *region) remember(t token, arns []string) {
	if t.key == "" {
		return
	}
	now := r.deps.Clock.Now()
	for key, before := range r.Tokens {
		if now.Sub(before.At) >= tokenLife {
			delete(r.Tokens, key)
		}
	}
	r.Tokens[t.key] = madeBefore{Request: t.request, ARNs: arns, At: now}
}
