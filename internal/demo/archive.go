package demo

import (
	"archive/tar"
	"bytes"
)

// archive returns a tar with one executable file. Writing to memory cannot fail.
func archive(content string) []byte {
	script := []byte("#!/bin/sh\necho " + content + "\n")
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	_ = w.WriteHeader(&tar.Header{Name: "app", Mode: 0o755, Size: int64(len(script))})
	_, _ = w.Write(script)
	_ = w.Close()
	return b.Bytes()
}
