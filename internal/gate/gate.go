// Package gate judges whether a version may enter a stage by what the version itself
// shows: the registry's scan, its labels and annotations, a signature. Every gate gives
// its reason, passed or not, and what is not known is not passed.
package gate

import (
	"context"
	"errors"
	"fmt"
	"slices"
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

// longestValue is how much of a label is shown: the image's author wrote it.
const longestValue = 100

func short(value string) string {
	if len(value) <= longestValue {
		return value
	}
	return strings.ToValidUTF8(value[:longestValue], "") + "…"
}

// Scan is how the scan of one image stands.
type Scan struct {
	Status string         // in ECR's words; "" where the image was never scanned
	Counts map[string]int // findings by severity, in ECR's words; nil where there is no result
}

// ErrNoScans says that an image lies in a registry whose scans Tagboat cannot read.
var ErrNoScans = errors.New("the registry has no scans that can be read")

// finished are the states in which the counts are of all that is known. Basic scanning
// completes; enhanced scanning has looked, and goes on looking, while it is active.
// https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageScanStatus.html
var finished = []string{"COMPLETE", "ACTIVE"}

// checkScan asks the registry's scan. Of an index it is the images that are scanned, and
// all of them have to pass.
func checkScan(ctx context.Context, limit string, v registry.Version, look Evidence) (Result, error) {
	images := v.Images
	if len(images) == 0 {
		images = []tagboat.Digest{v.Reference.Digest}
	}
	var found []string
	for _, digest := range images {
		image := v.Reference
		image.Digest = digest
		scan, err := look.Scan(ctx, image)
		if errors.Is(err, ErrNoScans) {
			return Result{Gate: "scan", Reason: "nothing is known of it: " + err.Error(), Hint: "only Amazon ECR's scans can be read; push it there"}, nil
		}
		if err != nil {
			return Result{}, fmt.Errorf("reading the scan of %s: %w", image, err)
		}
		if bad := judge(limit, scan, image); bad != nil {
			return *bad, nil
		}
		found = append(found, summary(scan.Counts))
	}
	return Result{Gate: "scan", Passed: true, Reason: "the scan found " + strings.Join(slices.Compact(found), ", and ")}, nil
}

// judge returns why an image does not pass, or nil.
func judge(limit string, scan Scan, image tagboat.Reference) *Result {
	which := fmt.Sprintf("--repository-name %s --image-id imageDigest=%s", image.Repository, image.Digest)
	switch {
	case scan.Status == "":
		return &Result{
			Gate: "scan", Reason: "it was never scanned",
			Hint: "aws ecr start-image-scan " + which + ", or switch scanning on push on for the repository",
		}
	case slices.Contains([]string{"IN_PROGRESS", "PENDING"}, scan.Status):
		return &Result{Gate: "scan", Reason: "its scan is not finished (" + scan.Status + ")", Hint: "aws ecr wait image-scan-complete " + which}
	case !slices.Contains(finished, scan.Status) || scan.Counts == nil:
		return &Result{
			Gate: "scan", Reason: "its scan has no result (" + scan.Status + ")",
			Hint: "aws ecr describe-image-scan-findings " + which + " says why",
		}
	}
	for severity, n := range scan.Counts {
		if n > 0 && rank(severity) > rank(limit) {
			return &Result{
				Gate: "scan", Reason: fmt.Sprintf("the scan found %s, and nothing worse than %s may pass", summary(scan.Counts), limit),
				Hint: "aws ecr describe-image-scan-findings " + which + " lists them",
			}
		}
	}
	return nil
}

// severities from the mildest to the worst. What nobody has rated yet stands below what
// somebody rated low, as other scanners have it. "none" is no severity, and so lets
// nothing pass.
var severities = []string{"NONE", "INFORMATIONAL", "UNDEFINED", "UNTRIAGED", "LOW", "MEDIUM", "HIGH", "CRITICAL"}

// rank puts severities in order. One that is not known is worse than all.
func rank(severity string) int {
	at := slices.Index(severities, strings.ToUpper(severity))
	if at < 0 {
		return len(severities)
	}
	return at
}

// summary says how many findings there are, the worst first.
func summary(counts map[string]int) string {
	names := make([]string, 0, len(counts))
	for severity, n := range counts {
		if n > 0 {
			names = append(names, severity)
		}
	}
	if len(names) == 0 {
		return "nothing"
	}
	slices.SortFunc(names, func(a, b string) int {
		if d := rank(b) - rank(a); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	for i, severity := range names {
		names[i] = fmt.Sprintf("%d %s", counts[severity], strings.ToLower(severity))
	}
	return strings.Join(names, ", ")
}
