// Package api answers with the JSON documents of the command line over HTTP, and streams the board's
// events. openapi.yaml describes it, and a test holds that it does.
package api
