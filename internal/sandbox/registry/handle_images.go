package registry

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
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

// pageSize is how many names a list answers at most, and where n is not given. The
// rest is behind the Link header.
const pageSize = 1000

func (c *call) catalog() error {
	limit, err := c.limit()
	if err != nil {
		return err
	}
	names, more := c.store.names().page(c.URL.Query().Get("last"), limit)
	c.linkNext(names, limit, more)
	c.json(http.StatusOK, "application/json", map[string]any{"repositories": names})
	return nil
}

func (c *call) listTags() error {
	limit, err := c.limit()
	if err != nil {
		return err
	}
	tags, more, err := c.store.tagPage(c.id, c.URL.Query().Get("last"), limit)
	if err != nil {
		return err
	}
	c.linkNext(tags, limit, more)
	c.json(http.StatusOK, "application/json", map[string]any{"name": c.name, "tags": tags})
	return nil
}

func (c *call) limit() (int, error) {
	n := c.URL.Query().Get("n")
	if n == "" {
		return pageSize, nil
	}
	limit, err := strconv.Atoi(n)
	if err != nil || limit < 0 {
		return 0, fmt.Errorf("n=%s: %w", n, errQuery)
	}
	return min(limit, pageSize), nil
}

// linkNext names the next page, as RFC 5988 has it.
func (c *call) linkNext(names []string, limit int, more bool) {
	if !more || len(names) == 0 {
		return
	}
	q := url.Values{"n": {strconv.Itoa(limit)}, "last": {names[len(names)-1]}}
	c.ResponseWriter.Header().Set("Link", fmt.Sprintf(`<%s?%s>; rel="next"`, c.URL.Path, q.Encode()))
}

// referrerIndex is the answer of the referrers API.
// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers
type referrerIndex struct {
	SchemaVersion int          `json:"schemaVersion"`
	MediaType     string       `json:"mediaType"`
	Manifests     []descriptor `json:"manifests"`
}

// listReferrers answers an empty index where there is no such subject or repository.
func (c *call) listReferrers() error {
	subject, err := ParseDigest(c.reference)
	if err != nil {
		return err
	}
	images, err := c.store.Referrers(c.id, subject)
	if err != nil && KindOf(err) != RepositoryUnknown {
		return err
	}
	filter := c.URL.Query().Get("artifactType")
	if filter != "" {
		c.ResponseWriter.Header().Set("OCI-Filters-Applied", "artifactType")
	}
	index := referrerIndex{SchemaVersion: 2, MediaType: OCIIndex, Manifests: []descriptor{}}
	for _, image := range images {
		if filter != "" && image.ArtifactType != filter {
			continue
		}
		index.Manifests = append(index.Manifests, descriptor{
			MediaType: image.MediaType, Digest: image.Digest, Size: image.ManifestSize,
			ArtifactType: image.ArtifactType, Annotations: image.Annotations,
		})
	}
	c.json(http.StatusOK, OCIIndex, index)
	return nil
}
