//go:build unix

package main

import "syscall"

// noCores keeps crashes from writing the memory of the process to disk.
func noCores() { _ = syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}) }
