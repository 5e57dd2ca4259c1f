// Package garbage sets how often Go's collector runs, before other packages are
// initialised. A command that starts, says one thing and ends collects nothing: what the
// packages of AWS's client lay out first, some 4 MiB, is needed to the end, and to mark it
// costs a third of the start. What goes on for longer collects early, since memory is
// scarcer than time where Tagboat runs. GOGC still counts.
package garbage

import (
	"runtime"
	"syscall"
	_ "unsafe" // for go:linkname
)

const (
	first = 400 // percent of the 4 MiB that Go's heap begins with: 16 MiB before the first collection
	later = 50  // the heap grows by half before another one, where Go's own choice is to double it
)

// Go initialises the packages whose imports are ready, sorted by path. Importing next to
// nothing makes this one of the first; runtime/debug would make it one of the last.
var _ = pace()

func pace() bool {
	if chosen, _ := syscall.Getenv("GOGC"); chosen != "" {
		return false
	}
	setGCPercent(first)
	runtime.AddCleanup(new([16]byte), func(percent int32) { setGCPercent(percent) }, later)
	return true
}

// setGCPercent is debug.SetGCPercent without what package debug imports.
//
//go:linkname setGCPercent runtime/debug.setGCPercent
func setGCPercent(percent int32) (previous int32)
