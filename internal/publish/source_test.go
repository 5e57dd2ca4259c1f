package publish_test

import (
	"archive/tar"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/publish"
)

func TestParseSource(t *testing.T) {
	for s, want := range map[string]publish.Source{
		"docker:shop/api:1.4.2": {Kind: "docker", Name: "shop/api:1.4.2"},
		"oci:build/image":       {Kind: "oci", Name: "build/image"},
		"tar:C:/image.tar":      {Kind: "tar", Name: "C:/image.tar"},
		"dir:build/site":        {Kind: "dir", Name: "build/site"},
	} {
		got, err := publish.ParseSource(s)
		if diff := cmp.Diff(want, got); diff != "" || err != nil || got.String() != s {
			t.Errorf("%s: %s %v", s, diff, err)
		}
	}
	for _, s := range []string{"", "api", "docker:", ":x", "zip:x", "docker:--output=x"} {
		if got, err := publish.ParseSource(s); tagboat.KindOf(err) != tagboat.Usage || err == nil {
			t.Errorf("%q: %+v, %v", s, got, err)
		}
	}
}

// TestArchivesStayInTheirDirectory unpacks an archive that would write elsewhere.
func TestArchivesStayInTheirDirectory(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "evil.tar")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	archive := tar.NewWriter(f)
	for _, entry := range []string{"oci-layout", "../escaped"} {
		if err := archive.WriteHeader(&tar.Header{Name: entry, Mode: 0o644, Size: 2}); err != nil {
			t.Fatal(err)
		}
		if _, err := archive.Write([]byte("{}")); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	into := filepath.Join(dir, "into")
	if err := os.Mkdir(into, 0o700); err != nil {
		t.Fatal(err)
	}
	_, err = publish.Source{Kind: "tar", Name: file}.Open(t.Context(), into)
	if err == nil || !strings.Contains(err.Error(), "escapes") {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(filepath.Join(into, "escaped")); err == nil {
		t.Error("the archive wrote outside of its directory")
	}
}

func TestReadCommit(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("GIT_CONFIG_GLOBAL", filepath.Join(dir, "none"))
	t.Setenv("GIT_CEILING_DIRECTORIES", filepath.Dir(dir))
	if _, err := publish.ReadCommit(t.Context(), dir); tagboat.KindOf(err) != tagboat.Usage || err == nil {
		t.Errorf("no work tree: %v", err)
	}
	git(t, dir, "init", "-q", "-b", "main")
	if _, err := publish.ReadCommit(t.Context(), dir); tagboat.KindOf(err) != tagboat.Usage || err == nil {
		t.Errorf("no commit: %v", err)
	}
	file := filepath.Join(dir, "a")
	if err := os.WriteFile(file, []byte("1"), 0o600); err != nil {
		t.Fatal(err)
	}
	git(t, dir, "add", "a")
	git(t, dir, "-c", "user.name=A", "-c", "user.email=a@example.com", "commit", "-q", "-m", "a")
	clean, err := publish.ReadCommit(t.Context(), dir)
	if err != nil || clean.Dirty || clean.Branch != "main" || len(clean.Hash) != 40 || clean.Tag() != clean.Hash {
		t.Errorf("%+v, %v", clean, err)
	}
	if err := os.WriteFile(file, []byte("2"), 0o600); err != nil {
		t.Fatal(err)
	}
	dirty, err := publish.ReadCommit(t.Context(), dir)
	if err != nil || !dirty.Dirty || dirty.Tag() != clean.Hash+"-dirty" {
		t.Errorf("%+v, %v", dirty, err)
	}
	if _, err := publish.ReadCommit(canceled(t), dir); err == nil {
		t.Error("it goes on when it is interrupted")
	}
}

func git(t *testing.T, dir string, args ...string) {
	t.Helper()
	if out, err := exec.Command("git", append([]string{"-C", dir}, args...)...).CombinedOutput(); err != nil {
		t.Fatalf("git %v: %v: %s", args, err, out)
	}
}

func canceled(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

// TestALayoutThatIsNoImage has layouts as helm and others write them, and one whose index
// names itself.
func TestALayoutThatIsNoImage(t *testing.T) {
	chart := `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.cncf.helm.config.v1+json","digest":"sha256:` + zeros + `","size":2},"layers":[]}`
	itself := `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"application/vnd.oci.image.index.v1+json","digest":"sha256:` + zeros + `","size":2}]}`
	for content, words := range map[string]string{chart: "is a Helm chart", itself: "within each other"} {
		mediaType := strings.Split(content, `"`)[5]
		dir := t.TempDir()
		for name, text := range map[string]string{
			"oci-layout": `{"imageLayoutVersion":"1.0.0"}`, "blobs/sha256/" + zeros: content,
			"index.json": `{"schemaVersion":2,"manifests":[{"mediaType":"` + mediaType + `","digest":"sha256:` + zeros + `","size":2}]}`,
		} {
			if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		_, err := publish.Source{Kind: "oci", Name: dir}.Open(t.Context(), t.TempDir())
		if tagboat.KindOf(err) != tagboat.Usage || !strings.Contains(err.Error(), words) {
			t.Errorf("%v; want %s", err, words)
		}
	}
}

const zeros = "0000000000000000000000000000000000000000000000000000000000000000"

// TestSourcesHaveAnEnd has lists of images, and files, that would take all memory or all time.
func TestSourcesHaveAnEnd(t *testing.T) {
	list := "[" + strings.Repeat("{},", 200_000) + "{}]"
	archive := filepath.Join(t.TempDir(), "large.tar")
	out, err := os.Create(archive)
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(out)
	err = errors.Join(w.WriteHeader(&tar.Header{Name: "./manifest.json", Size: int64(len(list)), Mode: 0o600}), second(w.Write([]byte(list))), w.Close(), out.Close())
	if err != nil {
		t.Fatal(err)
	}
	layout := func(index func(path string) error) string {
		dir := t.TempDir()
		err := errors.Join(os.WriteFile(filepath.Join(dir, "oci-layout"), []byte(`{"imageLayoutVersion":"1.0.0"}`), 0o600), index(filepath.Join(dir, "index.json")))
		if err != nil {
			t.Fatal(err)
		}
		return dir
	}
	for _, tc := range []struct{ source, says string }{
		{"tar:" + archive, "the limit of a list of images"},
		{"tar:/dev/zero", "it is a device or a pipe"},
		{"oci:" + layout(func(path string) error { return os.WriteFile(path, []byte(`{"manifests":`+list+`}`), 0o600) }), "the limit of a list of images"},
		{"oci:" + layout(func(path string) error { return os.Symlink("/dev/zero", path) }), "index.json is a device or a pipe"},
	} {
		source, err := publish.ParseSource(tc.source)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := source.Open(t.Context(), t.TempDir()); tagboat.KindOf(err) != tagboat.Usage || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: %v", tc.source, err)
		}
	}
}

func second(_ int, err error) error { return err }

// TestDirectories: equal files make an equal image, and what is no file makes none.
func TestDirectories(t *testing.T) {
	digest := func(write func(dir string)) (tagboat.Digest, error) {
		dir := t.TempDir()
		write(dir)
		content, err := publish.Source{Kind: "dir", Name: dir}.Open(t.Context(), t.TempDir())
		return content.Digest, err
	}
	file := func(dir, name, text string, mode os.FileMode) {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	site := func(dir string) { file(dir, "bin/serve", "#!/bin/sh", 0o700); file(dir, "index.html", "hello", 0o600) }
	first, err := digest(site)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := digest(site); err != nil || again != first {
		t.Errorf("%s and %s, %v", first, again, err)
	}
	if other, err := digest(func(dir string) { site(dir); file(dir, "index.html", "hallo", 0o600) }); err != nil || other == first {
		t.Errorf("%s, %v", other, err)
	}
	if _, err := digest(func(string) {}); tagboat.KindOf(err) != tagboat.Usage {
		t.Errorf("an empty directory: %v", err)
	}
	if _, err := digest(func(dir string) { site(dir); _ = os.Symlink("/etc/passwd", filepath.Join(dir, "link")) }); tagboat.KindOf(err) != tagboat.Usage {
		t.Errorf("a link: %v", err)
	}
	if _, err := (publish.Source{Kind: "dir", Name: filepath.Join(t.TempDir(), "none")}).Open(t.Context(), t.TempDir()); tagboat.KindOf(err) != tagboat.Usage {
		t.Errorf("no directory: %v", err)
	}
}
