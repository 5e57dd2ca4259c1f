package scaffold

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
)

// repository is an image of tagboat.yaml.
type repository struct {
	image tagboat.ImageName
	ref   tagboat.Reference // with its host
}

// registries finds the host that most repositories have, and the one that takes its place in each
// environment.
func (a *arrangement) registries(entries []*entry) {
	counts := map[string]int{}
	a.registry = make([]string, len(a.environments))
	for _, e := range entries {
		for _, c := range e.in[0].Containers {
			counts[withHost(c.Image).Host]++
		}
	}
	for _, host := range slices.Sorted(maps.Keys(counts)) {
		if counts[host] > counts[a.registry[0]] {
			a.registry[0] = host
		}
	}
	for i := range a.environments {
		for _, e := range entries {
			for n, c := range e.in[0].Containers {
				if a.registry[i] == "" && n < len(e.in[i].Containers) && withHost(c.Image).Host == a.registry[0] {
					a.registry[i] = withHost(e.in[i].Containers[n].Image).Host
				}
			}
		}
		a.registry[i] = cmp.Or(a.registry[i], a.registry[0])
	}
}

// elsewhere leaves a service alone whose containers, or their repositories, are not the same in
// all environments, but for the registry.
func (a *arrangement) elsewhere(e *entry) bool {
	for i := range e.in {
		if !slices.EqualFunc(e.in[0].Containers, e.in[i].Containers, func(x, y Container) bool { return x.Name == y.Name }) {
			a.leave(e, "its containers in %s are not those in %s", a.environments[i].Name, a.environments[0].Name)
			return true
		}
		for n, c := range e.in[0].Containers {
			want, have := withHost(c.Image), withHost(e.in[i].Containers[n].Image)
			if want.Host == a.registry[0] {
				want.Host = a.registry[i]
			}
			if want.Name() != have.Name() {
				a.leave(e, "container %s runs %s in %s and %s in %s", c.Name, c.Image.Name(), a.environments[0].Name, have.Name(), a.environments[i].Name)
				return true
			}
		}
	}
	return false
}

// images names what the containers run. Containers with the same versions of a repository share
// one image; others have their own, so that each keeps its version.
func (a *arrangement) images(entries []*entry) {
	type use struct {
		entry     *entry
		container int
	}
	groups := map[string]map[string][]use{} // by repository, by versions
	for _, e := range entries {
		e.images = map[tagboat.ContainerName]tagboat.ImageName{}
		for n, c := range e.in[0].Containers {
			var versions []string
			for _, s := range e.in {
				versions = append(versions, string(s.Containers[n].Image.Digest))
			}
			name, of := withHost(c.Image).Name(), strings.Join(versions, " ")
			if groups[name] == nil {
				groups[name] = map[string][]use{}
			}
			groups[name][of] = append(groups[name][of], use{e, n})
		}
	}
	taken := map[string]bool{}
	short := map[string]int{}
	for name := range groups {
		short[name[strings.LastIndex(name, "/")+1:]]++
	}
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		base := name[strings.LastIndex(name, "/")+1:]
		if short[base] > 1 {
			_, base, _ = strings.Cut(name, "/")
		}
		versions := slices.SortedFunc(maps.Values(groups[name]), func(x, y []use) int {
			return cmp.Or(cmp.Compare(len(y), len(x)), cmp.Compare(x[0].entry.key, y[0].entry.key), cmp.Compare(x[0].container, y[0].container))
		})
		for i, uses := range versions {
			image := base
			if i > 0 {
				image = base + "-" + uses[0].entry.key
			}
			image = free(image, taken, tagboat.ValidImageName)
			ref := withHost(uses[0].entry.in[0].Containers[uses[0].container].Image)
			ref.Tag, ref.Digest = "", ""
			a.repositories = append(a.repositories, repository{tagboat.ImageName(image), ref})
			for _, u := range uses {
				u.entry.images[u.entry.in[0].Containers[u.container].Name] = tagboat.ImageName(image)
			}
			for n, s := range uses[0].entry.in {
				ref := s.Containers[uses[0].container].Image
				ref.Tag = ""
				a.draft.Versions[a.environments[n].Name][tagboat.ImageName(image)] = withHost(ref)
			}
		}
		if len(versions) > 1 {
			a.note("containers run different versions of %s, so each version has an image of its own in tagboat.yaml", name)
		}
	}
}

// free returns a name that is valid and not taken, made of a text, and takes it.
func free(text string, taken map[string]bool, valid func(string) bool) string {
	name := strings.TrimLeft(text, "-_./")
	if !valid(name) {
		name = "x" + name
	}
	unique := name
	for n := 2; taken[strings.ToLower(unique)] || !valid(unique); n++ {
		if n > len(taken)+2 {
			return name // which reading the configuration refuses
		}
		unique = fmt.Sprintf("%s-%d", name, n)
	}
	taken[strings.ToLower(unique)] = true
	return unique
}
