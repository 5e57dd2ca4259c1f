//go:build race

package expect

// Race says that the race detector watches: what is only repeated to find rare interleavings is
// repeated less then, since each round takes some ten times as long.
const Race = true
