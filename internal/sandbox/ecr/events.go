package ecr

import (
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/registry"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// Events is EventBridge.
type Events interface {
	// Emit takes an event of the source aws.ecr that happens at a time, which may be to come;
	// detail encodes as its detail.
	Emit(scope wire.Scope, at time.Time, detailType string, detail any, resources []string)
}

// action is the detail of an ECR Image Action.
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html
type action struct {
	Result     string `json:"result"`
	Repository string `json:"repository-name"`
	Digest     string `json:"image-digest"`
	Action     string `json:"action-type"`
	Tag        string `json:"image-tag,omitempty"`
}

// scanned is the detail of an ECR Image Scan.
type scanned struct {
	Status     string         `json:"scan-status"`
	Repository string         `json:"repository-name"`
	Counts     map[string]int `json:"finding-severity-counts"`
	Digest     string         `json:"image-digest"`
	Tags       []string       `json:"image-tags"`
}

func (a *API) tell(e registry.Event, what string) {
	a.events.Emit(e.Scope, e.At, "ECR Image Action", action{"SUCCESS", e.Name, string(e.Digest), what, e.Tag}, nil)
}

// pushed tells of a push and, where the image is scanned with it, of the scan.
func (a *API) pushed(e registry.Event) {
	a.tell(e, "PUSH")
	image, err := a.Image(e.RepositoryID, registry.Ref{Digest: e.Digest})
	if err != nil || !e.New { // it may have been deleted meanwhile
		return
	}
	_, labelled := image.Labels[scanLabel]
	switch {
	case !image.ScannedAt.IsZero():
		a.tellScan(e.RepositoryID, image, image.ScannedAt.Add(scanTakes))
	case labelled && len(image.Children) == 0:
		a.tellScan(e.RepositoryID, image, e.At)
	}
}

// tellScan tells what a scan finds, at the time at which it ends.
func (a *API) tellScan(id registry.RepositoryID, image registry.Image, at time.Time) {
	if a.events == nil {
		return
	}
	all, problem := seededFindings(image.Labels[scanLabel])
	detail := scanned{"COMPLETE", id.Name, counts(all), string(image.Digest), append([]string{}, image.Tags...)}
	if problem != "" {
		detail.Status = "FAILED"
	}
	a.events.Emit(id.Scope, at, "ECR Image Scan", detail, []string{id.ARN()})
}
