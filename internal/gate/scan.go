package gate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/registry"
)

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
