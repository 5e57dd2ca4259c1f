package config

import (
	"cmp"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/tagboat/tagboat"
)

// Auto is what automation brings to a stage.
type Auto string

// What automation brings. "" and AutoOff bring nothing: people move the stage.
const (
	AutoNewest   Auto = "newest"   // a release of the newest versions that the rules choose
	AutoUpstream Auto = "upstream" // what the stage before it runs
	AutoOff      Auto = "off"
)

// approvalsLast is how long an approval counts where the file does not say.
const approvalsLast = 7 * 24 * time.Hour

// Check is a check of the team's own: a command or an address.
type Check struct {
	Command []string // a program and its arguments; none where URL is set
	URL     string
	Timeout time.Duration
}

// checkTimeout is how long a check may take where the file does not say.
const checkTimeout = time.Minute

func (b *builder) check(from fileStage) *Check {
	c := from.Gates.Check
	if c == nil {
		return nil
	}
	check := &Check{URL: c.URL.Value, Timeout: cmp.Or(time.Duration(c.Timeout), checkTimeout)}
	for _, part := range c.Command {
		check.Command = append(check.Command, part.Value)
	}
	const hint = `write check: {command: [./smoke-test.sh]} or check: {url: "https://…"}`
	switch u, err := url.Parse(check.URL); {
	case (len(check.Command) == 0) == (check.URL == ""):
		b.problem(from.Name.At, "the check of the stage %q needs a command or a url, one of them", from.Name.Value).hint(hint)
	case len(check.Command) > 0 && check.Command[0] == "":
		b.problem(c.Command[0].At, "the name of the program is missing").hint(hint)
	case check.URL != "" && (err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http"):
		b.problem(c.URL.At, "the url of the check is not an address").hint(hint)
	}
	return check
}

// Releases says where releases are kept and what they are called.
type Releases struct {
	Repository tagboat.Reference // with its host, without tag or digest; no host where the file has none
	Name       string            // a pattern with {seq}, or with {date} and {n}
}

// Home is where Parameter Store keeps what belongs to no environment.
type Home struct {
	Account string // twelve digits, or "" for that of the AWS configuration
	Role    string // ARN, or "" for none to assume
	Region  string // "" for that of the AWS configuration
	Path    string // where the names of the application's parameters begin
	Freeze  string // the parameter that freezes all applications
}

// releaseName is a name that a tag can be: each has the number that tells it from others.
var releaseName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9._-]*$`) })

func (b *builder) releases() {
	from := b.file.Releases
	r := Releases{Name: cmp.Or(from.Name.Value, "{seq}")}
	rest := strings.NewReplacer("{seq}", "", "{date}", "", "{n}", "").Replace(r.Name)
	counts := strings.Contains(r.Name, "{seq}") != (strings.Contains(r.Name, "{date}") && strings.Contains(r.Name, "{n}"))
	if !counts || !releaseName().MatchString(rest) || strings.HasPrefix(r.Name, "-") || strings.HasPrefix(r.Name, ".") {
		b.problem(from.Name.At, "%q cannot be what releases are called", r.Name).hint("write {seq}, or {date}-{n}; letters, digits, dots, dashes and underscores can stand around them")
	}
	name := cmp.Or(from.Repository.Value, strings.ToLower(b.config.App)+"-releases")
	ref, err := tagboat.ParseReference(name)
	switch {
	case err != nil || ref.Tag != "" || ref.Digest != "":
		b.problem(from.Repository.At, "%q is not a repository", name).hint("write it like shop-releases, without a tag or a digest")
	case ref.Host == "":
		ref.Host = b.config.Registry
	}
	r.Repository = ref
	b.config.Releases = r
}

func (b *builder) home() {
	from := b.file.Home
	h := Home{
		Account: from.Account.Value, Role: from.Role.Value, Region: from.Region.Value,
		Path: cmp.Or(from.Path.Value, "/tagboat/{app}"), Freeze: cmp.Or(from.Freeze.Value, "/tagboat/freeze"),
	}
	h.Path = strings.TrimSuffix(strings.ReplaceAll(h.Path, "{app}", b.config.App), "/")
	for _, name := range []struct {
		text string
		at   tagboat.Position
	}{{h.Path, from.Path.At}, {h.Freeze, from.Freeze.At}} {
		if !parameterPattern().MatchString(name.text) {
			b.problem(name.at, "%q cannot be the name of a parameter", name.text).hint("write it like /tagboat/{app}: letters, digits, dots, dashes, underscores and slashes")
		}
	}
	e := Environment{Account: h.Account, Role: h.Role, Region: h.Region}
	b.account(fileEnvironment{Account: from.Account, Role: from.Role, Region: from.Region}, &e)
	h.Account = e.Account
	b.config.Home = h
}
