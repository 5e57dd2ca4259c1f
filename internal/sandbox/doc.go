// Package sandbox serves AWS on localhost: one http.Handler on one port that the
// unchanged AWS SDKs and the AWS command line talk to through AWS_ENDPOINT_URL.
//
// A service of AWS is a Module; modules.go puts them together. The server
// finds out who calls and what, lets faults and quotas have their say, and counts.
// docs/sandbox.md is the page for those who use it.
//
//	request ──▶ who and what ──▶ faults ──▶ quotas ──▶ operation ──▶ answer
//
// It imports nothing of Tagboat's but packages below it: the client side and the
// sandbox meet on the wire only.
package sandbox
