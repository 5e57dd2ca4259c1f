package door

import (
	"context"
	"slices"

	"github.com/tagboat/tagboat"
)

// Role says what a person may do; each may do what the one before it may, too.
type Role string

// The roles, from the least to the most.
const (
	Viewer   Role = "viewer"   // reads
	Deployer Role = "deployer" // promotes, rolls back, holds, continues
	Approver Role = "approver" // approves releases, too
)

// Roles returns the roles, from the least to the most.
func Roles() []Role { return []Role{Viewer, Deployer, Approver} }

// Includes reports whether a role may do what another one may. One that is unknown may do nothing.
func (r Role) Includes(other Role) bool {
	mine, its := slices.Index(Roles(), r), slices.Index(Roles(), other)
	return its >= 0 && mine >= its
}

// Person is who sent a request.
type Person struct {
	Name string // printable; never a secret
	Role Role
	// Local says that the person uses the machine, so that the server's credentials are the person's own.
	Local bool
	// Token is what forms and scripts of the person's pages send back in the field csrf, or in the
	// header X-Csrf-Token; "" where requests carry a bearer token and need none.
	Token string
	// Session says that the person logged in by the form, and can log out.
	Session bool
}

// May reports whether the person's role includes another one.
func (p Person) May(role Role) bool { return p.Role.Includes(role) }

// NeededFor returns the role that an action needs.
func NeededFor(kind tagboat.ActionKind) Role {
	if kind == tagboat.ActionApprove {
		return Approver
	}
	return Deployer
}

type key struct{}

// Of returns the person of a request that a Door let in; the zero value, who may do nothing, of any
// other.
func Of(ctx context.Context) Person {
	p, _ := ctx.Value(key{}).(Person)
	return p
}

// With returns a context of a person.
func With(ctx context.Context, p Person) context.Context {
	return context.WithValue(ctx, key{}, p)
}
