package scaffold

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/source"
	"github.com/tagboat/tagboat/internal/taskdef"
)

// ecspresso is a configuration of ecspresso: one service in one cluster.
// https://github.com/kayac/ecspresso/blob/v2/README.md
type ecspresso struct {
	Region, Cluster, Service string

	path       string // of the configuration
	definition string // paths of the templates; service is "" where there is none
	service    string
	notes      []string
}

// readEcspresso reads a configuration. Variables of the process stand in its functions env and
// must_env.
func readEcspresso(path string) (*ecspresso, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, tagboat.Usagef("reading the configuration of ecspresso: %w", err)
	}
	var root *source.Node
	if filepath.Ext(path) == ".jsonnet" {
		if err := plainJsonnet(path, string(data)); err != nil {
			return nil, err
		}
		border, _ := source.NewBorder(filepath.Dir(path))
		root, err = source.Read(path, border)
	} else {
		text, failed := fromProcess(path, string(data))
		if failed != nil {
			return nil, failed
		}
		root, err = source.Parse(path, []byte(text))
	}
	if err != nil {
		return nil, err
	}
	return ecspressoOf(path, root)
}

func ecspressoOf(path string, root *source.Node) (*ecspresso, error) {
	e := ecspresso{path: path}
	var failed []error
	for _, f := range root.Fields {
		members := map[string]*string{"region": &e.Region, "cluster": &e.Cluster, "service": &e.Service, "task_definition": &e.definition, "service_definition": &e.service}
		to, known := members[f.Name]
		switch {
		case known && f.Value.Kind != source.String:
			failed = append(failed, f.Errorf("%s must be a text", f.Name))
		case known:
			*to = f.Value.Text
		case f.Name == "codedeploy" || f.Name == "appspec":
			e.notes = append(e.notes, fmt.Sprintf("%s: %s is not taken over: Tagboat rolls services of the deployment controller ECS", f.At, f.Name))
		case f.Name == "timeout":
			e.notes = append(e.notes, fmt.Sprintf("%s: timeout is not taken over: use tagboat deploy --timeout", f.At))
		case f.Name == "plugins":
			e.notes = append(e.notes, fmt.Sprintf("%s: plugins are not taken over: what they looked up are variables, with the values that run", f.At))
		default:
			e.notes = append(e.notes, fmt.Sprintf("%s: %s is not taken over: tagboat.yaml has nothing like it", f.At, f.Name))
		}
	}
	e.Cluster = cmp.Or(e.Cluster, "default")
	for name, value := range map[string]string{"service": e.Service, "task_definition": e.definition} {
		if value == "" {
			failed = append(failed, root.Errorf("the configuration of ecspresso has no %s", name).WithHint("init takes over services: add %s: …", name))
		}
	}
	return &e, source.Sorted(errors.Join(failed...))
}

// function is one call of a function of ecspresso's templates.
type function struct {
	name, argument, otherwise string // the last argument; otherwise is the default of env
	from, to                  int    // bytes of the text
	at                        tagboat.Position
	image                     bool // it is in the image of a container
	quoted                    bool
}

var (
	anyFunction    = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\{\{.*?\}\}`) })
	simpleFunction = sync.OnceValue(func() *regexp.Regexp {
		const word = "`[^`]*`" + `|\\?"[^"\\]*\\?"`
		return regexp.MustCompile(`^\{\{-?\s*(\w+)((?:\s+(?:` + word + `))+)\s*(?:\|\s*json_escape\s*)?-?\}\}$`)
	})
	argument  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile("`([^`]*)`" + `|\\?"([^"\\]*)\\?"`) })
	imageLine = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`"?image"?\s*:\s*"?[^",\n]*$`) })
)

// functions returns the calls in a text. One that is more than a name with texts is an error at its
// place.
func functions(path, text string) ([]function, error) {
	var found []function
	var failed []error
	quoted, seen := false, 0
	for _, at := range anyFunction().FindAllStringIndex(text, -1) {
		for ; seen < at[0]; seen++ {
			switch {
			case text[seen] == '\\':
				seen++
			case text[seen] == '"':
				quoted = !quoted
			}
		}
		seen = at[1]
		line := strings.LastIndexByte(text[:at[0]], '\n') + 1
		f := function{from: at[0], to: at[1], quoted: quoted, image: imageLine().MatchString(text[line:at[0]])}
		end, _, _ := strings.Cut(text[line:], "\n")
		f.at = tagboat.Position{File: path, Line: 1 + strings.Count(text[:at[0]], "\n"), Column: at[0] - line + 1, Text: end}
		call := text[at[0]:at[1]]
		m := simpleFunction().FindStringSubmatch(call)
		if m == nil && !f.image {
			failed = append(failed, tagboat.Usagef("%s cannot be translated: it is more than one function with texts", call).At(f.at).
				WithHint("write its value there, or ${vars.NAME} with a value in tagboat.yaml, and run this again"))
			continue
		}
		if m != nil {
			var words []string
			for _, word := range argument().FindAllStringSubmatch(m[2], -1) {
				words = append(words, cmp.Or(word[1], word[2]))
			}
			f.name, f.argument = m[1], words[len(words)-1]
			if f.name == "env" {
				f.argument, f.otherwise = words[0], words[len(words)-1]
			}
		}
		found = append(found, f)
	}
	return found, errors.Join(failed...)
}

// fromProcess replaces env and must_env by what the process has.
func fromProcess(path, text string) (string, error) {
	calls, err := functions(path, text)
	failed := []error{err}
	for _, f := range slices.Backward(calls) {
		value, there := os.LookupEnv(f.argument)
		switch {
		case f.name != "env" && f.name != "must_env":
			failed = append(failed, tagboat.Usagef("%s %s cannot be looked up here", f.name, f.argument).At(f.at).WithHint("write its value there"))
		case !there && f.name == "must_env":
			failed = append(failed, tagboat.Usagef("the variable %s is not set", f.argument).At(f.at).WithHint("set it as for ecspresso: %s=… tagboat init …", f.argument))
		case !there:
			value = f.otherwise
		}
		text = text[:f.from] + value + text[f.to:]
	}
	return text, errors.Join(failed...)
}

// plainJsonnet refuses Jsonnet that calls what only ecspresso has.
func plainJsonnet(path, text string) error {
	for i, line := range strings.Split(text, "\n") {
		for _, sign := range []string{"std.native(", "std.extVar(", "{{"} {
			if at := strings.Index(line, sign); at >= 0 {
				return tagboat.Usagef("what ecspresso puts in the place of %s cannot be translated in Jsonnet", sign).
					At(tagboat.Position{File: path, Line: i + 1, Column: at + 1, Text: line}).
					WithHint(`write "${vars.NAME}" there, with its value in tagboat.yaml, or take over what runs: tagboat init --cluster CLUSTER --service SERVICE`)
			}
		}
	}
	return nil
}

// translated is a file of ecspresso as Tagboat reads it.
type translated struct {
	name    string // below the directory that is written to
	content []byte // nil where the file stays where it is
	beside  []byte // what it has there
}

// translate returns a template as Tagboat reads it: as it is, or a copy whose functions became
// variables, with the values that run.
func (e *ecspresso) translate(r Request, file, copied string, running any, vars *variables) (translated, error) {
	path := filepath.Join(filepath.Dir(e.path), file)
	data, err := os.ReadFile(path)
	if err != nil {
		return translated{}, tagboat.Usagef("reading a file of %s: %w", e.path, err)
	}
	text := string(data)
	calls, jsonnet := []function(nil), filepath.Ext(path) == ".jsonnet"
	if jsonnet {
		err = plainJsonnet(path, text)
	} else {
		calls, err = functions(path, text)
	}
	if err != nil {
		return translated{}, err
	}
	if jsonnet || !strings.Contains(text, "${") && !slices.ContainsFunc(calls, func(f function) bool { return !f.image }) {
		return e.kept(r, path, data)
	}
	out := translated{name: copied + cmp.Or(filepath.Ext(path), ".json")}
	var failed []error
	content, names := e.asVariables(text, calls)
	out.content = []byte(content)
	root, err := source.Parse(out.name, out.content)
	if err != nil {
		return translated{}, tagboat.Errorf(tagboat.Usage, "translating %s: %w", path, err)
	}
	values := map[string]any{}
	for _, wrapper := range []string{"taskDefinition", "services"} { // the answer of a describing command
		if inner := root.Field(wrapper); inner != nil && inner.Kind == source.Map {
			root = inner
		}
	}
	align(root.Value(), running, values)
	for name, f := range names {
		value, known := values[name]
		if !known && f.name == "env" {
			value, known = f.otherwise, true
		}
		if !known {
			failed = append(failed, tagboat.Usagef("what runs does not say the value of %s %s", f.name, f.argument).At(f.at).
				WithHint("write its value there, or ${vars.NAME} with a value in tagboat.yaml, and run this again"))
		}
		vars.values[name] = []any{value}
		e.notes = append(e.notes, fmt.Sprintf("%s: %s %s is ${vars.%s} in %s, and has the value that runs", f.at, f.name, f.argument, name, out.name))
	}
	slices.Sort(e.notes)
	return out, source.Sorted(errors.Join(failed...))
}

// kept leaves a file where it is.
func (e *ecspresso) kept(r Request, path string, data []byte) (translated, error) {
	dir, err := filepath.Abs(r.Dir)
	abs, failed := filepath.Abs(path)
	name, outside := filepath.Rel(dir, abs)
	if err := errors.Join(err, failed, outside); err != nil {
		return translated{}, fmt.Errorf("finding the way from %s to %s: %w", r.Dir, path, err)
	}
	return translated{name: filepath.ToSlash(name), beside: data}, nil
}

// asVariables writes variables in the place of functions, but for images, which pins replace.
func (e *ecspresso) asVariables(text string, calls []function) (string, map[string]function) {
	var out strings.Builder
	names := map[string]function{}
	done := 0
	for _, f := range calls {
		out.WriteString(taskdef.Literal(text[done:f.from]))
		done = f.to
		name := strings.Trim(regexp.MustCompile(`[^A-Za-z0-9._-]+`).ReplaceAllString(f.argument, "-"), "-._")
		switch {
		case f.image || name == "":
			out.WriteString(text[f.from:f.to])
			continue
		case f.quoted || strings.HasSuffix(f.at.File, ".yml") || strings.HasSuffix(f.at.File, ".yaml"):
			out.WriteString("${vars." + name + "}")
		default:
			out.WriteString(`"${vars.` + name + `}"`)
		}
		if _, taken := names[name]; !taken {
			names[name] = f
		}
	}
	out.WriteString(taskdef.Literal(text[done:]))
	return out.String(), names
}

var variable = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\$\{vars\.([A-Za-z0-9._-]+)\}`)
})

// align finds the values of the variables in a template: what stands in their places in what runs.
func align(wanted, running any, values map[string]any) {
	switch wanted := wanted.(type) {
	case map[string]any:
		have, _ := running.(map[string]any)
		for member, value := range wanted {
			align(value, have[member], values)
		}
	case []any:
		have, _ := running.([]any)
		for i, item := range wanted {
			name, named := identity(item)
			at := i
			if named {
				at = slices.IndexFunc(have, func(other any) bool { id, _ := identity(other); return id == name })
			}
			if at >= 0 && at < len(have) {
				align(item, have[at], values)
			}
		}
	case string:
		alignText(wanted, running, values)
	}
}

func alignText(wanted string, running any, values map[string]any) {
	names := variable().FindAllStringSubmatch(wanted, -1)
	if len(names) == 0 || running == nil {
		return
	}
	if names[0][0] == wanted {
		values[names[0][1]] = running
		return
	}
	var pattern strings.Builder
	done := 0
	for _, at := range variable().FindAllStringIndex(wanted, -1) {
		pattern.WriteString(regexp.QuoteMeta(wanted[done:at[0]]) + "(.*?)")
		done = at[1]
	}
	have, _ := running.(string)
	m := regexp.MustCompile("^" + pattern.String() + regexp.QuoteMeta(wanted[done:]) + "$").FindStringSubmatch(have)
	for i, name := range names {
		if m != nil {
			values[name[1]] = m[i+1]
		}
	}
}

// draft makes tagboat.yaml beside the files of ecspresso.
func (e *ecspresso) draft(r Request, env Environment) (Draft, error) {
	a := arrangement{environments: []Environment{env}, vars: newVariables(1)}
	a.draft = Draft{Versions: fleet.Versions{env.Name: {}}, LeftAlone: env.LeftAlone, order: []tagboat.EnvName{env.Name}}
	if len(env.Services) == 0 {
		return a.draft, nothingFound(env.LeftAlone)
	}
	found := env.Services[0]
	one := &entry{key: found.Name, in: []Service{found}}
	if a.unpinnable(one) || !tagboat.ValidName(found.Name) {
		return a.draft, nothingFound(append(a.draft.LeftAlone, tagboat.InitLeftAlone{Service: found.Name, Reason: "its name cannot be one in tagboat.yaml"}))
	}
	definition, err := e.translate(r, e.definition, one.key+".taskdef", found.Definition.Map(), a.vars)
	service, failed := translated{}, error(nil)
	if e.service != "" {
		record, _ := taskdef.FromJSON(found.Record)
		service, failed = e.translate(r, e.service, one.key+".service", record.Map(), a.vars)
	}
	if err := errors.Join(err, failed); err != nil {
		return a.draft, err
	}
	for _, t := range []translated{definition, service} {
		switch {
		case t.content != nil:
			a.draft.Files = append(a.draft.Files, File{Name: t.name, Content: t.content})
		case t.name != "":
			a.draft.beside = append(a.draft.beside, File{Name: t.name, Content: t.beside})
			if r.DryRun && (strings.HasPrefix(t.name, "..") || strings.HasSuffix(t.name, ".jsonnet")) {
				a.draft.Versions = nil
			}
		}
	}
	one.definition, one.service = definition.name, service.name
	return a.withConfiguration(r, one, e.notes)
}

// withConfiguration completes the draft of one service.
func (a *arrangement) withConfiguration(r Request, one *entry, notes []string) (Draft, error) {
	compared := a.draft.Versions != nil
	if !compared {
		a.draft.Versions = fleet.Versions{a.environments[0].Name: {}}
		a.note("--dry-run does not compare the files with what runs, since they import others or are in another directory")
	}
	a.draft.Notes = append(a.draft.Notes, notes...)
	secret := a.findSecrets(one)
	for i := range a.draft.Files {
		a.draft.Files[i].secret = secret
	}
	a.registries([]*entry{one})
	a.images([]*entry{one})
	if err := a.named(r.App, []*entry{one}); err != nil {
		return a.draft, err
	}
	a.stages()
	a.draft.Files = append(a.draft.Files, File{Name: ConfigFile, Content: a.configuration([]*entry{one}), secret: a.secrets})
	if !compared {
		a.draft.Versions = nil
	}
	return a.draft, nil
}
