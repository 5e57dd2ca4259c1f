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
	// Extend keeps messages, up to ten, from others for that long from now on, and returns those
	// receipts that are not good any more: somebody else has the message, or it is gone.
	Extend(ctx context.Context, receipts []string, visibility time.Duration) (failed []string, err error)
	// Delete deletes messages, up to ten, and returns the receipts of those that it could not.
	Delete(ctx context.Context, receipts []string) (failed []string, err error)
	// MaxReceives returns how often a message may be received before it goes to the dead-letter
	// queue; 0 where there is none.
	MaxReceives(ctx context.Context) (int, error)
}

// Message is one that was received.
type Message struct {
	ID, Receipt, Body string
	Received          int       // how often
	Sent              time.Time // when it was sent first
}
