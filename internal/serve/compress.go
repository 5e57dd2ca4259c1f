package serve

import (
	"cmp"
	"compress/gzip"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// compressed compresses answers that are text, for clients that take it. A stream of events is left
// alone: each of them is to arrive at once.
func compressed(next http.Handler) http.Handler {
	writers := &sync.Pool{New: func() any { return gzip.NewWriter(nil) }}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !takesGzip(r.Header.Get("Accept-Encoding")) || r.Method == http.MethodHead {
			next.ServeHTTP(w, r)
			return
		}
		c := &compressor{ResponseWriter: w, writers: writers}
		defer c.close()
		next.ServeHTTP(c, r)
	})
}

// takesGzip reports whether an Accept-Encoding has gzip, and does not refuse it.
// https://www.rfc-editor.org/rfc/rfc9110#name-accept-encoding
func takesGzip(accept string) bool {
	for part := range strings.SplitSeq(accept, ",") {
		name, q, _ := strings.Cut(part, ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			weight, err := strconv.ParseFloat(strings.TrimPrefix(strings.TrimSpace(q), "q="), 64)
			return err != nil || weight > 0
		}
	}
	return false
}

// compressor compresses what is worth it, once it is known what that is: with the first bytes.
type compressor struct {
	http.ResponseWriter
	writers *sync.Pool
	status  int // that the handler set; 0 for none
	begun   bool
	to      *gzip.Writer // nil where nothing is compressed
}

// WriteHeader implements http.ResponseWriter.
func (c *compressor) WriteHeader(status int) {
	switch {
	case status < http.StatusOK: // there is more to come
		c.ResponseWriter.WriteHeader(status)
	case c.status == 0:
		c.status = status
	}
}

// Write implements http.ResponseWriter.
func (c *compressor) Write(p []byte) (int, error) {
	c.begin(len(p))
	if c.to != nil {
		return c.to.Write(p)
	}
	return c.ResponseWriter.Write(p)
}

// Unwrap gives http.ResponseController the writer below: for deadlines.
func (c *compressor) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// FlushError implements what http.ResponseController flushes with.
func (c *compressor) FlushError() error {
	c.begin(worthIt) // more may follow
	if c.to != nil {
		if err := c.to.Flush(); err != nil {
			return err
		}
	}
	return http.NewResponseController(c.ResponseWriter).Flush()
}

// worthIt is how many bytes are compressed: less is one packet anyway.
const worthIt = 1400

// begin decides whether to compress, from the header and how much is written first, and sends the header.
func (c *compressor) begin(size int) {
	if c.begun {
		return
	}
	c.begun, c.status = true, cmp.Or(c.status, http.StatusOK)
	h := c.Header()
	if length, err := strconv.Atoi(h.Get("Content-Length")); err == nil {
		size = length
	}
	if isText(h.Get("Content-Type")) && h.Get("Content-Encoding") == "" && c.status != http.StatusPartialContent {
		h.Add("Vary", "Accept-Encoding")
		if size >= worthIt {
			h.Set("Content-Encoding", "gzip")
			h.Del("Content-Length")
			c.to = c.writers.Get().(*gzip.Writer) //nolint:forcetypeassert // the pool has no others
			c.to.Reset(c.ResponseWriter)
		}
	}
	c.ResponseWriter.WriteHeader(c.status)
}

// close ends an answer.
func (c *compressor) close() {
	switch {
	case c.to != nil:
		_ = c.to.Close() // who asked has gone
		c.writers.Put(c.to)
	case !c.begun && c.status != 0:
		c.ResponseWriter.WriteHeader(c.status)
	}
}

func isText(kind string) bool {
	kind, _, _ = strings.Cut(kind, ";")
	switch strings.TrimSpace(kind) {
	case "text/event-stream":
		return false
	case "application/json", "application/javascript", "image/svg+xml":
		return true
	default:
		return strings.HasPrefix(kind, "text/")
	}
}
