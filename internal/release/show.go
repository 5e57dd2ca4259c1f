package release

import (
	"maps"
	"slices"

	"github.com/tagboat/tagboat"
)

// document returns what JSON says of a release that it says of itself.
func (r *Releases) document(of Release) tagboat.ReleaseDocument {
	if of.ID == "" {
		return tagboat.ReleaseDocument{}
	}
	at := r.Fleet.Config.Releases.Repository
	at.Digest = of.ID
	d := tagboat.ReleaseDocument{
		Release:  tagboat.Release{Name: of.Name, ID: of.ID, Commit: of.Commit, Notes: of.Notes, Environments: []tagboat.EnvName{}},
		Artifact: at.Pinned(), Images: []tagboat.ReleaseImage{}, Services: []tagboat.ReleaseService{}, Vars: []tagboat.ReleaseVar{},
	}
	for _, name := range slices.Sorted(maps.Keys(of.Content.Images)) {
		i := of.Content.Images[name]
		d.Images = append(d.Images, tagboat.ReleaseImage{Image: name, Repository: i.Repository, Tag: i.Tag, Digest: i.Digest})
	}
	for _, name := range slices.Sorted(maps.Keys(of.Content.Services)) {
		s := of.Content.Services[name]
		stack := ""
		if s.Stack != nil {
			stack = s.Stack.Name
		}
		d.Services = append(d.Services, tagboat.ReleaseService{Service: name, Stack: stack, Family: s.Family, Express: s.Express, Containers: s.Containers, DependsOn: tagboat.List(s.DependsOn)})
	}
	for _, name := range slices.Sorted(maps.Keys(of.Content.Vars)) {
		for _, v := range of.Content.Vars[name] {
			d.Vars = append(d.Vars, tagboat.ReleaseVar{Name: name, Value: v.Value, Stage: v.Stage, Tenant: v.Tenant, Environment: v.Environment, Service: v.Service})
		}
	}
	return d
}
