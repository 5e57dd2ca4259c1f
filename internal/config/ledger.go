package config

import (
	"slices"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/source"
)

// Form is how a version is written in a parameter of the ledger.
type Form string

// The forms.
const (
	TagAtDigest Form = "tag@digest" // 1.4.2@sha256:…
	TagOnly     Form = "tag"
	DigestOnly  Form = "digest"
	URI         Form = "uri" // host/repository@sha256:…
)

// Tier is what a parameter costs and how much fits into it. "" leaves it to the account.
type Tier string

// The tiers.
// https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html
const (
	Standard    Tier = "standard"            // 4 KB
	Advanced    Tier = "advanced"            // 8 KB; a parameter never goes back to standard
	Intelligent Tier = "intelligent-tiering" // standard until it has to be advanced
)

// Key is what an image is called in a parameter's JSON.
type Key string

// The keys.
const (
	ByName       Key = "name"       // as in tagboat.yaml
	ByRepository Key = "repository" // the repository without its host
)

// Ledger says where Parameter Store holds the pins.
type Ledger struct {
	Groups      []Group // by name; each image is in just one
	Projections Projections
	Holds       string // a pattern of the parameter that keeps an environment's holds
}

// Group is images whose pins share a parameter in each environment.
type Group struct {
	Name   string
	Images []tagboat.ImageName // by name
	Path   string              // a pattern: Config.ParameterName fills it in
	Form   Form
	Tier   Tier
	Key    Key
	Shared bool // environments may have one parameter between them
	at     tagboat.Position
}

// KeyOf returns what an image of the group is called in its parameter.
func (g Group) KeyOf(image Image) string {
	if g.Key == ByRepository {
		return image.Repository.Repository
	}
	return string(image.Name)
}

// GroupOf returns the group of an image of the file.
func (c *Config) GroupOf(image tagboat.ImageName) Group {
	for _, g := range c.Ledger.Groups {
		if slices.Contains(g.Images, image) {
			return g
		}
	}
	return Group{}
}

const (
	defaultLedgerPath = "/containers/{environment}/{group}"
	defaultHoldsPath  = "/tagboat/{environment}/{app}/holds"
)

func (b *builder) ledger() {
	b.config.Ledger.Groups = b.groups()
	b.config.Ledger.Projections = b.projections()
	sound := b.holds()
	for _, g := range b.config.Ledger.Groups {
		sound = b.parameterPath(g.Path, g.at, g.Name, "") && sound
		b.keys(g)
	}
	for _, image := range b.config.Ledger.Projections.Images {
		p := b.config.Ledger.Projections
		b.projectable(p, b.config.GroupOf(image), image)
		if !b.parameterPath(p.Path, p.at, b.config.GroupOf(image).Name, image) {
			return
		}
	}
	if sound {
		b.sharing()
	}
}

// holds tells whether each environment has a parameter for its holds.
func (b *builder) holds() bool {
	from := b.file.Ledger.Holds
	b.config.Ledger.Holds = defaultHoldsPath
	if from.At.File != "" {
		b.config.Ledger.Holds = from.Value
	}
	return b.parameterPath(b.config.Ledger.Holds, from.At, "", "")
}

// keys notes images of a group that would have the same key.
func (b *builder) keys(g Group) {
	taken := map[string]tagboat.ImageName{}
	for _, name := range g.Images {
		image := b.config.Images[name]
		key := g.KeyOf(image)
		if other, ok := taken[key]; ok {
			b.problem(image.Where, "the images %s and %s would both be %q in the parameter of the group %s", other, name, key, g.Name).
				hint("write key: name, or put them into different groups")
		}
		taken[key] = name
	}
}

// text is the first of texts that is in the file.
func firstText(texts ...source.Text) source.Text {
	for _, t := range texts {
		if t.At.File != "" {
			return t
		}
	}
	return source.Text{}
}
