package registry

import (
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"strconv"
)

// Errors of the HTTP layer alone.
var (
	errNotFound = errors.New("no such resource")
	errMethod   = errors.New("the resource does not have this method")
	errQuery    = errors.New("a query parameter is malformed")
)

// ociError is an entry of the specification's error document.
// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes
type ociError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Detail  any    `json:"detail,omitempty"`
}

// codes has status and code of each kind, as ECR's registry answers where that has
// been seen and as the specification has them elsewhere.
var codes = map[Kind]struct {
	status int
	code   string
}{
	NameInvalid:        {http.StatusBadRequest, "NAME_INVALID"},
	RepositoryUnknown:  {http.StatusNotFound, "NAME_UNKNOWN"},
	ManifestUnknown:    {http.StatusNotFound, "MANIFEST_UNKNOWN"},
	ManifestInvalid:    {http.StatusBadRequest, "MANIFEST_INVALID"},
	ManifestReferenced: {http.StatusForbidden, "DENIED"},
	LayersMissing:      {http.StatusNotFound, "MANIFEST_BLOB_UNKNOWN"},
	ImagesMissing:      {http.StatusNotFound, "MANIFEST_BLOB_UNKNOWN"},
	BlobUnknown:        {http.StatusNotFound, "BLOB_UNKNOWN"},
	DigestInvalid:      {http.StatusBadRequest, "DIGEST_INVALID"},
	TagInvalid:         {http.StatusBadRequest, "TAG_INVALID"},
	TagImmutable:       {http.StatusBadRequest, "TAG_INVALID"},
	TooManyTags:        {http.StatusForbidden, "DENIED"},
	UploadUnknown:      {http.StatusNotFound, "BLOB_UPLOAD_UNKNOWN"},
	Unauthorized:       {http.StatusUnauthorized, "UNAUTHORIZED"},
	Denied:             {http.StatusForbidden, "DENIED"},
	RangeInvalid:       {http.StatusRequestedRangeNotSatisfiable, "BLOB_UPLOAD_INVALID"},
}

// fail answers err, if the answer has not begun.
func (c *call) fail(err error) {
	status, doc := http.StatusInternalServerError, ociError{Code: "UNKNOWN", Message: err.Error()}
	var e *Error
	switch {
	case errors.As(err, &e):
		status, doc.Code = codes[e.Kind].status, codes[e.Kind].code
		if len(e.Digests) > 0 {
			doc.Detail = e.Digests
		}
	case errors.Is(err, fs.ErrNotExist):
		status, doc.Code = http.StatusNotFound, "BLOB_UNKNOWN"
	case errors.Is(err, errNotFound):
		status, doc.Code = http.StatusNotFound, "UNSUPPORTED"
	case errors.Is(err, errMethod):
		status, doc.Code = http.StatusMethodNotAllowed, "UNSUPPORTED"
	case errors.Is(err, errQuery):
		status, doc.Code = http.StatusBadRequest, "UNSUPPORTED"
	}
	c.json(status, "application/json", map[string][]ociError{"errors": {doc}})
}

// json answers a document of ours, which always encodes.
func (c *call) json(status int, contentType string, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	h := c.ResponseWriter.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(data)))
	c.WriteHeader(status)
	_, _ = c.ResponseWriter.Write(data) // only a client that is gone makes it fail
}
