package wire

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"reflect"
)

// Answer is one answer as it goes over the wire: a status, headers and a body that
// are complete before the first byte is sent, so that an operation's answer can
// still become an error.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Send writes the answer. HTTP leaves nothing to do about a client that is gone.
func (a *Answer) Send(w http.ResponseWriter) {
	maps.Copy(w.Header(), a.Header)
	w.Header().Set("Content-Length", fmt.Sprint(len(a.Body)))
	w.WriteHeader(a.Status)
	_, _ = w.Write(a.Body)
}

// Success encodes what an operation returned; nil stands for an empty structure. A
// value that the protocol cannot carry becomes the internal server error.
func (s Service) Success(requestID, operation string, out any) *Answer {
	var body []byte
	var err error
	switch s.Protocol {
	case Query:
		body, err = s.queryAnswer(requestID, operation, out)
	case CBOR:
		body, err = cborAnswer(out)
	default:
		body, err = jsonAnswer(out)
	}
	if err != nil {
		return s.Failure(requestID, fmt.Errorf("encoding the answer to %s: %w", operation, err))
	}
	return s.answer(requestID, http.StatusOK, body)
}

// Failure encodes an error. What is no *Error is answered as InternalFailure with
// status 500, the error that all AWS services have in common.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/CommonErrors.html
func (s Service) Failure(requestID string, err error) *Answer {
	var e *Error
	if !errors.As(err, &e) {
		e = &Error{Code: "InternalFailure", Message: err.Error(), Status: http.StatusInternalServerError}
	}
	status := e.Status
	if status == 0 {
		status = http.StatusBadRequest
	}
	if s.Protocol == Query {
		return s.answer(requestID, status, s.queryError(requestID, status, e))
	}
	if s.Protocol == CBOR {
		body, _ := cborAnswer(map[string]string{"__type": e.Code, "message": e.Message}) // strings always encode
		return s.answer(requestID, status, body)
	}
	a := s.answer(requestID, status, jsonError(e))
	a.Header.Set("X-Amzn-ErrorType", e.Code)
	if s.QueryErrors {
		a.Header.Set("X-Amzn-Query-Error", cmp.Or(e.Query, e.Code)+";"+fault(status))
	}
	return a
}

// UnknownOperation is the error for an operation that the service, or the sandbox's
// part of it, does not have. It names the operation.
func (s Service) UnknownOperation(operation string) *Error {
	if s.Protocol == Query {
		return Errorf("InvalidAction", "Could not find operation %s for version %s: the sandbox has no %s.%s",
			operation, s.Version, s.Name, operation)
	}
	return Errorf("UnknownOperationException", "the sandbox has no operation %s.%s", s.Name, operation)
}

// Throttled is the error for a call beyond the rate that AWS allows.
func (s Service) Throttled() *Error {
	switch {
	case s.QueryErrors:
		return Errorf("RequestThrottled", "Rate exceeded")
	case s.Protocol == Query:
		return Errorf("Throttling", "Rate exceeded")
	default:
		return Errorf("ThrottlingException", "Rate exceeded")
	}
}

func (s Service) answer(requestID string, status int, body []byte) *Answer {
	contentType := map[Protocol]string{
		JSON10: "application/x-amz-json-1.0",
		JSON11: "application/x-amz-json-1.1",
		Query:  "text/xml",
		CBOR:   "application/cbor",
	}[s.Protocol]
	header := http.Header{}
	header.Set("Content-Type", contentType)
	header.Set("X-Amzn-RequestId", requestID)
	if s.Protocol == CBOR {
		header.Set("Smithy-Protocol", "rpc-v2-cbor")
	}
	return &Answer{Status: status, Header: header, Body: body}
}

func jsonAnswer(out any) ([]byte, error) {
	if out == nil {
		return []byte("{}"), nil
	}
	return json.Marshal(out)
}

func jsonError(e *Error) []byte {
	members := map[string]any{"__type": e.Code, "message": e.Message}
	maps.Copy(members, e.Fields)
	body, err := json.Marshal(members)
	if err != nil { // only Fields can hold what JSON cannot
		body, _ = json.Marshal(map[string]any{"__type": e.Code, "message": e.Message})
	}
	return body
}

func (s Service) queryAnswer(requestID, operation string, out any) ([]byte, error) {
	var b xmlBuffer
	b.WriteString(`<` + operation + `Response xmlns="` + s.Namespace + `">`)
	err := b.element(operation+"Result", func() error {
		if out == nil {
			return nil
		}
		return b.value(reflect.ValueOf(out))
	})
	if err != nil {
		return nil, err
	}
	b.WriteString("<ResponseMetadata>")
	b.text("RequestId", requestID)
	b.WriteString("</ResponseMetadata></" + operation + "Response>")
	return b.Bytes(), nil
}

func (s Service) queryError(requestID string, status int, e *Error) []byte {
	var b xmlBuffer
	b.WriteString(`<ErrorResponse xmlns="` + s.Namespace + `"><Error>`)
	b.text("Type", fault(status))
	b.text("Code", e.Code)
	b.text("Message", e.Message)
	b.WriteString("</Error>")
	b.text("RequestId", requestID)
	b.WriteString("</ErrorResponse>")
	return b.Bytes()
}

// fault says whose fault an error is, in the query protocol's words.
func fault(status int) string {
	if status >= http.StatusInternalServerError {
		return "Receiver"
	}
	return "Sender"
}
