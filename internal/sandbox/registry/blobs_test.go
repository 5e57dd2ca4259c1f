package registry_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/registry"
)

func TestBlobs(t *testing.T) {
	dir := expect.Value(registry.OpenDir(t.TempDir()))(t)
	for name, blobs := range map[string]registry.Blobs{"memory": registry.NewMemory(), "dir": dir} {
		t.Run(name, func(t *testing.T) { conform(t, blobs) })
	}
}

// conform checks the contract of Blobs.
func conform(t *testing.T, blobs registry.Blobs) {
	content := []byte("some bytes")
	digest := registry.DigestOf(content)
	missing := func(when string) {
		if _, err := blobs.Open(digest); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: opening gave %v, want an error wrapping fs.ErrNotExist", when, err)
		}
	}
	stage := func() registry.Staging {
		staged := expect.Value(blobs.Stage())(t)
		expect.Value(staged.Write(content))(t)
		return staged
	}
	staged := stage()
	missing("before Commit")
	expect.OK(t, staged.Discard())
	missing("after Discard")
	for range 2 { // the same content may come twice
		expect.OK(t, stage().Commit(digest))
	}
	blob := expect.Value(blobs.Open(digest))(t)
	defer blob.Close()
	for range 2 { // a missing blob is no error
		expect.OK(t, blobs.Remove(digest))
	}
	missing("after Remove")
	if got, err := io.ReadAll(blob); err != nil || string(got) != string(content) {
		t.Errorf("what was open reads %q, %v after Remove", got, err)
	}
}

func TestOpenDirClearsUnfinishedUploads(t *testing.T) {
	root := t.TempDir()
	dir := expect.Value(registry.OpenDir(root))(t)
	expect.Value(dir.Stage())(t)
	expect.Value(registry.OpenDir(root))(t)
	left, err := os.ReadDir(filepath.Join(root, "uploads"))
	if err != nil || len(left) != 0 {
		t.Errorf("uploads holds %v, %v", left, err)
	}
}
