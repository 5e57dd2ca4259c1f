package gate

import (
	"context"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/registry"
)

// Result is what one gate says of one version.
type Result struct {
	Gate   string `json:"gate"` // scan, labels or signature
	Passed bool   `json:"passed"`
	Reason string `json:"reason"`
	Hint   string `json:"hint"` // what would make it pass; "" where it has
}

// Evidence is where gates look.
type Evidence interface {
	// Scan returns how the scan of one image stands, which ref names by its digest.
	Scan(ctx context.Context, image tagboat.Reference) (Scan, error)
	// Signatures returns what lies beside a version, checked by nobody.
	Signatures(ctx context.Context, version tagboat.Reference) ([]registry.Signature, error)
}

// Check asks every gate that a stage has for versions, in the order of their cost, and
// returns what each says; none where the stage has no such gate. An error means that
// something could not be looked at, which is no answer at all.
func Check(ctx context.Context, gates config.Gates, v registry.Version, look Evidence) ([]Result, error) {
	var results []Result
	if len(gates.Labels) > 0 {
		results = append(results, labels(gates.Labels, v))
	}
	if gates.Signature != "" {
		result, err := signed(ctx, gates.Signature, v.Reference, look)
		if err != nil {
			return nil, err
		}
		results = append(results, result)
	}
	if gates.ScanMax != "" {
		result, err := scanned(ctx, gates.ScanMax, v, look)
		if err != nil {
			return nil, err
		}
		results = append(results, result)
	}
	return results, nil
}
