package app_test

import (
	"net"
	"os"
	"syscall"
)

// errReset is what a client hears whose connection was closed without an answer.
var errReset error = &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
