package apptest

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"sync"
)

// Before does something once, right before a call of that operation with that text in it.
func Before(operation, text string, then func()) func(http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper {
		return &meanwhile{next: next, operation: "." + operation, text: text, before: then}
	}
}

// After does something once, right after a call of that operation with that text in it.
func After(operation, text string, then func()) func(http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper {
		return &meanwhile{next: next, operation: "." + operation, text: text, after: then}
	}
}

type meanwhile struct {
	next            http.RoundTripper
	operation, text string
	before, after   func()
	once            sync.Once
}

// RoundTrip implements http.RoundTripper.
func (m *meanwhile) RoundTrip(r *http.Request) (*http.Response, error) {
	if !strings.HasSuffix(r.Header.Get("X-Amz-Target"), m.operation) {
		return m.next.RoundTrip(r)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	meant := bytes.Contains(body, []byte(m.text))
	if meant && m.before != nil {
		m.once.Do(m.before)
	}
	answer, err := m.next.RoundTrip(r)
	if meant && m.after != nil {
		m.once.Do(m.after)
	}
	return answer, err
}
