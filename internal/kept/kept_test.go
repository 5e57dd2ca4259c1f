package kept_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/tagboat/tagboat/internal/kept"
)

func TestKept(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a", "b.json")
	var got string
	if kept.Read(path, &got) {
		t.Error("it was there before it was written")
	}
	kept.Write(path, "one")
	kept.Write(path, "two")
	if !kept.Read(path, &got) || got != "two" {
		t.Errorf("read %q", got)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if files, err := os.ReadDir(filepath.Dir(path)); err != nil || len(files) != 1 {
		t.Errorf("left %v, %v", files, err)
	}
}

func TestWhatIsNotWholeIsForgotten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.json")
	if err := os.WriteFile(path, []byte(`{"half`), 0o600); err != nil {
		t.Fatal(err)
	}
	if kept.Read(path, &map[string]any{}) {
		t.Error("half a file was read")
	}
	kept.Write(filepath.Join(path, "below"), "a file is no directory") // and nothing happens
}
