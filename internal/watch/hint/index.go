package hint

import (
	"cmp"
	"maps"
	"net"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
)

// Index finds whom a hint concerns, by the configuration alone: it makes no call, and what it costs
// does not grow with the number of services or environments that do not use an image. It does not
// change, and is safe for concurrent use.
type Index struct {
	automated    []*environment
	clusters     map[string][]*environment // "" has all
	repositories map[repositoryKey][]use
	services     map[tagboat.ServiceName]config.Service
}

// Place is an environment that a hint concerns.
type Place struct {
	Environment tagboat.EnvName
	Images      []tagboat.ImageName // whose newest versions are to be looked at; none where that is not the point
	Text        string              // what people should know of it there, and the command that helps; "" for nothing
}

// environment is what decides whether a hint concerns an environment.
type environment struct {
	config.Environment
	stage config.Stage // the account and the region are those that are known
}

// use is what one repository is to some environments.
type use struct {
	images       []tagboat.ImageName
	environments []*environment
}

// repositoryKey names a repository. A hint that does not know its registry is looked for under anyHost,
// and an event of ECR under ownHost too, where the registry of images is ECR by another name.
type repositoryKey struct{ host, name string }

const (
	anyHost = "*"
	ownHost = "ecr"
)

// NewIndex returns the index of a configuration. located tells where an environment is, whose
// account and region tagboat.yaml may leave to the AWS configuration; "" where that is not known.
func NewIndex(c *config.Config, located func(config.Environment) (account, region string)) *Index {
	x := &Index{
		clusters:     map[string][]*environment{},
		repositories: map[repositoryKey][]use{}, services: c.Services,
	}
	replicas := map[string][]*environment{}
	for _, name := range slices.Sorted(maps.Keys(c.Environments)) {
		e := &environment{c.Environments[name], c.StageOf(c.Environments[name])}
		e.Account, e.Region = located(e.Environment)
		for _, cluster := range []string{"", e.Cluster} {
			x.clusters[cluster] = append(x.clusters[cluster], e)
		}
		if !e.automated() {
			continue
		}
		x.automated = append(x.automated, e)
		if e.Registry != "" {
			replicas[e.Registry] = append(replicas[e.Registry], e)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Images)) {
		x.add(c, c.Images[name], replicas)
	}
	return x
}

// add takes an image up. Every environment has every service, and templates may name images that
// tagboat.yaml gives to no container: so an image is every environment's.
func (x *Index) add(c *config.Config, image config.Image, replicas map[string][]*environment) {
	if image.Select.Empty() {
		return // no rule chooses what was pushed
	}
	ref := image.Repository
	x.put(keyOf(ref.Host, ref.Repository), image.Name, x.automated)
	x.put(repositoryKey{anyHost, ref.Repository}, image.Name, x.automated)
	if mayBeECR(c, ref.Host) {
		x.put(repositoryKey{ownHost, ref.Repository}, image.Name, x.automated)
	}
	if ref.Host != c.Registry {
		return
	}
	for host, there := range replicas {
		if key := keyOf(host, ref.Repository); key != keyOf(ref.Host, ref.Repository) {
			x.put(key, image.Name, there)
		}
	}
}

func (x *Index) put(key repositoryKey, image tagboat.ImageName, there []*environment) {
	all := x.repositories[key]
	i := slices.IndexFunc(all, func(u use) bool { return slices.Equal(u.environments, there) })
	if i < 0 {
		x.repositories[key] = append(all, use{[]tagboat.ImageName{image}, there})
		return
	}
	all[i].images = append(all[i].images, image)
}

// keyOf returns the one name of a repository whose registry has several.
func keyOf(host, name string) repositoryKey {
	host = strings.ToLower(host)
	if account, region, ok := tagboat.ParseECRHost(host); ok {
		host = tagboat.ECRHost(account, region)
	}
	ref := tagboat.Reference{Host: host, Repository: name}
	return repositoryKey{"", ref.CanonicalName()}
}

// mayBeECR reports whether a host may be ECR by another name: the application's own registry, such as a
// proxy before it, or one on this machine, such as the sandbox.
func mayBeECR(c *config.Config, host string) bool {
	if _, _, ok := tagboat.ParseECRHost(host); ok {
		return false
	}
	_, _, err := net.SplitHostPort(host)
	return host == c.Registry || host == "localhost" || err == nil
}

func (e *environment) automated() bool { return e.newest() || e.stage.Auto == config.AutoUpstream }
func (e *environment) newest() bool    { return e.stage.Auto == config.AutoNewest }

// concerns reports whether what happened to a repository may change what may enter the environment. A
// signature is pushed like an image, and after it.
func (e *environment) concerns(kind Kind) bool {
	switch kind {
	case Pushed:
		return e.newest() || e.stage.Gates.Signature != ""
	case Scanned:
		return e.stage.Gates.ScanMax != ""
	default:
		return true
	}
}

// Places returns whom a hint concerns, in the order of their names. Of a push those are the environments
// whose stage is given the newest versions; of a scan those whose gate asks for it; of a replica those
// that pull from it; of ECS those in the cluster; and of time all that automation brings something to.
func (x *Index) Places(h Hint) []Place {
	switch {
	case h.Kind == Deployment || h.Kind == Task:
		return x.inCluster(h)
	case h.Kind == Tick || h.Kind == Everything:
		return places(x.automated, h.Kind, nil)
	default:
		return x.using(h)
	}
}

func places(there []*environment, kind Kind, images []tagboat.ImageName) []Place {
	var all []Place
	for _, e := range there {
		if !e.concerns(kind) {
			continue
		}
		p := Place{Environment: e.Name}
		if e.newest() {
			p.Images = images
		}
		all = append(all, p)
	}
	return all
}

func (x *Index) inCluster(h Hint) []Place {
	cluster := h.Cluster
	if name := parseCluster(cluster); name != "" {
		cluster = name
	}
	var all []Place
	for _, e := range x.clusters[cluster] {
		if same(e.Account, h.Account) && same(e.Region, h.Region) {
			all = append(all, Place{Environment: e.Name, Text: x.text(h, e)})
		}
	}
	return all
}

// same reports whether two names are equal as far as they are known.
func same(a, b string) bool { return a == "" || b == "" || a == b }

// text says what a hint tells of an environment. A service of ECS may have another name than in
// tagboat.yaml, which then is not known here.
func (x *Index) text(h Hint, e *environment) string {
	if h.Text == "" {
		return ""
	}
	service := tagboat.ServiceName(h.Service)
	if _, ok := x.services[service]; !ok {
		service = "SERVICE"
	}
	return h.Text + "; " + tagboat.HowToContinue(e.Name, service)
}

// using returns the environments that a repository's versions go to.
func (x *Index) using(h Hint) []Place {
	uses := x.repositories[repositoryKey{anyHost, h.Repository}]
	if h.Registry != "" {
		uses = x.repositories[keyOf(h.Registry, h.Repository)]
		if _, _, ok := tagboat.ParseECRHost(h.Registry); ok {
			uses = append(slices.Clip(uses), x.repositories[repositoryKey{ownHost, h.Repository}]...)
		}
	}
	var all []Place
	for _, u := range uses {
		all = append(all, places(u.environments, h.Kind, u.images)...)
	}
	if len(uses) > 1 {
		all = merged(all)
	}
	return all
}

// merged returns places in their order, each once.
func merged(all []Place) []Place {
	slices.SortStableFunc(all, func(a, b Place) int { return cmp.Compare(a.Environment, b.Environment) })
	var once []Place
	for _, p := range all {
		if n := len(once); n == 0 || once[n-1].Environment != p.Environment {
			once = append(once, p)
			continue
		}
		last := &once[len(once)-1]
		images := append(slices.Clone(last.Images), p.Images...)
		slices.Sort(images)
		last.Images = slices.Compact(images)
	}
	return once
}
