package scaffold

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/taskdef"
)

// Draft is what would be written.
type Draft struct {
	Files     []File         // the configuration last
	Versions  fleet.Versions // what runs; nil where nothing does
	LeftAlone []tagboat.InitLeftAlone
	Notes     []string
	order     []tagboat.EnvName
	beside    []File // that are there, and that Files refer to
}

// File is one file, with its name below the directory that is written to.
type File struct {
	Name    string
	Content []byte
	secret  []string // values that nobody may be shown
}

// entry is a service of tagboat.yaml, as each environment has it.
type entry struct {
	key        string
	in         []Service // one for each environment
	images     map[tagboat.ContainerName]tagboat.ImageName
	definition string // names of files
	service    string
	through    *through // nil where the files say what the service is
}

// Arrange makes files of what was found. Services become entries of one matrix: one that is not
// in every environment, or differs between them in more than values, is left alone.
func Arrange(app string, found []Environment) (Draft, error) {
	a := arrangement{environments: found, vars: newVariables(len(found))}
	a.draft.Versions = fleet.Versions{}
	for _, env := range found {
		a.draft.order = append(a.draft.order, env.Name)
		a.draft.LeftAlone = append(a.draft.LeftAlone, env.LeftAlone...)
		a.draft.Versions[env.Name] = map[tagboat.ImageName]tagboat.Reference{}
	}
	entries := a.match()
	entries = slices.DeleteFunc(entries, a.unpinnable)
	a.registries(entries)
	entries = slices.DeleteFunc(entries, a.elsewhere)
	var kept []*entry
	for _, e := range entries {
		if a.files(e) {
			kept = append(kept, e)
		}
	}
	if len(kept) == 0 {
		return a.draft, nothingFound(a.draft.LeftAlone)
	}
	a.note("desired counts are not in the files, so that deploy leaves them to who scales the services: add desiredCount to own one")
	a.images(kept)
	if err := a.named(app, kept); err != nil {
		return a.draft, err
	}
	a.stages()
	a.draft.Files = append(a.draft.Files, File{Name: ConfigFile, Content: a.configuration(kept), secret: a.secrets})
	return a.draft, nil
}

func nothingFound(left []tagboat.InitLeftAlone) error {
	if len(left) == 0 {
		return tagboat.Usagef("there is no service to take over").WithHint("create one, or begin with an example: tagboat init --example")
	}
	return tagboat.Usagef("there is no service that can be taken over: %s is left alone, since %s", left[0].Service, left[0].Reason).
		WithHint("name another cluster or service: tagboat init --cluster CLUSTER --service SERVICE")
}

// named gives the application the name that was asked for, or one made of what was found.
func (a *arrangement) named(app string, entries []*entry) error {
	a.app = cmp.Or(app, a.appName(entries))
	if !tagboat.ValidName(a.app) {
		return tagboat.Usagef("%q cannot be the name of an application", a.app).
			WithHint("a name has letters, digits, dots, dashes and underscores, and begins with a letter or a digit")
	}
	return nil
}

// arrangement is the state of Arrange.
type arrangement struct {
	environments []Environment
	draft        Draft
	vars         *variables
	app          string
	registry     []string // host, by environment
	repositories []repository
	stage        []tagboat.StageName // by environment
	secrets      []string
}

func (a *arrangement) leave(e *entry, format string, args ...any) {
	for i, s := range e.in {
		if s.Name != "" {
			a.draft.LeftAlone = append(a.draft.LeftAlone, tagboat.InitLeftAlone{
				Environment: a.environments[i].Name, Service: s.Name, Reason: fmt.Sprintf(format, args...),
			})
		}
	}
}

func (a *arrangement) note(format string, args ...any) {
	a.draft.Notes = append(a.draft.Notes, fmt.Sprintf(format, args...))
}

// match finds which services of the environments are the same.
func (a *arrangement) match() []*entry {
	var entries []*entry
	byKey := map[string]*entry{}
	for i, env := range a.environments {
		for key, s := range keysOf(env, len(a.environments) > 1) {
			e := byKey[key]
			if e == nil {
				e = &entry{key: key, in: make([]Service, len(a.environments))}
				byKey[key], entries = e, append(entries, e)
			}
			e.in[i] = s
		}
	}
	slices.SortFunc(entries, func(x, y *entry) int { return cmp.Compare(x.key, y.key) })
	return slices.DeleteFunc(entries, func(e *entry) bool {
		i := slices.IndexFunc(e.in, func(s Service) bool { return s.Name == "" })
		if i >= 0 {
			a.leave(e, "it is not in cluster %s, and a service of tagboat.yaml is in every environment: take it over into another directory with --cluster, --service and --dir", a.environments[i].Cluster)
		}
		return i >= 0
	})
}

// unpinnable leaves a service alone of which nobody knows what it runs.
func (a *arrangement) unpinnable(e *entry) bool {
	for i, s := range e.in {
		for _, c := range s.Containers {
			if c.Image.Digest == "" {
				a.leave(e, "no task in %s says which version container %s runs, and the registry of %s has none for it", a.environments[i].Name, c.Name, c.Image)
				return true
			}
		}
	}
	return false
}

// files makes the two files of a service, and reports whether that is possible.
func (a *arrangement) files(e *entry) bool {
	definitions, services := make([]any, len(e.in)), make([]any, len(e.in))
	for i, s := range e.in {
		definition, left := taskdef.Minimal(s.Definition)
		if len(left) > 0 {
			a.note("%s: this Tagboat does not know these members, and leaves them out: %s", s.Name, strings.Join(left, ", "))
		}
		service := taskdef.MinimalService(s.Record).Map()
		if service == nil {
			service = map[string]any{}
		}
		if delete(service, "serviceName"); e.renamed() {
			service["serviceName"] = s.Name
		}
		definitions[i], services[i] = definition.Map(), service
	}
	m := merger{vars: a.vars.fork(), service: e.key, environments: a.environments}
	definition := m.merge(nil, definitions)
	service := m.merge(nil, services)
	if m.impossible != "" {
		a.leave(e, "%s: take it over into another directory with --cluster, --service and --dir", m.impossible)
		return false
	}
	a.vars = m.vars
	for i, s := range e.in {
		for _, c := range s.Containers {
			if c.Guessed {
				a.note("%s/%s: no task says what container %s runs, so its version is what the registry has for %s now, and deploy will register a revision that names the digest",
					a.environments[i].Name, s.Name, c.Name, c.Image.Name()+":"+cmp.Or(c.Image.Tag, "latest"))
			}
		}
	}
	secret := a.findSecrets(e)
	e.definition, e.service = e.key+".taskdef.json", e.key+".service.json"
	a.draft.Files = append(a.draft.Files,
		File{Name: e.definition, Content: printJSON(definition), secret: secret},
		File{Name: e.service, Content: printJSON(service)})
	return true
}

// renamed reports whether the service has another name in ECS than in tagboat.yaml.
func (e *entry) renamed() bool {
	return slices.ContainsFunc(e.in, func(s Service) bool { return s.Name != e.key })
}

// findSecrets names variables in plain text that look like secrets.
func (a *arrangement) findSecrets(e *entry) []string {
	var values []string
	for i, s := range e.in {
		var contents struct {
			Containers []struct {
				Name        string                         `json:"name"`
				Environment []struct{ Name, Value string } `json:"environment"`
			} `json:"containerDefinitions"`
		}
		_ = json.Unmarshal(s.Definition.JSON(), &contents) // AWS answered it
		for _, c := range contents.Containers {
			for _, v := range c.Environment {
				if looksSecret(v.Name, v.Value) {
					values = append(values, v.Value)
					a.note("%s/%s: the variable %s of container %s looks like a secret and is in the file as plain text, as in ECS: move it to secrets with valueFrom before you commit the file",
						a.environments[i].Name, s.Name, v.Name, c.Name)
				}
			}
		}
	}
	a.secrets = append(a.secrets, values...)
	return values
}

// looksSecret reports whether a variable is likely to be a secret.
func looksSecret(name, value string) bool {
	name = strings.ToUpper(name)
	if value == "" || slices.ContainsFunc([]string{"_ARN", "_NAME", "_FILE", "_PATH", "_TTL"}, func(end string) bool { return strings.HasSuffix(name, end) }) {
		return false
	}
	for _, word := range []string{"SECRET", "PASSWORD", "PASSWD", "TOKEN", "API_KEY", "APIKEY", "PRIVATE_KEY", "CREDENTIAL", "ACCESS_KEY"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	_, rest, isURL := strings.Cut(value, "://")
	login, _, hasLogin := strings.Cut(rest, "@")
	return isURL && hasLogin && strings.Contains(login, ":") && !strings.Contains(login, "/")
}

// Shown returns the content without values that look like secrets.
func (f File) Shown() string {
	text := string(f.Content)
	for _, value := range f.secret {
		text = strings.ReplaceAll(text, oneLine(taskdef.Literal(value)), `"(hidden: it looks like a secret)"`)
		text = strings.ReplaceAll(text, oneLine(value), `"(hidden: it looks like a secret)"`)
	}
	return text
}
