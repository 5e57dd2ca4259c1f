package registry_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/tagboat/tagboat/internal/sandbox/registry"
)

func TestBlobs(t *testing.T) {
	dir, err := registry.OpenDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
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
		staged, err := blobs.Stage()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := staged.Write(content); err != nil {
			t.Fatal(err)
		}
		return staged
	}
	staged := stage()
	missing("before Commit")
	if err := staged.Discard(); err != nil {
		t.Fatal(err)
	}
	missing("after Discard")
	for range 2 { // the same content may come twice
		if err := stage().Commit(digest); err != nil {
			t.Fatal(err)
		}
	}
	blob, err := blobs.Open(digest)
	if err != nil {
		t.Fatal(err)
	}
	defer blob.Close()
	for range 2 { // a missing blob is no error
		if err := blobs.Remove(digest); err != nil {
			t.Fatal(err)
		}
	}
	missing("after Remove")
	if got, err := io.ReadAll(blob); err != nil || string(got) != string(content) {
		t.Errorf("what was open reads %q, %v after Remove", got, err)
	}
}

func TestOpenDirClearsUnfinishedUploads(t *testing.T) {
	root := t.TempDir()
	dir, err := registry.OpenDir(root)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := dir.Stage(); err != nil {
		t.Fatal(err)
	}
	if _, err := registry.OpenDir(root); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(filepath.Join(root, "uploads"))
	if err != nil || len(left) != 0 {
		t.Errorf("uploads holds %v, %v", left, err)
	}
}
