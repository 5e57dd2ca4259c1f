package release

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/taskdef"
)

// Fleet returns the matrix as the release has it: its services, templates and the application's
// variables, with the environments of live. The error is of kind Usage where the release names an
// image that live does not have, or another repository for one.
func (r Release) Fleet(live *fleet.Fleet) (*fleet.Fleet, error) {
	failed := []error{r.fits(live.Config)}
	for _, name := range slices.Sorted(maps.Keys(r.Content.Images)) {
		if _, ok := live.Config.Images[name]; !ok {
			failed = append(failed, tagboat.Usagef("%s has the image %s, and %s does not", r, name, live.Config.File).
				WithHint("add it under images: %s: {repository: %s}", name, r.Content.Images[name].Repository))
		}
	}
	if err := errors.Join(failed...); err != nil {
		return nil, err
	}
	c := *live.Config
	c.Services, c.Vars = r.services(), r.vars(live.Config.Vars)
	return &fleet.Fleet{Config: &c, Access: live.Access, Source: frozen{&c, r}}, nil
}

// Versions returns the release's versions as an environment pulls them.
func (r Release) Versions(c *config.Config, env config.Environment) map[tagboat.ImageName]tagboat.Reference {
	versions := map[tagboat.ImageName]tagboat.Reference{}
	for name, image := range r.Content.Images {
		ref := c.RepositoryIn(env, name)
		ref.Tag, ref.Digest = image.Tag, image.Digest
		versions[name] = ref
	}
	return versions
}

// services returns the release's services. The names of files say where their templates are.
func (r Release) services() map[tagboat.ServiceName]config.Service {
	services := map[tagboat.ServiceName]config.Service{}
	at := tagboat.Position{File: r.String()}
	for name, from := range r.Content.Services {
		s := config.Service{
			Name: name, Family: from.Family, Express: from.Express, Stack: from.Stack.config(at), Containers: maps.Clone(from.Containers), DependsOn: from.DependsOn,
			ContainerPlaces: map[tagboat.ContainerName]tagboat.Position{}, Where: at,
		}
		if s.Containers == nil {
			s.Containers = map[tagboat.ContainerName]tagboat.ImageName{}
		}
		for container := range s.Containers {
			s.ContainerPlaces[container] = at
		}
		if from.Definition != "" {
			s.TaskDefinition = r.String() + ": " + string(name) + ".taskDefinition.json"
		}
		if from.Settings != "" {
			s.ServiceFile = r.String() + ": " + string(name) + ".service.json"
		}
		services[name] = s
	}
	return services
}

// vars returns the application's variables of the release and the environments' own that are live,
// which come first and so win where both are equally specific.
func (r Release) vars(live map[string][]config.ScopedValue) map[string][]config.ScopedValue {
	vars := map[string][]config.ScopedValue{}
	for name, values := range live {
		own := slices.DeleteFunc(slices.Clone(values), func(v config.ScopedValue) bool { return !v.Own })
		if len(own) > 0 {
			vars[name] = own
		}
	}
	for name, values := range r.Content.Vars {
		for _, v := range values {
			vars[name] = append(vars[name], config.ScopedValue{
				Value: v.Value, Where: tagboat.Position{File: r.String()},
				Scope: config.Scope{Stage: v.Stage, Tenant: v.Tenant, Environment: v.Environment, Service: v.Service},
			})
		}
	}
	return vars
}

// frozen is the fleet.Source of a release.
type frozen struct {
	config  *config.Config
	release Release
}

var _ fleet.Source = frozen{}

// Vars implements fleet.Source.
func (f frozen) Vars(env config.Environment, service tagboat.ServiceName) map[string]any {
	return f.config.VarsFor(env, service)
}

// Templates implements fleet.Source. What a placeholder stands for was checked when the release
// was made; a variable that an environment lacks today shows when its cell is rendered.
func (f frozen) Templates(services []config.Service) (map[tagboat.ServiceName]fleet.Templates, error) {
	all := map[tagboat.ServiceName]fleet.Templates{}
	var failed []error
	for _, service := range services {
		from := f.release.Content.Services[service.Name]
		var t fleet.Templates
		var err error
		if service.TaskDefinition != "" {
			t.Definition, err = taskdef.Parse(service.TaskDefinition, indented(from.Definition))
			failed = append(failed, err)
		}
		if service.ServiceFile != "" {
			t.Service, err = taskdef.ParseService(service.ServiceFile, indented(from.Settings))
			failed = append(failed, err)
		}
		all[service.Name] = t
	}
	return all, errors.Join(failed...)
}

// indented returns a template as people read it, so that a place in it is a line.
func indented(template string) []byte {
	var out bytes.Buffer
	if json.Indent(&out, []byte(template), "", "  ") != nil {
		return []byte(template) // whoever parses it says what is wrong with it
	}
	return out.Bytes()
}
