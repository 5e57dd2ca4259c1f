package scaffold

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/cfn"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/scaffold/copilot"
)

// through is how a service is deployed through its stack.
type through struct {
	stack      string                           // a pattern, as tagboat.yaml has it
	parameters map[tagboat.ContainerName]string // keys, by the container whose image they are
}

// draft makes tagboat.yaml of an application. Its services stay with their stacks.
func (a *application) draft(r Request) (Draft, error) {
	if len(r.Environments) == 0 {
		a.choose(r)
	}
	b := arrangement{vars: newVariables(len(a.environments))}
	b.draft = Draft{Versions: fleet.Versions{}, LeftAlone: a.left, Notes: a.notes}
	taken := map[string]bool{}
	for _, env := range a.environments {
		found := env.Environment
		found.Name = tagboat.EnvName(free(string(env.Name[:min(len(env.Name), longestName)]), taken, tagboat.ValidName))
		b.environments = append(b.environments, found)
		b.draft.order = append(b.draft.order, found.Name)
		b.draft.Versions[found.Name] = map[tagboat.ImageName]tagboat.Reference{}
	}
	entries := slices.DeleteFunc(a.entries(&b, r), b.unpinnable)
	if len(b.environments) > 0 {
		b.registries(entries)
	}
	entries = slices.DeleteFunc(entries, b.elsewhere)
	if len(entries) == 0 {
		return b.draft, nothingOf(a.name, b.draft.LeftAlone)
	}
	b.images(entries)
	if err := b.named(cmp.Or(r.App, a.name), entries); err != nil {
		return b.draft, err
	}
	b.stages()
	b.draft.Notes = append(b.draft.Notes, a.remarks(entries)...)
	b.draft.Files = append(b.draft.Files, File{Name: ConfigFile, Content: b.configuration(entries)})
	return b.draft, nil
}

// longestName is how long the name of an environment may be, with room for a number.
const longestName = 90

func nothingOf(app string, left []tagboat.InitLeftAlone) error {
	err := tagboat.Usagef("the application %s has no service that can be taken over", app)
	if len(left) == 0 {
		return err
	}
	var all []string
	for _, l := range left {
		all = append(all, strings.Trim(string(l.Environment)+"/"+l.Service, "/")+": "+l.Reason)
	}
	return err.WithHint("%s", strings.Join(slices.Compact(all), "; "))
}

// choose leaves out environments that have so few of the services that the others together have
// more: a service of tagboat.yaml is in every environment.
func (a *application) choose(r Request) {
	for len(a.environments) > 1 {
		best, out := a.cells(nil), (*copilotPlace)(nil)
		for _, env := range slices.Backward(a.environments) {
			if n := a.cells(env); n > best {
				best, out = n, env
			}
		}
		if out == nil {
			return
		}
		for _, w := range out.workloads {
			a.leave(string(out.Name), w.Stack.Workload, "%s lacks services that the other environments have, and a service of tagboat.yaml is in every environment: %s",
				out.Name, r.again("--env", string(out.Name)))
		}
		a.environments = slices.DeleteFunc(a.environments, func(env *copilotPlace) bool { return env == out })
	}
}

// cells returns in how many places services would be without an environment.
func (a *application) cells(without *copilotPlace) int {
	counts, environments := map[string]int{}, 0
	for _, env := range a.environments {
		if env == without {
			continue
		}
		environments++
		for _, w := range env.workloads {
			counts[w.Stack.Workload]++
		}
	}
	everywhere := 0
	for _, n := range counts {
		if n == environments {
			everywhere++
		}
	}
	return everywhere * environments
}

// again returns the command that takes something over into another directory.
func (r Request) again(arguments ...string) string {
	from := "--copilot " + r.Copilot
	if r.From != "" {
		from = "--from " + r.From
	}
	return "tagboat init " + from + " " + strings.Join(arguments, " ") + " --dir DIR"
}

// entries makes a service of each workload that every environment has.
func (a *application) entries(b *arrangement, r Request) []*entry {
	byName := map[string]*entry{}
	found := map[string][]workload{}
	for i, env := range a.environments {
		for _, w := range env.workloads {
			name := w.Stack.Workload
			if byName[name] == nil {
				byName[name], found[name] = &entry{key: name, in: make([]Service, len(a.environments))}, make([]workload, len(a.environments))
			}
			byName[name].in[i], found[name][i] = w.running, w
			a.outside(env.Name, w)
			b.besides(env.Name, w)
		}
	}
	b.draft.Notes = a.notes
	var entries []*entry
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		e := byName[name]
		if b.everywhere(e, r) && b.throughStack(a.name, e, found[name]) {
			entries = append(entries, e)
		}
	}
	return entries
}

// everywhere leaves a service alone that is not in every environment.
func (a *arrangement) everywhere(e *entry, r Request) bool {
	var has, lacks []string
	for i, s := range e.in {
		if s.Name == "" {
			lacks = append(lacks, string(a.environments[i].Name))
		} else {
			has = append(has, string(a.environments[i].Name))
		}
	}
	if len(lacks) > 0 {
		a.leave(e, "%s lacks it, and a service of tagboat.yaml is in every environment: %s", strings.Join(lacks, ", "),
			r.again("--env", strings.Join(has, ","), "--service", e.key))
	}
	return len(lacks) == 0
}

// besides lists the containers of a service whose image no parameter brings.
func (a *arrangement) besides(env tagboat.EnvName, w workload) {
	for _, name := range slices.Sorted(maps.Keys(w.Fixed)) {
		a.draft.LeftAlone = append(a.draft.LeftAlone, tagboat.InitLeftAlone{
			Environment: env, Service: w.Stack.Workload + "/" + name,
			Reason: fmt.Sprintf("the template of its stack has the image %s itself, and no parameter for it", w.Fixed[name]),
		})
	}
}

// throughStack says how a service is deployed, and reports whether that is one way for all
// environments.
func (a *arrangement) throughStack(app string, e *entry, found []workload) bool {
	e.through = &through{stack: app + "-{environment}-" + e.key, parameters: map[tagboat.ContainerName]string{}}
	var names []any
	plain := true
	for i, w := range found {
		if !maps.Equal(w.Parameters, found[0].Parameters) {
			a.leave(e, "other parameters of its stacks bring its images in %s than in %s", a.environments[i].Name, a.environments[0].Name)
			return false
		}
		names = append(names, w.Name)
		plain = plain && w.Name == app+"-"+string(a.environments[i].Name)+"-"+e.key
	}
	for name, key := range found[0].Parameters {
		e.through.parameters[tagboat.ContainerName(name)] = key
	}
	if !plain {
		e.through.stack = "{" + a.vars.take([]string{e.key + "-stack", e.key + ".stack"}, names) + "}"
	}
	return true
}

// remarks are what a person should know of the services that were taken over.
func (a *application) remarks(entries []*entry) []string {
	var notes, built []string
	for _, e := range entries {
		var differs, scaled []string
		builds := false
		for _, env := range a.environments {
			for _, w := range env.workloads {
				if w.Stack.Workload != e.key {
					continue
				}
				deployed, err := copilot.ReadManifest("manifest.yml", w.Manifest)
				builds = builds || err == nil && deployed.Build
				if m, ok := a.manifest(e.key); ok && w.Manifest != "" && !m.Same(w.Manifest) {
					differs = append(differs, string(env.Name))
				}
				if w.Scaled {
					scaled = append(scaled, string(env.Name))
				}
				notes = append(notes, state(w.Stack.Stack)...)
			}
		}
		if len(differs) > 0 {
			notes = append(notes, fmt.Sprintf("%s: the manifest in the directory is not the one that is deployed in %s: what is deployed counts", e.key, strings.Join(differs, ", ")))
		}
		if len(scaled) > 0 {
			notes = append(notes, fmt.Sprintf("%s scales by itself in %s, and its template has a desired count, too: an update of the stack sets that count, and autoscaling corrects it",
				e.key, strings.Join(scaled, ", ")))
		}
		if builds {
			built = append(built, e.key)
		}
	}
	if len(built) > 0 {
		notes = append(notes, fmt.Sprintf("Copilot built images from Dockerfiles (%s): build them with docker, and push them, or publish them: tagboat publish %s --from docker:IMAGE --tag TAG",
			strings.Join(built, ", "), built[0]))
	}
	for _, env := range a.environments {
		if env.Role != "" {
			notes = append(notes, fmt.Sprintf("environment %s is reached through Copilot's own role, which may not write pins: give the role what this prints: tagboat generate iam-policy --env %s", env.Name, env.Name))
		}
	}
	return notes
}

func (a *application) manifest(name string) (copilot.Manifest, bool) {
	if a.directory == nil {
		return copilot.Manifest{}, false
	}
	i := slices.IndexFunc(a.directory.Manifests, func(m copilot.Manifest) bool { return m.Name == name })
	if i < 0 {
		return copilot.Manifest{}, false
	}
	return a.directory.Manifests[i], true
}

// state notes that a stack cannot be updated now.
func state(s cfn.Stack) []string {
	switch {
	case s.Updatable():
		return nil
	case s.Status == "UPDATE_ROLLBACK_FAILED":
		return []string{fmt.Sprintf("stack %s is %s, so that nothing can be deployed through it before: aws cloudformation continue-update-rollback --stack-name %s", s.Name, s.Status, s.Name)}
	default:
		return []string{fmt.Sprintf("stack %s is %s: what was read of it may have changed", s.Name, s.Status)}
	}
}
