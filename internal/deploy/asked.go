package deploy

import (
	"context"
	"sync"

	"github.com/tagboat/tagboat"
)

// asked remembers the answers to questions, so that a hundred services with the same
// image ask for it once. It may be used by several goroutines at once.
type asked[Question comparable, Answer any] struct {
	mu      sync.Mutex
	answers map[Question]*answer[Answer]
}

// answer is there once its channel is closed.
type answer[Answer any] struct {
	given chan struct{}
	is    Answer
	err   error
}

// once returns the answer to a question, which is put if nobody has put it yet.
func (a *asked[Question, Answer]) once(ctx context.Context, q Question, put func() (Answer, error)) (none Answer, err error) {
	a.mu.Lock()
	if a.answers == nil {
		a.answers = map[Question]*answer[Answer]{}
	}
	known, ok := a.answers[q]
	if !ok {
		known = &answer[Answer]{given: make(chan struct{})}
		a.answers[q] = known
	}
	a.mu.Unlock()
	if !ok {
		known.is, known.err = put()
		close(known.given)
	}
	select {
	case <-known.given:
		return known.is, known.err
	case <-ctx.Done():
		return none, ctx.Err()
	}
}

// askedBefore puts clients in the place of others that ask each question once.
type askedBefore struct {
	images asked[imageQuestion, bool]
	groups asked[groupQuestion, bool]
}

type imageQuestion struct {
	to    Images
	image tagboat.Reference
}

type groupQuestion struct {
	to   Logs
	name string
}

// client returns c with what Preflight asks remembered.
func (b *askedBefore) client(c *Client) *Client {
	remembering := *c
	remembering.Images = imagesOnce{b, c.Images}
	remembering.Logs = logsOnce{c.Logs, b}
	return &remembering
}

type imagesOnce struct {
	before *askedBefore
	images Images
}

// Exists implements Images.
func (o imagesOnce) Exists(ctx context.Context, image tagboat.Reference) (bool, error) {
	return o.before.images.once(ctx, imageQuestion{o.images, image}, func() (bool, error) { return o.images.Exists(ctx, image) })
}

type logsOnce struct {
	Logs
	before *askedBefore
}

// GroupExists implements Logs.
func (o logsOnce) GroupExists(ctx context.Context, name string) (bool, error) {
	return o.before.groups.once(ctx, groupQuestion{o.Logs, name}, func() (bool, error) { return o.Logs.GroupExists(ctx, name) })
}

var (
	_ Images = imagesOnce{}
	_ Logs   = logsOnce{}
)
