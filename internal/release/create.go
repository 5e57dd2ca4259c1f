package release

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"sync"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/catalog"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/home"
	"github.com/tagboat/tagboat/internal/journal"
	"github.com/tagboat/tagboat/internal/operation"
	"github.com/tagboat/tagboat/internal/publish"
	"github.com/tagboat/tagboat/internal/registry"
)

// Create makes a release, or finds the one that has the same content. Run again after it was
// interrupted it ends in the same state, though a number may be skipped. A new release costs six
// calls: pins, a look for the same one, two for the content, the number, the manifest.
//
// Parameter Store remembers who made which release when, with its number.
func (r *Releases) Create(ctx context.Context, q Request) (tagboat.ReleaseDocument, error) {
	if err := r.Fleet.CheckVars(); err != nil {
		return tagboat.ReleaseDocument{}, err
	}
	versions, err := r.versions(ctx, q)
	if err != nil {
		return tagboat.ReleaseDocument{}, err
	}
	made, created, err := r.create(ctx, versions, q)
	document := r.document(made)
	document.Created = created
	return document, err
}

// CreateOf is Create of versions that were chosen before, for automation.
func (r *Releases) CreateOf(ctx context.Context, versions map[tagboat.ImageName]tagboat.Reference, q Request) (Release, error) {
	made, _, err := r.create(ctx, versions, q)
	return made, err
}

// versions returns what is pinned in the request's environment, with its images in place of that.
func (r *Releases) versions(ctx context.Context, q Request) (map[tagboat.ImageName]tagboat.Reference, error) {
	versions := map[tagboat.ImageName]tagboat.Reference{}
	if q.Environment == "" && len(q.Images) == 0 {
		return nil, tagboat.Usagef("whose versions the release has is not said").WithHint("tagboat release create --env ENV, or name all images: tagboat release create IMAGE=TAG…")
	}
	if q.Environment != "" {
		env, err := r.Fleet.Config.Environment(string(q.Environment))
		if err != nil {
			return nil, err
		}
		books, err := r.Fleet.Books(ctx, []config.Environment{env})
		if err != nil {
			return nil, err
		}
		for _, pin := range books[env.Name].Pins(env.Name) {
			versions[pin.Image] = pin.Reference()
		}
	}
	if len(q.Images) == 0 {
		return versions, nil
	}
	picks, err := r.Catalog.Find(ctx, q.Images)
	maps.Copy(versions, picks.References())
	return versions, err
}

func (r *Releases) create(ctx context.Context, versions map[tagboat.ImageName]tagboat.Reference, q Request) (made Release, created bool, err error) {
	if made, err = r.draft(ctx, versions, q); err != nil {
		return made, false, err
	}
	d, at := made.document(), r.Fleet.Config.Releases.Repository
	at.Digest = made.ID
	documents := r.Catalog.Registry.Documents()
	there, err := documents.Has(ctx, at)
	if err != nil {
		return made, false, err
	}
	if there {
		made.Name, err = r.nameThere(ctx, at)
		return made, false, err
	}
	if q.DryRun {
		return made, true, nil
	}
	err = documents.PutContent(ctx, at, d)
	if errors.Is(err, registry.ErrNoRepository) && q.CreateRepository {
		if err = r.createRepository(ctx, at); err == nil {
			err = documents.PutContent(ctx, at, d)
		}
	}
	if err != nil {
		return made, false, err
	}
	numbered, err := r.Home.Number(ctx, home.Numbered{ID: made.ID, Commit: made.Commit, From: q.Environment})
	if err != nil {
		return made, false, err
	}
	at.Tag, at.Digest = numbered.Name, ""
	if err := documents.PutManifest(ctx, at, d); err != nil {
		if errors.Is(err, registry.ErrImmutable) {
			return made, false, tagboat.Usagef("the name %s is taken: %w", numbered.Name, err).
				WithHint("something else is tagged like that in %s; run the command again to get the next number", at.Name())
		}
		return made, false, err
	}
	made.Name = numbered.Name
	r.known.Put(made.ID, made)
	return made, true, nil
}

// createRepository makes the repository of releases, in which no tag moves.
func (r *Releases) createRepository(ctx context.Context, at tagboat.Reference) error {
	api, account, ok := r.Access.ECR(at)
	if !ok {
		return tagboat.Usagef("%s is not in Amazon ECR, and only there repositories can be created", at.Name()).
			WithHint("leave out --create-repository: many registries create one at the first push")
	}
	created, err := api.CreateRepository(ctx, account, at.Repository, nil)
	if created {
		operation.Tell(ctx, catalog.RepositoryCreated{Repository: at.Name()})
	}
	return err
}

// nameThere returns what a release that the repository has is called: as it was numbered last, or
// as it is tagged where that is longer ago than Parameter Store remembers.
func (r *Releases) nameThere(ctx context.Context, at tagboat.Reference) (string, error) {
	numbers, err := r.Home.Numbers(ctx)
	if name := nameOf(numbers, at.Digest); err != nil || name != "" {
		return name, err
	}
	api, account, ok := r.Access.ECR(at)
	if !ok {
		return "", nil // no other registry tells the tags of a digest
	}
	entries, err := api.Lister(account).List(ctx, at)
	for _, entry := range entries {
		if entry.Digest == at.Digest && len(entry.Tags) > 0 {
			return slices.Min(entry.Tags), nil
		}
	}
	return "", err
}

// draft returns the release that is to be made, with its id and without a name. It makes no call.
func (r *Releases) draft(ctx context.Context, versions map[tagboat.ImageName]tagboat.Reference, q Request) (Release, error) {
	c := r.Fleet.Config
	services, needed, err := r.services()
	if err != nil {
		return Release{}, err
	}
	images, err := r.images(versions, needed, q.Environment)
	if err != nil {
		return Release{}, err
	}
	if len(q.Notes) > longestNotes {
		return Release{}, tagboat.Usagef("the notes have %d bytes, and %d are the limit", len(q.Notes), longestNotes).WithHint("put the rest where people read it, and its address into the notes")
	}
	made := Release{Content: Content{App: c.App, Images: images, Services: services, Vars: frozenVars(c.Vars)}, Notes: q.Notes}
	if made.Commit, err = r.commit(ctx, q.Commit); err != nil {
		return Release{}, err
	}
	d := made.document()
	if len(d.Content) > largestContent {
		return Release{}, tagboat.Usagef("the release has %d bytes, and %d are the limit", len(d.Content), largestContent).WithHint("its templates are as large as that once they are evaluated")
	}
	made.ID = d.Digest()
	return made, nil
}

// services returns the services of tagboat.yaml with their templates, and which service needs
// which image.
func (r *Releases) services() (map[tagboat.ServiceName]Service, map[tagboat.ImageName]tagboat.ServiceName, error) {
	all, err := r.Fleet.Services(fleet.Selection{})
	if err != nil {
		return nil, nil, err
	}
	templates, err := r.Fleet.Source.Templates(all)
	if err != nil {
		return nil, nil, err
	}
	services, needed := map[tagboat.ServiceName]Service{}, map[tagboat.ImageName]tagboat.ServiceName{}
	for _, from := range all {
		s := Service{Family: from.Family, Express: from.Express, Stack: stackOf(from.Stack), Containers: from.Containers, DependsOn: slices.Sorted(slices.Values(from.DependsOn))}
		var used []tagboat.ImageName
		if t := templates[from.Name].Definition; t != nil {
			if s.Containers, err = t.Images(from.Containers, from.ContainerPlaces); err != nil {
				return nil, nil, err
			}
			s.Definition, used = string(t.JSON()), t.Used().Images
		}
		if t := templates[from.Name].Service; t != nil {
			s.Settings, used = string(t.JSON()), append(used, t.Used().Images...)
		}
		for _, image := range append(used, slices.Collect(maps.Values(s.Containers))...) {
			needed[image] = from.Name
		}
		services[from.Name] = s
	}
	return services, needed, nil
}

// images returns the versions as a release has them. The error is of kind Usage and names every
// image that a service runs and that has no digest.
func (r *Releases) images(versions map[tagboat.ImageName]tagboat.Reference, needed map[tagboat.ImageName]tagboat.ServiceName, env tagboat.EnvName) (map[tagboat.ImageName]Image, error) {
	images := map[tagboat.ImageName]Image{}
	var failed []error
	for _, name := range slices.Sorted(maps.Keys(r.Fleet.Config.Images)) {
		version := versions[name]
		service, runs := needed[name]
		switch {
		case version.Digest != "":
			images[name] = Image{Repository: repositoryOf(r.Fleet.Config, name), Tag: version.Tag, Digest: version.Digest}
		case !runs:
		case env == "":
			failed = append(failed, tagboat.Usagef("the service %s runs the image %s, of which no version is named", service, name).
				WithHint("name it, or take what is pinned somewhere: --env ENV"))
		case version.Tag != "":
			failed = append(failed, tagboat.Usagef("image %s is pinned in %s as %s, without a digest: what that is can change", name, env, version.Tag).
				WithHint("name its version: tagboat release create --env %s %s=%s", env, name, version.Tag))
		default:
			failed = append(failed, tagboat.Usagef("the service %s runs the image %s, of which no version is pinned in %s", service, name, env).
				WithHint("tagboat pin %s=TAG --env %s", name, env))
		}
	}
	return images, errors.Join(failed...)
}

// frozenVars returns the application's variables: all but the environments' own.
func frozenVars(all map[string][]config.ScopedValue) map[string][]Value {
	vars := map[string][]Value{}
	for name, values := range all {
		for _, v := range values {
			if !v.Own {
				vars[name] = append(vars[name], Value{
					Value: v.Value, Stage: v.Scope.Stage, Tenant: v.Scope.Tenant, Environment: v.Scope.Environment, Service: v.Scope.Service,
				})
			}
		}
		slices.SortFunc(vars[name], func(a, b Value) int {
			return cmp.Or(cmp.Compare(a.Stage, b.Stage), cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.Environment, b.Environment), cmp.Compare(a.Service, b.Service))
		})
	}
	return vars
}

// commitPattern has the form of what is taken for a commit: of git, or of another system.
var commitPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z._/@:+-]{0,127}$`) })

// commit returns the commit of a release: the one given, else that of the CI system, else that of
// the work tree around tagboat.yaml; "" where there is none.
func (r *Releases) commit(ctx context.Context, given string) (string, error) {
	commit := cmp.Or(given, journal.BuildOf(r.Getenv).Commit)
	if commit == "" {
		read, err := publish.ReadCommit(ctx, r.Fleet.Config.Dir)
		if err != nil {
			return "", ctx.Err() // a directory need not be under version control
		}
		if commit = read.Tag(); read.Dirty {
			operation.Tell(ctx, Dirty{commit})
		}
	}
	if !commitPattern().MatchString(commit) {
		return "", tagboat.Usagef("%q cannot be a commit", commit).WithHint("name it as git does: --commit $(git rev-parse HEAD)")
	}
	return commit, nil
}

// Dirty says that a release was made of files that differ from their commit.
type Dirty struct{ Commit string }

// String implements operation.Event.
func (d Dirty) String() string {
	return fmt.Sprintf("files here differ from the last commit, so the release says that it is of %s", d.Commit)
}
