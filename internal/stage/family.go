package stage

import (
	"slices"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
)

// Family returns the environments through which a tenant's releases go, by stage, in the order of
// the stages. The tenant "" is the team itself.
func Family(c *config.Config, tenant string) []config.Environment {
	return slices.DeleteFunc(c.SortedEnvironments(), func(e config.Environment) bool { return e.Tenant != tenant })
}

// Before returns the environment whose release may enter env next: that of its family in the
// nearest earlier stage, the first in the file where it has several there. A family that has none
// in any earlier stage follows the team's own. False where there is none at all, as for
// the first stage. skipped has the stages before env's, and after the one found, that the family
// has no environment in.
func Before(c *config.Config, env config.Environment) (before config.Environment, skipped []tagboat.StageName, ok bool) {
	for _, tenant := range []string{env.Tenant, ""} {
		family := Family(c, tenant)
		skipped = nil
		for _, s := range slices.Backward(earlier(c, env.Stage)) {
			if i := slices.IndexFunc(family, func(e config.Environment) bool { return e.Stage == s }); i >= 0 {
				if tenant != env.Tenant {
					skipped = earlier(c, env.Stage)
				}
				return family[i], skipped, true
			}
			skipped = slices.Insert(skipped, 0, s)
		}
	}
	return config.Environment{}, skipped, false
}

// earlier returns the stages before one, in their order.
func earlier(c *config.Config, name tagboat.StageName) []tagboat.StageName {
	var names []tagboat.StageName
	for _, s := range c.Stages {
		if s.Name == name {
			break
		}
		names = append(names, s.Name)
	}
	return names
}
