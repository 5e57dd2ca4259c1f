package cloudformation

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/cloudformation/template"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// Answer is what a function answers to a custom resource's request.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html
type Answer struct {
	Status             string
	Reason             string
	PhysicalResourceID string `json:"PhysicalResourceId"`
	StackID            string `json:"StackId"`
	RequestID          string `json:"RequestId"`
	LogicalResourceID  string `json:"LogicalResourceId"`
	NoEcho             bool
	Data               map[string]any
}

// customRequest is a request that went to the function of a custom resource.
type customRequest struct {
	ID       string
	Body     map[string]any
	Deadline time.Time
	Answer   *Answer // nil: none yet
}

// Request is a request of a custom resource that nobody has answered.
type Request struct {
	Function string         `json:"function"`
	Event    map[string]any `json:"event"`
}

// ResponsePath is where answers to custom resources are put, before the id of the request.
const ResponsePath = "/_sandbox/responses/"

// mostResponse is how long an answer may be.
const mostResponse = 4096

// custom sends the request of a custom resource.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requests.html
func (w worker) custom(r *resource) error {
	function := r.word("ServiceToken")
	switch parts := strings.Split(function, ":"); {
	case function == "":
		return template.Errorf("Properties validation failed for resource %s with message:\n#: required key [ServiceToken] not found", r.Logical)
	case len(parts) < 6 || parts[2] != "lambda" && parts[2] != "sns":
		return template.Errorf("Invalid service token")
	case parts[2] == "sns":
		return template.Errorf("the sandbox has no SNS: the ServiceToken of %s must be a function", r.Logical)
	case len(r.Type) > 60+len("Custom::"):
		return template.Errorf("Template format error: the type of %s is too long", r.Logical)
	}
	timeout := 3600
	if given := r.word("ServiceTimeout"); given != "" {
		n, err := strconv.Atoi(given)
		if err != nil || n < 1 || n > 3600 {
			return template.Errorf("Properties validation failed for resource %s with message:\n#/ServiceTimeout: %s is not between 1 and 3600", r.Logical, given)
		}
		timeout = n
	}
	request := &customRequest{ID: wire.NewID(), Deadline: w.at.Add(time.Duration(timeout) * time.Second)}
	request.Body = map[string]any{
		"RequestType":  map[string]string{"create": "Create", "replace": "Create", "update": "Update", "delete": "Delete"}[w.work.Doing],
		"ServiceToken": function, "ResponseURL": "http://" + w.work.Host + ResponsePath + request.ID, "StackId": w.st.ID, "RequestId": request.ID,
		"LogicalResourceId": r.Logical, "ResourceType": r.Type, "ResourceProperties": r.Properties,
	}
	if w.work.Doing == "update" || w.work.Doing == "delete" {
		request.Body["PhysicalResourceId"] = r.Physical
	}
	if was := w.work.Was[r.Logical]; w.work.Doing == "update" && was != nil {
		request.Body["OldResourceProperties"] = was.Properties
	}
	r.Request = request
	if answer, ok := w.deps.Function(function, r.Type); ok {
		request.Answer = &answer
		if answer.PhysicalResourceID == "" {
			answer.PhysicalResourceID = r.Physical
		}
		if answer.PhysicalResourceID == "" {
			answer.PhysicalResourceID = request.ID
		}
	}
	return nil
}

// customSettled takes the answer to a custom resource's request.
func (w worker) customSettled(r *resource) (bool, error) {
	request := r.Request
	answer := request.Answer
	switch {
	case answer == nil && !w.now.Before(request.Deadline):
		return false, template.Errorf("CloudFormation did not receive a response from your Custom Resource. Please check your logs for requestId [%s]. If you are using the Python cfn-response module, you may need to update your Lambda function code so that CloudFormation can attach the updated version.", request.ID)
	case answer == nil:
		return false, nil
	case answer.Status != "SUCCESS":
		return false, template.Errorf("Received response status [FAILED] from custom resource. Message returned: %s (RequestId: %s)", answer.Reason, request.ID)
	case w.work.Doing == "delete":
		return true, nil
	case answer.PhysicalResourceID == "" || len(answer.PhysicalResourceID) > 1024:
		return false, template.Errorf("Invalid PhysicalResourceId")
	}
	r.Physical, r.Attributes = answer.PhysicalResourceID, map[string]string{}
	for name, value := range answer.Data {
		if text, ok := template.Plain(value).(string); ok {
			r.Attributes[name] = text
		} else {
			r.Attributes[name] = fmt.Sprint(value)
		}
	}
	return true, nil
}

// Requests returns the requests of custom resources that nobody has answered.
func (s *Service) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Request
	for _, st := range s.stacks {
		if r := st.waits(); r != nil {
			function, _ := r.Body["ServiceToken"].(string)
			all = append(all, Request{function, r.Body})
		}
	}
	return all
}

// waits returns the request that the stack waits for; nil for none.
func (st *stack) waits() *customRequest {
	if st.Work == nil || !st.Work.Begun || st.Work.Current == "" {
		return nil
	}
	r := worker{st: st, work: st.Work}.target()
	if r == nil || r.Request == nil || r.Request.Answer != nil {
		return nil
	}
	return r.Request
}

// Respond takes what somebody put to the ResponseURL of a request, and reports whether one waits
// for it. What it cannot read fails the resource, as on AWS.
func (s *Service) Respond(id string, body []byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, st := range s.stacks {
		request := st.waits()
		if request == nil || request.ID != id {
			continue
		}
		answer := &Answer{}
		err := json.Unmarshal(body, answer)
		logical, _ := request.Body["LogicalResourceId"].(string)
		switch {
		case len(body) > mostResponse:
			answer = &Answer{Status: "FAILED", Reason: "Response object is too long."}
		case err != nil:
			answer = &Answer{Status: "FAILED", Reason: "Invalid response object: " + err.Error()}
		case answer.StackID != st.ID || answer.RequestID != id || answer.LogicalResourceID != logical || answer.Status != "SUCCESS" && answer.Status != "FAILED":
			answer = &Answer{Status: "FAILED", Reason: "Invalid response object: Value of property StackId, RequestId, LogicalResourceId or Status is not that of the request"}
		}
		request.Answer = answer
		st.Work.Due = s.deps.Clock.Now()
		s.wake()
		return true
	}
	return false
}
