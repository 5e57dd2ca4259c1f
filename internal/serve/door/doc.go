// Package door decides who may come in over HTTP, as whom, and what that person may do.
//
//	loopback without tokens  ──▶ the user of this machine
//	bearer token, or a login ──▶ the person whose token it is
//	an authenticating proxy  ──▶ the person that its header names
//
// Whatever changes something has to come from a page of the same origin, or from a program.
package door
