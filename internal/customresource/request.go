package customresource

import (
	"encoding/json"
	"fmt"
	"net/url"

	"github.com/tagboat/tagboat"
)

// Request is what CloudFormation sends.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requests.html
type Request struct {
	RequestType        string // Create, Update or Delete
	RequestID          string `json:"RequestId"`
	StackID            string `json:"StackId"`
	ResponseURL        string // presigned: its holder can answer, so it is a secret
	ResourceType       string
	LogicalResourceID  string `json:"LogicalResourceId"`
	PhysicalResourceID string `json:"PhysicalResourceId"` // "" for a Create
	ResourceProperties Properties
}

// ParseRequest reads a request. An error means that there is nobody to answer: it never
// quotes the request, whose URL is a secret.
func ParseRequest(event []byte) (Request, error) {
	var r Request
	if err := json.Unmarshal(event, &r); err != nil {
		return Request{}, fmt.Errorf("reading CloudFormation's request: %w", err)
	}
	u, err := url.Parse(r.ResponseURL)
	if err != nil || u.Scheme != "https" || u.Host == "" {
		return Request{}, tagboat.Usagef("the request has no ResponseURL that begins with https://, so it cannot be answered")
	}
	return r, nil
}

// IsRequest tells whether an event looks like CloudFormation's and nobody else's.
func IsRequest(event []byte) bool {
	var r struct{ RequestType, ResponseURL string }
	return json.Unmarshal(event, &r) == nil && r.RequestType != "" && r.ResponseURL != ""
}

// physicalID returns the resource's id: the one that it has, or for a new one what a
// repeated Create comes to again. A resource that changes its id would be replaced.
func (r Request) physicalID() string {
	if r.PhysicalResourceID != "" {
		return r.PhysicalResourceID
	}
	return r.LogicalResourceID + "-" + r.RequestID
}
