//go:build !unix

package main

// noCores does nothing: nothing writes cores here.
func noCores() {}
