package ledger

import (
	"context"
	"errors"
	"time"
)

// ErrExists is what Store.Put wraps where Overwrite is false and the parameter exists.
var ErrExists = errors.New("the parameter exists")

// Parameter is one version of a parameter. Get fills Name, Value, Version, Type and
// At; History fills the rest too.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ParameterHistory.html
type Parameter struct {
	Name        string
	Value       string
	Version     int64  // counts from 1
	Type        string // String, StringList, SecureString
	At          time.Time
	Description string
	User        string // ARN of who wrote it
	Labels      []string
}

// Put is one write to a parameter, always of type String.
type Put struct {
	Name        string
	Value       string // at most what the tier takes
	Description string // at most 1024 characters
	Overwrite   bool   // false: create it, and fail with ErrExists where it exists
	Tier        Tier
}

// Store is Parameter Store as the ledger needs it: the last writer wins, every write
// makes a version, and versions are numbered without a gap. Package ledgertest holds
// what every Store must pass.
type Store interface {
	// Get returns the newest versions of the named parameters, however many. Names
	// that do not exist are left out; that is not an error.
	Get(ctx context.Context, names []string) (map[string]Parameter, error)
	// Put writes a version and returns its number.
	Put(ctx context.Context, put Put) (int64, error)
	// History returns the versions that are kept, up to 100, oldest first; none where
	// the parameter does not exist.
	History(ctx context.Context, name string) ([]Parameter, error)
}
