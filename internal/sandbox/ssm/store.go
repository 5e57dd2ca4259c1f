package ssm

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// store is the parameters of one account in one region.
type store struct {
	scope      wire.Scope
	parameters map[string]*parameter
}

// parameter is one name with what it has ever held, as far as it is kept.
type parameter struct {
	Name     string
	Tags     map[string]string
	Versions []*version // oldest first, never empty
}

// version is one write. Nothing but its labels changes afterwards.
type version struct {
	Number         int64
	Type           string
	Value          string
	Ciphertext     string // what a SecureString looks like to whoever does not decrypt
	KeyID          string
	Description    string
	AllowedPattern string
	DataType       string
	Tier           string
	Policies       []policy
	Labels         []string
	User           string // ARN
	At             time.Time
}

// find returns the parameter that a reference names, or nil.
func (st *store) find(r reference) *parameter {
	if r.scope != (wire.Scope{}) && r.scope != st.scope {
		return nil
	}
	if p := st.parameters[r.name]; p != nil || r.scope == (wire.Scope{}) {
		return p
	}
	// The ARNs of the names x and /x are the same.
	return st.parameters["/"+r.name]
}

// sorted returns all parameters by name.
func (st *store) sorted() []*parameter {
	byName := slices.Collect(maps.Values(st.parameters))
	slices.SortFunc(byName, func(a, b *parameter) int { return strings.Compare(a.Name, b.Name) })
	return byName
}

func (st *store) arn(name string) string {
	if strings.HasPrefix(name, publicPrefix) { // nobody's
		return "arn:aws:ssm:" + st.scope.Region + "::parameter" + name
	}
	return st.scope.ARN("ssm", "parameter/"+strings.TrimPrefix(name, "/"))
}

func (p *parameter) latest() *version { return p.Versions[len(p.Versions)-1] }

func (p *parameter) byNumber(number int64) *version {
	i := slices.IndexFunc(p.Versions, func(v *version) bool { return v.Number == number })
	if i < 0 {
		return nil
	}
	return p.Versions[i]
}

func (p *parameter) byLabel(label string) *version {
	i := slices.IndexFunc(p.Versions, func(v *version) bool { return slices.Contains(v.Labels, label) })
	if i < 0 {
		return nil
	}
	return p.Versions[i]
}

// read returns the value as the caller gets to see it.
func (v *version) read(decrypt bool) string {
	if v.Type == typeSecureString && !decrypt {
		return v.Ciphertext
	}
	return v.Value
}
