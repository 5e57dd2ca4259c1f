package wire

import (
	"context"
	"encoding/json"
)

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
