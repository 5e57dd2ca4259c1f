// Package gate judges whether a version may enter a stage by what the version itself
// shows: the registry's scan, its labels and annotations, a signature. Every gate gives
// its reason, passed or not, and what is not known is not passed.
package gate

import (
	"context"
	"fmt"
	"strings"

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
	// Signatures returns the signatures beside a version, unchecked.
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
		result, err := checkSignature(ctx, gates.Signature, v.Reference, look)
		if err != nil {
			return nil, err
		}
		results = append(results, result)
	}
	if gates.ScanMax != "" {
		result, err := checkScan(ctx, gates.ScanMax, v, look)
		if err != nil {
			return nil, err
		}
		results = append(results, result)
	}
	return results, nil
}

// labels asks for labels of the image's config or annotations of its manifest. One of
// both is enough.
func labels(required []config.RequiredLabel, v registry.Version) Result {
	var wrong, right []string
	for _, l := range required {
		label, labelled := v.Labels[l.Name]
		annotation, annotated := v.Annotations[l.Name]
		switch {
		case labelled && l.Matches(label):
			right = append(right, l.Name+"="+short(label))
		case annotated && l.Matches(annotation):
			right = append(right, l.Name+"="+short(annotation))
		case labelled:
			wrong = append(wrong, fmt.Sprintf("its label %s is %q and should be %q", l.Name, short(label), l.Value))
		case annotated:
			wrong = append(wrong, fmt.Sprintf("its annotation %s is %q and should be %q", l.Name, short(annotation), l.Value))
		default:
			wrong = append(wrong, fmt.Sprintf("it has no label or annotation %s", l.Name))
		}
	}
	if len(wrong) == 0 {
		return Result{Gate: "labels", Passed: true, Reason: "it has " + strings.Join(right, ", ")}
	}
	return Result{
		Gate: "labels", Reason: strings.Join(wrong, "; "),
		Hint: fmt.Sprintf("build it with the label: docker build --label %s=…", required[0].Name),
	}
}

// longestValue is how much of a label is shown: whoever pushed the image wrote it.
const longestValue = 100

func short(value string) string {
	if len(value) <= longestValue {
		return value
	}
	return strings.ToValidUTF8(value[:longestValue], "") + "…"
}
