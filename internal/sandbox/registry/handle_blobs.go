package registry

import (
	"net/http"
	"time"
)

// getBlob answers GET and HEAD, ranges and conditions included.
func (c *call) getBlob() error {
	d, err := ParseDigest(c.reference)
	if err != nil {
		return err
	}
	blob, err := c.store.OpenBlob(c.id, d)
	if err != nil {
		return err
	}
	defer blob.Close() //nolint:errcheck // only read from
	h := c.ResponseWriter.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Docker-Content-Digest", string(d))
	h.Set("ETag", `"`+string(d)+`"`)
	http.ServeContent(c.ResponseWriter, c.Request, "", time.Time{}, blob)
	return nil
}

func (c *call) deleteBlob() error {
	d, err := ParseDigest(c.reference)
	if err != nil {
		return err
	}
	if err := c.store.DeleteBlob(c.id, d); err != nil {
		return err
	}
	c.WriteHeader(http.StatusAccepted)
	return nil
}

// blobCreated answers a push or mount that made a blob.
func (c *call) blobCreated(d Digest) error {
	h := c.ResponseWriter.Header()
	h.Set("Location", "/v2/"+c.name+"/blobs/"+string(d))
	h.Set("Docker-Content-Digest", string(d))
	h.Set("Content-Length", "0")
	c.WriteHeader(http.StatusCreated)
	return nil
}
