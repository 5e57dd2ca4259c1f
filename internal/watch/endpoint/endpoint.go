// Package endpoint answers a watcher's HTTP requests: health, metrics and webhooks.
package endpoint
