package sandbox

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// serveAPI answers a call of an AWS API.
func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request) {
	requestID := newRequestID()
	credential, signed := credentialOf(r, r.URL.Query())
	call, err := s.recognise(r, credential)
	if err != nil {
		call.service.Failure(requestID, err).Send(w)
		return
	}
	caller, err := s.caller(call.service, credential, signed)
	fail := func(w http.ResponseWriter, err error) { call.service.Failure(requestID, err).Send(w) }
	s.carry(w, r, exchange{
		operation: call.name(),
		scope:     caller.Scope,
		reads:     readsOnly(call.operation),
		throttled: call.service.Throttled(),
		refuse:    fail,
		perform: func(w http.ResponseWriter, age time.Duration) {
			if err != nil {
				fail(w, err)
				return
			}
			out, err := call.perform(wire.WithAge(r.Context(), age), caller, r.Host)
			if err != nil {
				fail(w, err)
				return
			}
			call.service.Success(requestID, call.operation, out).Send(w)
		},
	})
}

func (c apiCall) perform(ctx context.Context, caller wire.Caller, host string) (any, error) {
	operation, ok := c.service.Operations[c.operation]
	if !ok {
		return nil, c.service.UnknownOperation(c.operation)
	}
	return operation(ctx, &wire.Request{
		Caller:    caller,
		Operation: c.operation,
		Host:      host,
		JSON:      c.body,
		Form:      c.form,
	})
}

// newRequestID returns a random UUID of version 4.
func newRequestID() string {
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails: https://pkg.go.dev/crypto/rand#Read
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}
