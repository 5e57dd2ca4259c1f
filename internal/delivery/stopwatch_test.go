package delivery_test

import (
	"syscall"
	"time"
)

// stopwatch returns a function that says how much of the processor's time has passed,
// which no synctest bubble hides.
func stopwatch() func() time.Duration {
	begin := processorTime()
	return func() time.Duration { return (processorTime() - begin).Round(100 * time.Millisecond) }
}

func processorTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
