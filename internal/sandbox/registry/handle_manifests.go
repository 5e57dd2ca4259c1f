package registry

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"time"
)

// getManifest answers GET and HEAD. What is neither tag nor digest names nothing.
func (c *call) getManifest() error {
	ref, err := parseRef(c.reference)
	if err != nil {
		return faultf(ManifestUnknown, "Requested image not found")
	}
	image, data, err := c.manifest(ref)
	if err != nil {
		return err
	}
	h := c.ResponseWriter.Header()
	h.Set("Content-Type", image.MediaType)
	h.Set("Docker-Content-Digest", string(image.Digest))
	h.Set("ETag", `"`+string(image.Digest)+`"`)
	http.ServeContent(c.ResponseWriter, c.Request, "", time.Time{}, bytes.NewReader(data))
	return nil
}

// manifest counts a GET as a pull, and a HEAD as a look.
func (c *call) manifest(ref Ref) (Image, []byte, error) {
	if c.Method == http.MethodGet {
		return c.store.Pull(c.id, ref)
	}
	return c.store.Manifest(c.id, ref)
}

func (c *call) putManifest() error {
	ref, err := parseRef(c.reference)
	if err != nil {
		return err
	}
	data, err := io.ReadAll(io.LimitReader(c.Body, MaxManifest+1))
	if err != nil {
		return fmt.Errorf("receiving a manifest: %w", err)
	}
	image, _, err := c.store.PutManifest(c.id, Put{
		Manifest:  data,
		MediaType: c.Request.Header.Get("Content-Type"),
		Tag:       ref.Tag,
		Digest:    ref.Digest,
	})
	if err != nil {
		return err
	}
	h := c.ResponseWriter.Header()
	h.Set("Location", "/v2/"+c.name+"/manifests/"+string(image.Digest))
	h.Set("Docker-Content-Digest", string(image.Digest))
	if image.Subject != "" {
		h.Set("OCI-Subject", string(image.Subject))
	}
	c.WriteHeader(http.StatusCreated)
	return nil
}

// deleteManifest removes an image by digest, and by tag the tag alone, as the
// specification has it and unlike ECR's API.
func (c *call) deleteManifest() error {
	ref, err := parseRef(c.reference)
	if err != nil {
		return faultf(ManifestUnknown, "Requested image not found")
	}
	if ref.Tag != "" {
		err = c.store.DeleteTag(c.id, ref.Tag)
	} else {
		_, err = c.store.DeleteImage(c.id, ref)
	}
	if err != nil {
		return err
	}
	c.WriteHeader(http.StatusAccepted)
	return nil
}
