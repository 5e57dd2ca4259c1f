// Package examples has whole applications as files: to read, to copy, and for the guided run.
package examples

import "embed"

// Shop is an application of three services in six environments, for two tenants in three accounts.
//
//go:embed shop
var Shop embed.FS
