package config

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/tagboat/tagboat"
)

// Form is how a version is written in a parameter of the ledger.
type Form string

// The forms.
const (
	TagAtDigest Form = "tag@digest" // 1.4.2@sha256:…
	TagOnly     Form = "tag"
	DigestOnly  Form = "digest"
	URI         Form = "uri" // host/repository@sha256:…
)

// Ledger says where Parameter Store holds the pins.
type Ledger struct {
	Path string // with {app}, {environment}, {stage} and {tenant} in it
	Form Form
}

const defaultLedgerPath = "/containers/{environment}/{app}"

// ParameterName returns the name of the parameter that holds the pins of env.
func (c *Config) ParameterName(env Environment) string {
	return strings.NewReplacer(
		"{app}", c.App,
		"{environment}", string(env.Name),
		"{stage}", string(env.Stage),
		"{tenant}", env.Tenant,
	).Replace(c.Ledger.Path)
}

func (b *builder) ledger() {
	b.config.Ledger = Ledger{Path: defaultLedgerPath, Form: TagAtDigest}
	if form := b.file.Ledger.Form; form != "" {
		b.config.Ledger.Form = Form(form)
	}
	if path := b.file.Ledger.Path; path.At.File != "" {
		b.config.Ledger.Path = path.Value
		b.ledgerPath(path.At)
	}
}

var placeholderPattern = regexp.MustCompile(`\{[^{}]*\}`)

func (b *builder) ledgerPath(at tagboat.Position) {
	known := []string{"{app}", "{environment}", "{stage}", "{tenant}"}
	for _, p := range placeholderPattern.FindAllString(b.config.Ledger.Path, -1) {
		if !strings.Contains(strings.Join(known, ""), p) {
			b.problem(at, "unknown placeholder %s", p).hint("%s", tagboat.Suggest(p, known))
			return
		}
	}
	taken := map[string]tagboat.EnvName{}
	for _, env := range b.config.SortedEnvironments() {
		name := b.config.ParameterName(env)
		if problem := parameterNameProblem(name); problem != "" {
			b.problem(at, "in %s this gives %q: %s", env.Name, name, problem).
				hint("write it like %s", defaultLedgerPath)
			return
		}
		// One account and region can hold both, and then each would overwrite the other.
		if other, ok := taken[name]; ok {
			b.problem(at, "%s and %s would share the parameter %q", other, env.Name, name).
				hint("put {environment} into the path")
			return
		}
		taken[name] = env.Name
	}
}

var parameterPattern = regexp.MustCompile(`^(/[a-zA-Z0-9_.-]+)+$`)

// parameterNameProblem says what Parameter Store would not accept in a name, or "".
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
func parameterNameProblem(name string) string {
	first, _, _ := strings.Cut(strings.TrimPrefix(strings.ToLower(name), "/"), "/")
	switch {
	case !strings.HasPrefix(name, "/"):
		return "the name of a parameter must begin with /"
	case !parameterPattern.MatchString(name):
		return "the name of a parameter has letters, digits, dots, dashes and underscores between single slashes"
	case strings.HasPrefix(first, "aws"), strings.HasPrefix(first, "ssm"):
		return fmt.Sprintf("the name of a parameter must not begin with %q", "/"+first[:3])
	case strings.Count(name, "/") > 15:
		return "the name of a parameter has at most fifteen levels"
	default:
		return ""
	}
}
