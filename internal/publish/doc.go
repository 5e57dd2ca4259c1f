// Package publish takes an image that was built elsewhere, from docker, an OCI layout or
// an archive, and brings it into a registry: layers side by side, only those that are
// not there yet, in spite of connections that break.
package publish
