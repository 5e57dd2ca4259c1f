package cache_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tagboat/tagboat/internal/cache"
	"github.com/tagboat/tagboat/internal/expect"
)

func TestKept(t *testing.T) {
	dir := cache.Dir(t.TempDir())
	name := filepath.Join("a", "b.json")
	path := filepath.Join(string(dir), name)
	var got string
	if dir.Read(name, &got) {
		t.Error("it was there before it was written")
	}
	dir.Write(name, "one")
	dir.Write(name, "two")
	if !dir.Read(name, &got) || got != "two" {
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
	dir := t.TempDir()
	expect.OK(t, os.WriteFile(filepath.Join(dir, "x.json"), []byte(`{"half`), 0o600))
	if cache.Dir(dir).Read("x.json", &map[string]any{}) {
		t.Error("half a file was read")
	}
	cache.Dir(dir).Write(filepath.Join("x.json", "below"), "a file is no directory") // and nothing happens
	cache.Dir("").Write("x.json", "nowhere")
	if cache.Dir("").Read("x.json", &map[string]any{}) {
		t.Error("the zero value keeps something")
	}
}

// What nobody reads for a month goes with the first write of a day; what is read stays.
func TestWhatNobodyReadsIsPruned(t *testing.T) {
	root := t.TempDir()
	dir := cache.Dir(root)
	old := time.Now().Add(-31 * 24 * time.Hour)
	backdate := func(name string, at time.Time) {
		t.Helper()
		expect.OK(t, os.Chtimes(filepath.Join(root, name), at, at))
	}
	there := func(name string) bool {
		return expect.Err(os.Stat(filepath.Join(root, name))) == nil
	}
	for _, name := range []string{"unread/a.json", "read/b.json", "recent/c.json", "unread/.new-7"} {
		dir.Write(name, "x")
		backdate(name, old)
	}
	backdate("recent/c.json", old.Add(2*24*time.Hour))
	expect.OK(t, os.Mkdir(filepath.Join(root, "empty"), 0o700))
	var got string
	if !dir.Read("read/b.json", &got) {
		t.Fatal("it cannot be read")
	}
	dir.Write("d.json", "the same day")
	if !there("unread/a.json") {
		t.Error("the directory is searched at each write")
	}
	backdate(".pruned", time.Now().Add(-25*time.Hour))
	backdate("empty", old)
	dir.Write("d.json", "the next day")
	for name, stays := range map[string]bool{
		"unread/a.json": false, "unread/.new-7": false, "empty": false, "read/b.json": true, "recent/c.json": true, "d.json": true,
	} {
		if there(name) != stays {
			t.Errorf("%s is there: %t", name, !stays)
		}
	}
}
