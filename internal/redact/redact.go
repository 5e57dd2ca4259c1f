// Package redact takes addresses, which may be secrets or hold some, out of the errors of
// package net/http.
package redact

import (
	"errors"
	"fmt"
	"net/url"
)

// Address returns err without the address that it quotes, for addresses that are as good as
// passwords.
func Address(err error) error {
	var e *url.Error
	if errors.As(err, &e) {
		return fmt.Errorf("%s: %w", e.Op, e.Err)
	}
	return err
}

// Query returns err with the address that it quotes, but without user and query, which may
// sign a request.
func Query(err error) error {
	var e *url.Error
	if !errors.As(err, &e) {
		return err
	}
	u, parse := url.Parse(e.URL)
	if parse != nil {
		return Address(err)
	}
	u.RawQuery, u.User = "", nil
	return &url.Error{Op: e.Op, URL: u.String(), Err: e.Err}
}
