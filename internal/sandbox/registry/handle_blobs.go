package registry

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
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

// startUpload answers POST, which opens an upload, or mounts a blob of another
// repository, or takes a whole blob at once. A mount of what is not there opens an
// upload instead, as the specification has it.
func (c *call) startUpload() error {
	q := c.URL.Query()
	if mount := q.Get("mount"); mount != "" {
		d, err := ParseDigest(mount)
		if err != nil {
			return err
		}
		if from := q.Get("from"); from != "" && c.store.Mount(c.store.Locate(from, c.scope), c.id, d) == nil {
			return c.blobCreated(d)
		}
	}
	key, err := c.store.StartUpload(c.id)
	if err != nil {
		return err
	}
	if q.Has("digest") {
		return c.finish(key)
	}
	return c.uploadAnswer(key, 0, http.StatusAccepted)
}

func (c *call) upload() Upload { return Upload{c.name, c.reference} }

// patchUpload takes a chunk, with Content-Range or, streamed, without.
func (c *call) patchUpload() error {
	size, err := c.append(c.upload())
	if err != nil {
		return err
	}
	return c.uploadAnswer(c.upload(), size, http.StatusAccepted)
}

func (c *call) finishUpload() error { return c.finish(c.upload()) }

// finish takes what is left of a blob and ends its upload. A digest that is none
// ends the upload too.
func (c *call) finish(key Upload) error {
	d, err := ParseDigest(c.URL.Query().Get("digest"))
	if err != nil {
		return err
	}
	if _, err := c.append(key); err != nil {
		return err
	}
	if _, err := c.store.Finish(key, d); err != nil {
		return err
	}
	return c.blobCreated(d)
}

func (c *call) append(key Upload) (int64, error) {
	offset, err := chunkOffset(c.Request)
	if err != nil {
		return 0, err
	}
	size, err := c.store.Append(key, offset, c.Body)
	if KindOf(err) == RangeInvalid {
		c.uploadHeader(key, size)
	}
	return size, err
}

// chunkOffset returns where a chunk begins, or -1 where the client does not say. The
// header is START-END here, without the unit and the size that HTTP asks for.
func chunkOffset(r *http.Request) (int64, error) {
	header := strings.TrimPrefix(r.Header.Get("Content-Range"), "bytes ")
	if header == "" {
		return -1, nil
	}
	header, _, _ = strings.Cut(header, "/")
	first, last, _ := strings.Cut(header, "-")
	start, err := strconv.ParseInt(first, 10, 64)
	if err != nil || start < 0 {
		return 0, faultf(RangeInvalid, "Content-Range %q is not START-END", header)
	}
	end, err := strconv.ParseInt(last, 10, 64)
	if err != nil || r.ContentLength > 0 && end-start+1 != r.ContentLength {
		return 0, faultf(RangeInvalid, "Content-Range %q does not fit a chunk of %d bytes", header, r.ContentLength)
	}
	return start, nil
}

func (c *call) uploadStatus() error {
	size, err := c.store.UploadSize(c.upload())
	if err != nil {
		return err
	}
	return c.uploadAnswer(c.upload(), size, http.StatusNoContent)
}

func (c *call) cancelUpload() error {
	if err := c.store.Cancel(c.upload()); err != nil {
		return err
	}
	c.WriteHeader(http.StatusNoContent)
	return nil
}

func (c *call) uploadAnswer(key Upload, size int64, status int) error {
	c.uploadHeader(key, size)
	c.WriteHeader(status)
	return nil
}

// uploadHeader says where an upload goes on. The range is inclusive, so that an
// empty one is 0-0 as well, which is what docker's registry says.
func (c *call) uploadHeader(key Upload, size int64) {
	h := c.ResponseWriter.Header()
	h.Set("Location", "/v2/"+c.name+"/blobs/uploads/"+key.Key)
	h.Set("Range", fmt.Sprintf("0-%d", max(0, size-1)))
	h.Set("Docker-Upload-UUID", key.Key)
}
