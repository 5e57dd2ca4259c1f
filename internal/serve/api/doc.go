// Package api answers with the JSON documents of the command line over HTTP, and streams the board's events.
package api
