// Package queue brings messages of an SQS queue, fed by EventBridge, to a watcher, and sees to it
// that none is lost: a message stays in the queue until nothing is left to do for it, and is kept
// from others for as long as somebody works on it.
package queue

import (
	"context"
	"time"
)

// SQS is what is needed of a queue.
type SQS interface {
	// Receive waits for messages, up to ten, for as long as AWS lets it.
	Receive(ctx context.Context, visibility time.Duration) ([]Message, error)
	// Extend keeps messages from others for longer, and returns the receipts that it failed for.
	Extend(ctx context.Context, receipts []string, visibility time.Duration) (failed []string, err error)
	Delete(ctx context.Context, receipts []string) (failed []string, err error)
}

// Message is one that was received.
type Message struct {
	ID, Receipt, Body string
	Received          int       // how often
	Sent              time.Time // when it was sent first
}
