package ecs

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// The errors that most operations share.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/CommonErrors.html

func refused(code, format string, args ...any) error {
	return wire.Errorf(code, format, args...)
}

func clientError(format string, args ...any) error {
	return wire.Errorf("ClientException", format, args...)
}

func invalidParameter(format string, args ...any) error {
	return wire.Errorf("InvalidParameterException", format, args...)
}

func serviceNotFound() error {
	return wire.Errorf("ServiceNotFoundException", "Service not found.")
}

// failure is one record of an answer that says what could not be found.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html
type failure struct {
	ARN    string `json:"arn"`
	Reason string `json:"reason"`
	Detail string `json:"detail,omitempty"`
}

func missing(arn string) failure { return failure{ARN: arn, Reason: "MISSING"} }

// asInvalid turns a ClientException into the InvalidParameterException that RunTask
// has for the same message about an inactive task definition.
func asInvalid(err error) error {
	var e *wire.Error
	if errors.As(err, &e) && e.Message == definitionInactive {
		return invalidParameter(definitionInactive)
	}
	return err
}

const definitionInactive = "TaskDefinition is inactive"

// paging is the part of a request that says which page is wanted.
type paging struct {
	MaxResults *int
	NextToken  string
}

// list is a sorted list to be answered in pages.
type list[T any] struct {
	items      []T
	key        func(T) string // sorts as the items do; no two items have the same
	descending bool
}

// page returns one page and the token of the next, "" after the last. Items that come
// or go between two pages do not move the others: a token says after which key to
// go on.
func page[T any](p paging, l list[T], size int) ([]T, string, error) {
	const most = 100
	if p.MaxResults != nil {
		if size = *p.MaxResults; size < 1 || size > most {
			return nil, "", invalidParameter("maxResults must be between 1 and %d.", most)
		}
	}
	start, err := l.after(p.NextToken)
	if err != nil {
		return nil, "", err
	}
	rest := l.items[start:]
	if len(rest) <= size {
		return rest, "", nil
	}
	last := l.key(rest[size-1])
	return rest[:size], base64.StdEncoding.EncodeToString([]byte(tokenPrefix + last)), nil
}

// pageOfNames sorts names, and returns one page of up to a hundred.
func pageOfNames(p paging, names []string) ([]string, string, error) {
	slices.Sort(names)
	return page(p, list[string]{items: names, key: itself}, 100)
}

func itself(s string) string { return s }

// checkBatch holds the limit of an operation that describes what a list names.
func checkBatch(name string, ids []string, most int) error {
	if len(ids) == 0 {
		return invalidParameter("%s cannot be empty.", name)
	}
	if len(ids) > most {
		return invalidParameter("%s cannot have more than %d elements.", name, most)
	}
	return nil
}

const tokenPrefix = "after "

// after returns the index of the first item that comes after a token.
func (l list[T]) after(token string) (int, error) {
	if token == "" {
		return 0, nil
	}
	text, err := base64.StdEncoding.DecodeString(token)
	key, ok := strings.CutPrefix(string(text), tokenPrefix)
	if err != nil || !ok {
		return 0, invalidParameter("Invalid token")
	}
	return sort.Search(len(l.items), func(i int) bool {
		order := strings.Compare(l.key(l.items[i]), key)
		return order > 0 && !l.descending || order < 0 && l.descending
	}), nil
}

// pastCreation is what a call with a client token made, so that the same call with the
// same token makes nothing more. AWS keeps tokens for a day.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html
type pastCreation struct {
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

// recall returns what the call made before, if it did. same is false where another call
// used the token.
func (r *region) recall(t token) (arns []string, same, ok bool) {
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
	r.Tokens[t.key] = pastCreation{Request: t.request, ARNs: arns, At: now}
}
