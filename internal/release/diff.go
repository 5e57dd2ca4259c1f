package release

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/catalog"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/home"
)

// Diff returns what differs between two releases.
func (r *Releases) Diff(ctx context.Context, from, to string) (tagboat.ReleaseDiffDocument, error) {
	numbers, err := r.Home.Numbers(ctx)
	if err != nil {
		return tagboat.ReleaseDiffDocument{}, err
	}
	a, err := r.findAmong(ctx, from, numbers)
	if err != nil {
		return tagboat.ReleaseDiffDocument{}, err
	}
	b, err := r.findAmong(ctx, to, numbers)
	if err != nil {
		return tagboat.ReleaseDiffDocument{}, err
	}
	document := r.Compare(ctx, a, b)
	for _, of := range []*tagboat.Release{&document.From, &document.To} {
		*of = numberedAs(*of, numbers)
	}
	both := []tagboat.Release{document.From, document.To}
	err = r.stand(ctx, both)
	document.From, document.To = both[0], both[1]
	return document, err
}

// Compare returns what differs between two releases, with the commits of images whose versions
// differ: a look at each of them, for what earlier ones did not find out. The zero value of from
// is nothing.
func (r *Releases) Compare(ctx context.Context, from, to Release) tagboat.ReleaseDiffDocument {
	document := tagboat.ReleaseDiffDocument{
		From: r.document(from).Release, To: r.document(to).Release, Between: []tagboat.Release{},
		Images: images(from.Content, to.Content), Files: files(from.Content, to.Content), Vars: vars(from.Content, to.Content),
	}
	r.AddCommits(ctx, document.Images)
	return document
}

// images returns the images whose versions differ, by name.
func images(from, to Content) []tagboat.ReleaseImageDiff {
	diffs := []tagboat.ReleaseImageDiff{}
	for _, name := range either(from.Images, to.Images) {
		a, b := from.Images[name], to.Images[name]
		if a.Digest != b.Digest || a.Repository != b.Repository {
			diffs = append(diffs, tagboat.ReleaseImageDiff{
				Image: name, From: tagboat.Observed{Tag: a.Tag, Digest: a.Digest}, To: tagboat.Observed{Tag: b.Tag, Digest: b.Digest},
			})
		}
	}
	return diffs
}

// files returns the lines that differ of each service: of its templates, and of what tagboat.yaml
// says of it.
func files(from, to Content) []tagboat.ReleaseFileDiff {
	diffs := []tagboat.ReleaseFileDiff{}
	for _, name := range either(from.Services, to.Services) {
		a, b := from.Services[name], to.Services[name]
		for _, file := range []struct{ name, a, b string }{
			{"tagboat.yaml", entry(from, name), entry(to, name)},
			{"taskDefinition", a.Definition, b.Definition},
			{"service", a.Settings, b.Settings},
		} {
			if diff := unified(string(indented(file.a)), string(indented(file.b))); diff != "" {
				diffs = append(diffs, tagboat.ReleaseFileDiff{Service: name, File: file.name, Diff: diff})
			}
		}
	}
	return diffs
}

// entry returns what tagboat.yaml says of a service beside its files; "" for one that is not there.
func entry(c Content, name tagboat.ServiceName) string {
	s, ok := c.Services[name]
	if !ok {
		return ""
	}
	s.Definition, s.Settings = "", ""
	return string(marshal(s))
}

// vars returns the variables whose values differ in a scope, by name.
func vars(from, to Content) []tagboat.ReleaseVarDiff {
	diffs := []tagboat.ReleaseVarDiff{}
	for _, name := range either(from.Vars, to.Vars) {
		a, b := byScope(from.Vars[name]), byScope(to.Vars[name])
		for _, scope := range either(a, b) {
			if !bytes.Equal(marshal(a[scope]), marshal(b[scope])) {
				diffs = append(diffs, tagboat.ReleaseVarDiff{Name: name, Scope: scope, From: a[scope], To: b[scope]})
			}
		}
	}
	return diffs
}

func byScope(values []Value) map[string]any {
	all := map[string]any{}
	for _, v := range values {
		all[v.scope()] = v.Value
	}
	return all
}

// scope says in words where a value holds.
func (v Value) scope() string {
	return config.Scope{Stage: v.Stage, Tenant: v.Tenant, Environment: v.Environment, Service: v.Service}.String()
}

// either returns the keys that one of two maps has, sorted.
func either[K cmp.Ordered, V any](a, b map[K]V) []K {
	all := maps.Clone(b)
	if all == nil {
		all = map[K]V{}
	}
	maps.Copy(all, a)
	return slices.Sorted(maps.Keys(all))
}

// Notes returns what came since the release that an environment has, up to another one; "" is the
// newest. Of an environment that has had no release, its pins are compared.
func (r *Releases) Notes(ctx context.Context, name tagboat.EnvName, upTo string) (tagboat.ReleaseDiffDocument, error) {
	env, err := r.Fleet.Config.Environment(string(name))
	if err != nil {
		return tagboat.ReleaseDiffDocument{}, err
	}
	numbers, err := r.Home.Numbers(ctx)
	if err != nil {
		return tagboat.ReleaseDiffDocument{}, err
	}
	if upTo == "" && len(numbers) == 0 {
		return tagboat.ReleaseDiffDocument{}, tagboat.Usagef("there is no release yet").WithHint("make the first one: tagboat release create --env ENV")
	}
	if upTo == "" {
		upTo = numbers[0].Name
	}
	to, err := r.findAmong(ctx, upTo, numbers)
	if err != nil {
		return tagboat.ReleaseDiffDocument{}, err
	}
	from, err := r.has(ctx, env)
	if err != nil {
		return tagboat.ReleaseDiffDocument{}, err
	}
	document := r.Compare(ctx, from, to)
	if from.ID == "" {
		document.Files, document.Vars = []tagboat.ReleaseFileDiff{}, []tagboat.ReleaseVarDiff{} // nobody knows what it had of them
	}
	document.From, document.To = numberedAs(document.From, numbers), numberedAs(document.To, numbers)
	document.Between, err = r.between(ctx, numbers, from.ID, to.ID)
	return document, err
}

// has returns the release that an environment has, or else its pins as one without an id.
func (r *Releases) has(ctx context.Context, env config.Environment) (Release, error) {
	books, err := r.Fleet.Books(ctx, []config.Environment{env})
	if err != nil {
		return Release{}, err
	}
	had, err := books[env.Name].Promotions(env.Name)
	if err != nil {
		return Release{}, err
	}
	if current, ok := had.Current(); ok {
		return r.At(ctx, current.ID, current.Name)
	}
	pins := Release{Content: Content{Images: map[tagboat.ImageName]Image{}}}
	for _, pin := range books[env.Name].Pins(env.Name) {
		if _, ok := r.Fleet.Config.Images[pin.Image]; ok && pin.Digest != "" {
			pins.Content.Images[pin.Image] = Image{Repository: repositoryOf(r.Fleet.Config, pin.Image), Tag: pin.Tag, Digest: pin.Digest}
		}
	}
	return pins, nil
}

// between returns the releases after one up to another, the newest first, with their notes: two
// calls for each. After nothing comes the last alone, after one that is not known any more all that
// are known; none where the last is the older one.
func (r *Releases) between(ctx context.Context, numbers []home.Numbered, from, to tagboat.Digest) ([]tagboat.Release, error) {
	all := newest(numbers)
	of := func(id tagboat.Digest) int {
		return slices.IndexFunc(all, func(n home.Numbered) bool { return n.ID == id })
	}
	first, last := of(to), of(from)
	switch {
	case first < 0 || last >= 0 && last <= first:
		return []tagboat.Release{}, nil
	case last < 0 && from == "":
		last = first + 1
	case last < 0: // older than all that are known
		last = len(all)
	}
	between := make([]tagboat.Release, last-first)
	var group errgroup.Group
	group.SetLimit(catalog.AtOnce)
	for i, n := range all[first:last] {
		group.Go(func() error {
			between[i] = numberedAs(tagboat.Release{Name: n.Name, ID: n.ID, Commit: n.Commit, Environments: []tagboat.EnvName{}}, numbers)
			found, err := r.At(ctx, n.ID, n.Name)
			if tagboat.KindOf(err) == tagboat.Usage { // it was never finished, or is gone: its number tells what is known
				return nil
			}
			between[i].Notes = found.Notes
			return err
		})
	}
	return between, group.Wait()
}
