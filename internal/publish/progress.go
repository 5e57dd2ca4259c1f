package publish

import (
	"fmt"
	"io"
	"sync/atomic"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/tagboat/tagboat"
)

// Progress receives the progress of layers. It must be safe for concurrent use.
type Progress interface {
	// Sending says that so many bytes of a layer of a size have gone out; it begins at
	// zero again where a connection broke.
	Sending(layer tagboat.Digest, sent, size int64)
	// Sent says that a layer has arrived, or was there: then nothing of it went out.
	Sent(layer tagboat.Digest, size int64, there bool)
}

// counted is a layer that tells of its progress.
type counted struct {
	v1.Layer
	digest   tagboat.Digest
	size     int64
	progress Progress
	read     atomic.Bool // its content was asked for
}

func count(layer v1.Layer, p Progress) (*counted, error) {
	digest, err := layer.Digest()
	if err != nil {
		return nil, fmt.Errorf("computing a layer's digest: %w", err)
	}
	size, err := layer.Size()
	if err != nil {
		return nil, fmt.Errorf("computing a layer's size: %w", err)
	}
	return &counted{Layer: layer, digest: tagboat.Digest(digest.String()), size: size, progress: p}, nil
}

// Compressed implements v1.Layer.
func (c *counted) Compressed() (io.ReadCloser, error) {
	content, err := c.Layer.Compressed()
	if err != nil {
		return nil, err
	}
	c.read.Store(true)
	c.progress.Sending(c.digest, 0, c.size)
	return &counter{ReadCloser: content, of: c}, nil
}

func (c *counted) end() { c.progress.Sent(c.digest, c.size, !c.read.Load()) }

// counter counts what is read for one attempt.
type counter struct {
	io.ReadCloser
	of   *counted
	sent int64
}

// Read implements io.Reader.
func (r *counter) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	if n > 0 {
		r.sent += int64(n)
		r.of.progress.Sending(r.of.digest, r.sent, r.of.size)
	}
	return n, err
}
