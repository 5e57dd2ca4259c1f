package tagboat_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tagboat/tagboat/internal/expect"
)

// floors are the packages of the tree from the roof down: each imports what is on floors
// below it, and nothing beside or above. The sandbox is a house of its own, below the other.
var floors = [][]string{
	{"cmd/tagboat"},
	{"internal/cli"},
	{"internal/cli/screen", "internal/cli/process", "internal/lambda", "internal/demo", "internal/app/apptest"},
	{"internal/app"},
	{"internal/serve", "internal/watch/meter"},
	{"internal/serve/api", "internal/serve/page"},
	{"internal/serve/desk", "internal/serve/stream"},
	{"internal/serve/board", "internal/serve/door"},
	{"internal/doctor", "internal/drift", "internal/trace", "internal/markdown", "internal/scaffold", "internal/watch"},
	{"internal/promotion"},
	{"internal/delivery", "internal/generate", "internal/customresource", "internal/pinning/adopt"},
	{"internal/pinning", "internal/release"},
	{"internal/catalog"},
	{"internal/history"},
	{"internal/fleet", "internal/home"},
	{"internal/access"},
	{"internal/cloud", "internal/deploy/deploytest"},
	{"internal/deploy/rollout", "internal/deploy/status", "internal/cloud/members", "internal/cloud/pace"},
	{"internal/deploy/explain", "internal/deploy/through"},
	{"internal/deploy"},
	{"internal/taskdef/lint", "internal/journal", "internal/ledger/ledgertest", "internal/gate", "internal/iam", "internal/publish", "internal/registry/registrytest", "internal/stage", "internal/generate/stack", "internal/watch/queue", "internal/watch/endpoint"},
	{"internal/taskdef", "internal/registry", "internal/watch/hint"},
	{"internal/config", "internal/scaffold/copilot"},
	{"internal/ledger", "internal/casetest", "internal/cfn/template"},
	{"internal/cfn", "internal/ecs", "internal/selection", "internal/source", "internal/notify", "internal/cache", "internal/operation", "internal/githubactions"},
	{"examples", "internal/console", "internal/expect", "internal/figures", "internal/garbage", "internal/guard", "internal/proxytest", "internal/redact", "internal/wait", "internal/words"},
	{""},

	{"internal/sandbox/sandboxtest"},
	{"internal/sandbox"},
	{"internal/sandbox/cloudformation", "internal/sandbox/cloudwatch", "internal/sandbox/ecr", "internal/sandbox/ecs", "internal/sandbox/express", "internal/sandbox/elb", "internal/sandbox/events", "internal/sandbox/iam", "internal/sandbox/logs", "internal/sandbox/secretsmanager", "internal/sandbox/sqs", "internal/sandbox/ssm", "internal/sandbox/sts"},
	{"internal/sandbox/ecs/definition", "internal/sandbox/registry", "internal/sandbox/rollout/simulated", "internal/sandbox/mirror", "internal/sandbox/wiretest", "internal/sandbox/events/pattern", "internal/sandbox/cloudformation/template"},
	{"internal/sandbox/rollout"},
	{"internal/sandbox/clock", "internal/sandbox/policy", "internal/sandbox/wire"},
}

// TestArrowsGoDown holds that no package calls back up.
func TestArrowsGoDown(t *testing.T) {
	floorOf := map[string]int{}
	for n, floor := range floors {
		for _, pkg := range floor {
			floorOf[pkg] = n
		}
	}
	for pkg, imports := range packages(t) {
		pkg = strings.TrimPrefix(pkg, "/")
		floor, ok := floorOf[pkg]
		if !ok {
			t.Errorf("%s is on no floor", pkg)
		}
		for _, imported := range imports {
			if to, ok := floorOf[below(imported)]; ok && isOurs(imported) && to <= floor {
				t.Errorf("%s imports %s, which is not below it", pkg, below(imported))
			}
		}
	}
}

// TestSizes holds that a package is one noun and a file one idea.
func TestSizes(t *testing.T) {
	const files, lines = 25, 400
	for pkg := range packages(t) {
		all := expect.Value(filepath.Glob(filepath.Join("./"+pkg, "*.go")))(t)
		written := func(file string) bool {
			return !strings.HasSuffix(file, "_test.go") && !strings.HasSuffix(file, "_templ.go")
		} // templ makes the latter
		all = slices.DeleteFunc(all, func(file string) bool { return !written(file) })
		if len(all) > files {
			t.Errorf("%s has %d files; a package of more than %d has a second noun in it", pkg, len(all), files)
		}
		for _, file := range all {
			text := expect.Value(os.ReadFile(file))(t)
			if n := strings.Count(string(text), "\n"); n > lines {
				t.Errorf("%s has %d lines; a file of more than %d has a second idea in it", file, n, lines)
			}
		}
	}
}

var (
	mapRow   = regexp.MustCompile("(?m)^\\| `[^|]*\\| ")
	mapName  = regexp.MustCompile("`(internal/[a-z/0-9]+)`")
	storyRow = regexp.MustCompile("(?m)^\\| `([a-z]+)\\.([A-Za-z.]+)` \\| `([a-z]+)\\.([A-Za-z.]+)` \\| `([a-z]+)\\.([A-Za-z.]+)` \\|$")
)

// TestTheMapIsTrue holds that ARCHITECTURE.md has every package, and no other, and that the
// functions of its stories are there.
func TestTheMapIsTrue(t *testing.T) {
	text := expect.Value(os.ReadFile("ARCHITECTURE.md"))(t)
	onMap := map[string]bool{}
	for _, row := range mapRow.FindAllString(string(text), -1) {
		for _, name := range mapName.FindAllStringSubmatch(row, -1) {
			onMap[name[1]] = true
		}
	}
	there := packages(t)
	for pkg := range there {
		covered := strings.HasPrefix(pkg, "internal/sandbox/") || strings.HasPrefix(pkg, "internal/cloud/") ||
			strings.HasPrefix(pkg, "internal/ledger/") || strings.HasPrefix(pkg, "internal/registry/") || pkg == "" || pkg == "cmd/tagboat" || pkg == "examples"
		if !onMap[pkg] && !covered {
			t.Errorf("ARCHITECTURE.md does not have %s", pkg)
		}
	}
	for pkg := range onMap {
		if _, ok := there[pkg]; !ok {
			t.Errorf("ARCHITECTURE.md has %s, which does not exist", pkg)
		}
	}
	rows := storyRow.FindAllStringSubmatch(string(text), -1)
	if len(rows) != 6 {
		t.Errorf("the stories have %d functions each", len(rows))
	}
	for _, row := range rows {
		for _, step := range [][2]string{{row[1], row[2]}, {row[3], row[4]}, {row[5], row[6]}} {
			if !hasFunction(t, there, step[0], step[1]) {
				t.Errorf("ARCHITECTURE.md tells of %s.%s, which does not exist", step[0], step[1])
			}
		}
	}
}

// hasFunction reports whether a package, known by its last name, has a function or a
// Type.method.
func hasFunction(t *testing.T, there map[string][]string, name, function string) bool {
	t.Helper()
	receiver, method, isMethod := strings.Cut(function, ".")
	if !isMethod {
		receiver, method = "", function
	}
	for pkg := range there {
		if filepath.Base(pkg) != name || strings.HasPrefix(pkg, "internal/sandbox") {
			continue
		}
		files := expect.Value(filepath.Glob(filepath.Join(pkg, "*.go")))(t)
		for _, file := range files {
			parsed := expect.Value(parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution))(t)
			for _, d := range parsed.Decls {
				if f, ok := d.(*ast.FuncDecl); ok && f.Name.Name == method && receiverOf(f) == receiver {
					return true
				}
			}
		}
	}
	return false
}

func receiverOf(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return ""
	}
	of := f.Recv.List[0].Type
	if star, ok := of.(*ast.StarExpr); ok {
		of = star.X
	}
	if name, ok := of.(*ast.Ident); ok {
		return name.Name
	}
	return ""
}
