// Package door says who may come in over HTTP, as whom, and what that person may do.
package door
