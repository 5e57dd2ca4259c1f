package ledger_test

import (
	"context"

	"github.com/tagboat/tagboat/internal/ledger"
)

// typed is a Store whose parameter is what it is.
type typed struct {
	ledger.Store
	is ledger.Parameter
}

func (s typed) Get(context.Context, []string) (map[string]ledger.Parameter, error) {
	p := s.is
	p.Name, p.Version = parameter, 1
	return map[string]ledger.Parameter{parameter: p}, nil
}

func (s typed) History(context.Context, string) ([]ledger.Parameter, error) {
	p := s.is
	p.Name, p.Version = parameter, 1
	return []ledger.Parameter{p}, nil
}
