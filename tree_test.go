package tagboat_test

import (
	"go/build"
	"go/doc"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tagboat/tagboat/internal/expect"
)

const (
	module        = "github.com/tagboat/tagboat"
	runtimeModule = "github.com/aws/aws-lambda-go/"
)

// packages returns the non-test imports of every package of the tree, by its path
// below the module ("" is the root).
func packages(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	expect.OK(t, filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		if base := entry.Name(); path != "." && (strings.HasPrefix(base, ".") || base == "testdata" || base == "bin") {
			return fs.SkipDir
		}
		if pkg, err := build.ImportDir(path, 0); err == nil { // else it has no Go files
			found[strings.TrimPrefix(filepath.ToSlash(path), ".")] = pkg.Imports
		}
		return nil
	}))
	return found
}

// TestImports holds the borders between packages: data flows one way, and the sandbox
// meets the client side on the wire only.
func TestImports(t *testing.T) {
	within := func(pkg, dir string) bool { return pkg == dir || strings.HasPrefix(pkg, dir+"/") }
	deciding := []string{"internal/ecs", "internal/config", "internal/source", "internal/taskdef", "internal/ledger", "internal/registry", "internal/selection", "internal/publish", "internal/gate", "internal/deploy"}
	rules := []struct {
		name  string
		holds func(pkg, imported string) bool // imported is below the module, or a full path
	}{
		{"the root package imports only the standard library", func(pkg, imported string) bool {
			return pkg != "" || !strings.Contains(imported, ".")
		}},
		{"only cloud imports the AWS SDK", func(pkg, imported string) bool {
			return within(pkg, "internal/cloud") || !strings.HasPrefix(imported, "github.com/aws/") || strings.HasPrefix(imported, runtimeModule)
		}},
		{"only lambda knows Lambda's runtime", func(pkg, imported string) bool {
			return pkg == "internal/lambda" || !strings.HasPrefix(imported, runtimeModule)
		}},
		{"the sandbox imports nothing of ours but itself", func(pkg, imported string) bool {
			return !within(pkg, "internal/sandbox") || !isOurs(imported) || within(below(imported), "internal/sandbox")
		}},
		{"only what starts a sandbox imports it", func(pkg, imported string) bool {
			if !within(below(imported), "internal/sandbox") || !isOurs(imported) {
				return true
			}
			return within(pkg, "internal/sandbox") || slices.Contains([]string{"internal/cli", "internal/demo", "internal/app/apptest"}, pkg)
		}},
		{"what decides knows no AWS client and no wiring", func(pkg, imported string) bool {
			decides := slices.ContainsFunc(deciding, func(d string) bool { return within(pkg, d) })
			return !decides || !isOurs(imported) || !slices.Contains([]string{"internal/cloud", "internal/app", "internal/cli"}, below(imported))
		}},
		{"only cli parses flags", func(pkg, imported string) bool {
			return pkg == "internal/cli" || pkg == "cmd/tagboat" || imported != "github.com/spf13/cobra"
		}},
		{"only tests import what is for tests", func(pkg, imported string) bool {
			forTests := []string{"internal/proxytest", "internal/casetest", "internal/expect", "internal/figures", "internal/sandbox/sandboxtest", "internal/app/apptest"}
			return !isOurs(imported) || !slices.Contains(forTests, below(imported)) || pkg == "internal/app/apptest"
		}},
		{"nothing imports a command", func(_, imported string) bool {
			return !isOurs(imported) || !within(below(imported), "cmd")
		}},
	}
	for pkg, imports := range packages(t) {
		for _, imported := range imports {
			for _, rule := range rules {
				if !rule.holds(pkg, imported) {
					t.Errorf("%s imports %s, but %s", pkg, imported, rule.name)
				}
			}
		}
	}
}

func isOurs(path string) bool { return path == module || strings.HasPrefix(path, module+"/") }

func below(path string) string { return strings.TrimPrefix(strings.TrimPrefix(path, module), "/") }

// TestOnlyConsolePrints holds that what others wrote has one way out, which makes it
// printable: nothing else writes to the streams or says that text is markup.
func TestOnlyConsolePrints(t *testing.T) {
	mayWrite := []string{
		"internal/console",              // the way out
		"internal/cli/root.go",          // gives the streams to the library of commands, behind the guard
		"internal/cli/screen/screen.go", // the commands to GitHub Actions, which escapes them itself
	}
	expect.OK(t, filepath.WalkDir("internal", func(path string, _ fs.DirEntry, err error) error {
		allowed := slices.ContainsFunc(mayWrite, func(p string) bool { return strings.HasPrefix(filepath.ToSlash(path), p) })
		if err != nil || allowed || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "sandbox") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, forbidden := range []string{"console.Markup(", "os.Stdout", "os.Stderr", "Streams.Out", "Streams.Err", "streams.Out", "streams.Err", "f.Out", "f.Err,", "f.Err)", "on.Out.", "on.Out,", "on.Out)", "on.Err,", "on.Err)", "OutOrStdout", "ErrOrStderr"} {
			if strings.Contains(string(text), forbidden) {
				t.Errorf("%s uses %s; print with Printf, Talkf, a Table or a Live", path, forbidden)
			}
		}
		return err
	}))
}

// TestPackageComments asks every package to say what it is for.
func TestPackageComments(t *testing.T) {
	for pkg := range packages(t) {
		dir := "./" + pkg
		files := expect.Value(filepath.Glob(filepath.Join(dir, "*.go")))(t)
		var comment string
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			parsed := expect.Value(parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.PackageClauseOnly))(t)
			comment += parsed.Doc.Text()
		}
		if new(doc.Package).Synopsis(comment) == "" {
			t.Errorf("package %s has no package comment", dir)
		}
	}
}

// TestTreeStandsAlone keeps out what belongs to somebody's machine.
func TestTreeStandsAlone(t *testing.T) {
	for _, name := range []string{"README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "LICENSE", ".ci/run", ".golangci.yml"} {
		if _, err := os.Stat(name); err != nil {
			t.Errorf("the project lacks %s: %v", name, err)
		}
	}
}

var (
	namedTests   = regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z0-9]+)`")
	namedStories = regexp.MustCompile("`([a-z]+\\.txtar)`")
	testFunction = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)[A-Za-z0-9]+)\(`)
)

// TestPromisesAreHeld holds that each test and story that SECURITY.md names exists.
func TestPromisesAreHeld(t *testing.T) {
	promises, err := os.ReadFile("SECURITY.md")
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	expect.OK(t, filepath.WalkDir(".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, found := range testFunction.FindAllSubmatch(text, -1) {
			there[string(found[1])] = true
		}
		return err
	}))
	named := namedTests.FindAllSubmatch(promises, -1)
	if len(named) < 20 {
		t.Errorf("SECURITY.md names %d tests", len(named))
	}
	for _, test := range named {
		if !there[string(test[1])] {
			t.Errorf("SECURITY.md names %s, which does not exist", test[1])
		}
	}
	for _, story := range namedStories.FindAllSubmatch(promises, -1) {
		if _, err := os.Stat("cmd/tagboat/testdata/script/" + string(story[1])); err != nil {
			t.Errorf("SECURITY.md names a story that does not exist: %v", err)
		}
	}
}

// TestPatternsCompileLate holds that a command pays for the regular expressions it uses,
// and not for those of the whole tree: no variable of a package is one.
func TestPatternsCompileLate(t *testing.T) {
	compiled := regexp.MustCompile(`(?m)^(?:var |\t)\w+ += regexp\.MustCompile.*$`)
	for pkg := range packages(t) {
		files := expect.Value(filepath.Glob(filepath.Join("./"+pkg, "*.go")))(t)
		for _, file := range files {
			text := expect.Value(os.ReadFile(file))(t)
			if at := compiled.Find(text); at != nil && !strings.HasSuffix(file, "_test.go") {
				t.Errorf("%s: %s; wrap it in sync.OnceValue", file, strings.TrimSpace(string(at)))
			}
		}
	}
}
