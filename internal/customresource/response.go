package customresource

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tagboat/tagboat"
)

// maxAnswer is how many bytes CloudFormation takes.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html
const maxAnswer = 4096

// response is what CloudFormation is answered.
type response struct {
	Status             string                     // SUCCESS or FAILED
	Reason             string                     `json:",omitempty"`
	PhysicalResourceID string                     `json:"PhysicalResourceId"`
	StackID            string                     `json:"StackId"`
	RequestID          string                     `json:"RequestId"`
	LogicalResourceID  string                     `json:"LogicalResourceId"`
	NoEcho             bool                       `json:",omitempty"`
	Data               map[string]json.RawMessage `json:",omitempty"`
}

// Data is what Fn::GetAtt finds in a resource.
type Data struct {
	Values map[string]json.RawMessage // strings, numbers and booleans
	Source map[string]string          // what each key comes from, for who reads an error
}

func (r Request) response(status string) response {
	return response{
		Status: status, PhysicalResourceID: r.physicalID(),
		StackID: r.StackID, RequestID: r.RequestID, LogicalResourceID: r.LogicalResourceID,
	}
}

// succeeded returns the body of a good answer, or an error of kind Usage where it would
// be larger than CloudFormation takes.
func (r Request) succeeded(data Data, noEcho bool) ([]byte, error) {
	answer := r.response("SUCCESS")
	answer.NoEcho, answer.Data = noEcho, data.Values
	body, err := encode(answer)
	if err != nil {
		return nil, err
	}
	if len(body) > maxAnswer {
		return nil, tagboat.Usagef("the answer would have %d bytes, and CloudFormation takes %d: %s", len(body), maxAnswer, data.sizes()).
			WithHint("ask for less at a time, in several resources")
	}
	return body, nil
}

// failed returns the body of an answer that says what is wrong. What is too long for
// CloudFormation is cut.
func (r Request) failed(err error) ([]byte, error) {
	answer := r.response("FAILED")
	answer.Reason = reason(err)
	for {
		body, err := encode(answer)
		if err != nil || len(body) <= maxAnswer || answer.Reason == "" {
			return body, err
		}
		answer.Reason = shorten(answer.Reason, len(body)-maxAnswer)
	}
}

func encode(answer response) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(answer); err != nil {
		return nil, fmt.Errorf("encoding the answer: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// shorten takes at least excess bytes off the end of s, and marks that.
func shorten(s string, excess int) string {
	const mark = "…"
	end := max(0, len(s)-excess-len(mark))
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	if end == 0 {
		return ""
	}
	return s[:end] + mark
}

// reason tells an error with its hints on one line, as events of a stack show it.
func reason(err error) string {
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		var all []string
		for _, e := range many.Unwrap() {
			all = append(all, reason(e))
		}
		return strings.Join(all, "; ")
	}
	text := err.Error()
	var e *tagboat.Error
	if errors.As(err, &e) && e.Hint != "" {
		text += " (hint: " + e.Hint + ")"
	}
	return text
}

// sizes tells how much comes from where, the largest first.
func (d Data) sizes() string {
	bySource := map[string]int{}
	for key, value := range d.Values {
		bySource[d.Source[key]] += len(key) + len(value) + len(`"":,`)
	}
	sources := slices.Sorted(maps.Keys(bySource))
	slices.SortStableFunc(sources, func(a, b string) int { return bySource[b] - bySource[a] })
	parts := make([]string, len(sources))
	for i, source := range sources {
		parts[i] = fmt.Sprintf("%s gives %d", source, bySource[source])
	}
	return strings.Join(parts, ", ")
}
