package ecr

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/registry"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// scanLabel is the label of an image's config that says what a scan found: a list
// such as critical=1,high=2, empty for a clean one. An image with it was scanned when it was
// pushed; one without it once somebody asked for a scan, or its repository does on each
// push, and then it is clean. An index is never scanned: scan its children.
const scanLabel = "tagboat.sandbox.scan"

// severities in the order in which findings are listed.
var severities = []string{"CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNDEFINED"}

// maxFindings bounds what a label can ask for.
const maxFindings = 10_000

type scanStatus struct {
	Status      string `json:"status"` // IN_PROGRESS, COMPLETE, or FAILED where the label cannot be read
	Description string `json:"description"`
}

// finding is one of basic scanning.
// https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageScanFinding.html
type finding struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Severity    string `json:"severity"`
}

type scanFindings struct {
	CompletedAt wire.Time      `json:"imageScanCompletedAt"`
	Counts      map[string]int `json:"findingSeverityCounts"`
	Findings    []finding      `json:"findings"`
}

type describeImageScanFindingsInput struct {
	target
	pageRequest
	ImageID imageID `json:"imageId"`
}

type describeImageScanFindingsOutput struct {
	target
	ImageID   imageID       `json:"imageId"`
	Status    scanStatus    `json:"imageScanStatus"`
	Findings  *scanFindings `json:"imageScanFindings,omitempty"`
	NextToken string        `json:"nextToken,omitempty"`
}

func (a *API) describeImageScanFindings(_ context.Context, r *wire.Request, in describeImageScanFindingsInput) (describeImageScanFindingsOutput, error) {
	var out describeImageScanFindingsOutput
	repo, err := a.repository(r, in.target)
	if err != nil {
		return out, err
	}
	image, err := a.image(repo.RepositoryID, in.ImageID)
	if err != nil {
		return out, err
	}
	id := imageID{Digest: string(image.Digest), Tag: in.ImageID.Tag}
	label, labelled := image.Labels[scanLabel]
	if !labelled && image.ScannedAt.IsZero() {
		return out, wire.Errorf("ScanNotFoundException",
			"Image scan does not exist for the image with '%s' in the repository with name '%s' in the registry with id '%s'", id, repo.Name, repo.Account)
	}
	out = describeImageScanFindingsOutput{target: targetOf(repo.RepositoryID), ImageID: id}
	if a.clock.Now().Before(image.ScannedAt.Add(scanTakes)) {
		out.Status = scanStatus{"IN_PROGRESS", "The scan is in progress."}
		return out, nil
	}
	all, problem := seededFindings(label)
	if problem != "" {
		out.Status = scanStatus{"FAILED", problem}
		return out, nil
	}
	out.Status = scanStatus{"COMPLETE", "The scan was completed successfully."}
	out.Findings, out.NextToken, err = in.findings(image, all)
	return out, err
}

// findings returns a page of all and counts of all.
func (p pageRequest) findings(image registry.Image, all []finding) (*scanFindings, string, error) {
	size, _, err := pageRequest{MaxResults: p.MaxResults}.page()
	if err != nil {
		return nil, "", err
	}
	shown, next, err := wire.Page(all, p.NextToken, size, "InvalidParameterException")
	if err != nil {
		return nil, "", err
	}
	completed := image.PushedAt
	if !image.ScannedAt.IsZero() {
		completed = image.ScannedAt.Add(scanTakes)
	}
	return &scanFindings{CompletedAt: wire.At(completed), Counts: counts(all), Findings: shown}, next, nil
}

// counts returns how many findings there are of each severity that has any.
func counts(all []finding) map[string]int {
	counts := map[string]int{}
	for _, f := range all {
		counts[f.Severity]++
	}
	return counts
}

// seededFindings makes the findings that a label asks for, worst first, or says what
// is wrong with it.
func seededFindings(label string) (all []finding, problem string) {
	counts := map[string]int{}
	total := 0
	for item := range strings.SplitSeq(label, ",") {
		if strings.TrimSpace(item) == "" {
			continue
		}
		name, number, _ := strings.Cut(item, "=")
		n, err := strconv.Atoi(strings.TrimSpace(number))
		if err != nil || n < 0 || n > maxFindings {
			return nil, fmt.Sprintf("label %s: %q is not SEVERITY=COUNT", scanLabel, item)
		}
		counts[strings.ToUpper(strings.TrimSpace(name))] += n
		total += n
	}
	all = []finding{}
	for _, severity := range severities {
		for n := range counts[severity] {
			all = append(all, finding{
				Name:        fmt.Sprintf("SANDBOX-%s-%d", severity, n+1),
				Description: "A vulnerability that the image's label " + scanLabel + " asks for.",
				Severity:    severity,
			})
		}
	}
	if len(all) != total {
		return nil, fmt.Sprintf("label %s: %q has a severity that is none of %s", scanLabel, label, strings.Join(severities, ", "))
	}
	return all, ""
}

const (
	scanTakes = 10 * time.Second
	scanEvery = 24 * time.Hour // an image can be scanned once in that time
)

type startImageScanInput struct {
	target
	ImageID imageID `json:"imageId"`
}

type startImageScanOutput struct {
	target
	ImageID imageID    `json:"imageId"`
	Status  scanStatus `json:"imageScanStatus"`
}

// startImageScan begins a basic scan, which takes some seconds.
// https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_StartImageScan.html
func (a *API) startImageScan(_ context.Context, r *wire.Request, in startImageScanInput) (startImageScanOutput, error) {
	var out startImageScanOutput
	repo, err := a.repository(r, in.target)
	if err != nil {
		return out, err
	}
	ref, err := in.ImageID.ref()
	if err != nil {
		return out, err
	}
	now := a.clock.Now()
	image, err := a.MarkScanned(repo.RepositoryID, ref, now, func(i registry.Image) error {
		switch {
		case len(i.Children) > 0:
			return wire.Errorf("UnsupportedImageTypeException", "The image with '%s' is of a type that cannot be scanned.", in.ImageID)
		case !i.ScannedAt.IsZero() && now.Before(i.ScannedAt.Add(scanEvery)):
			return wire.Errorf("LimitExceededException", "The scan quota per image has been exceeded. Wait and try again.")
		}
		return nil
	})
	if err != nil {
		return out, err
	}
	a.tellScan(repo.RepositoryID, image, now.Add(scanTakes))
	return startImageScanOutput{
		target: targetOf(repo.RepositoryID), ImageID: imageID{Digest: string(image.Digest), Tag: in.ImageID.Tag},
		Status: scanStatus{"IN_PROGRESS", "The scan is in progress."},
	}, nil
}

// scanConfiguration says whether images are scanned as they are pushed.
type scanConfiguration struct {
	ScanOnPush bool `json:"scanOnPush"`
}

type putImageScanningConfiguration struct {
	target
	Scanning scanConfiguration `json:"imageScanningConfiguration"`
}

func (a *API) putImageScanningConfiguration(_ context.Context, r *wire.Request, in putImageScanningConfiguration) (putImageScanningConfiguration, error) {
	repo, err := a.change(r, in.target, func(s *registry.Settings) { s.ScanOnPush = in.Scanning.ScanOnPush })
	return putImageScanningConfiguration{targetOf(repo.RepositoryID), in.Scanning}, err
}
