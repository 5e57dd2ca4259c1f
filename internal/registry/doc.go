// Package registry looks at images in any OCI registry: which digest a tag stands for,
// what the image says of itself, whether it is still there. It speaks through
// go-containerregistry, with credentials of its caller's.
package registry
