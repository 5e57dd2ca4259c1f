package config

import (
	"regexp"
	"slices"
	"sync"

	"github.com/tagboat/tagboat"
)

var (
	accountPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9]{12}$`) })
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
	rolePattern = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^arn:aws[a-z-]*:iam::([0-9]{12}):role/[\w+=,.@/-]+$`)
	})
	regionPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z]{2,4}(-[a-z]+)+-[0-9]+$`) })
	// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateCluster.html
	clusterPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-zA-Z0-9_-]{1,255}$`) })
)

func (b *builder) environments() {
	b.config.Environments = map[tagboat.EnvName]Environment{}
	for _, entry := range b.file.Environments {
		if !tagboat.ValidName(entry.Name) {
			b.problem(entry.At, "%q cannot be the name of an environment", entry.Name).hint(nameHint)
		}
		from := entry.Value
		e := Environment{
			Name:     tagboat.EnvName(entry.Name),
			Stage:    tagboat.StageName(from.Stage.Value),
			Tenant:   from.Tenant.Value,
			Registry: from.Registry.Value,
			Account:  from.Account.Value,
			Role:     from.Role.Value,
			Region:   from.Region.Value,
			Cluster:  from.Cluster.Value,
			Vars:     map[string]any{},
			Where:    entry.At,
		}
		for _, v := range from.Vars {
			e.Vars[v.Name] = v.Value.Value()
		}
		b.place(from, &e)
		b.config.Environments[e.Name] = e
	}
}

// place checks where an environment is, and takes the account from the role where
// the file names only that.
func (b *builder) place(from fileEnvironment, e *Environment) {
	if !slices.Contains(b.stageNames(), from.Stage.Value) {
		b.unknown("stage", from.Stage, b.stageNames())
	}
	if e.Tenant != "" && !tagboat.ValidName(e.Tenant) {
		b.problem(from.Tenant.At, "%q cannot be the name of a tenant", e.Tenant).hint(nameHint)
	}
	if e.Registry != "" && !tagboat.ValidHost(e.Registry) {
		b.problem(from.Registry.At, "%q is not the host of a registry", e.Registry).
			hint("write a host alone, such as 111111111111.dkr.ecr.eu-west-1.amazonaws.com, with a port if it has one")
	}
	if !clusterPattern().MatchString(e.Cluster) {
		b.problem(from.Cluster.At, "%q is not the name of a cluster", e.Cluster).hint("write its name, not its ARN")
	}
	b.account(from, e)
}

// account checks an account, a region and a role.
func (b *builder) account(from fileEnvironment, e *Environment) {
	if e.Account != "" && !accountPattern().MatchString(e.Account) {
		b.problem(from.Account.At, "%q is not an AWS account", e.Account).hint("an account has twelve digits, in quotes")
	}
	if e.Region != "" && !regionPattern().MatchString(e.Region) {
		b.problem(from.Region.At, "%q is not an AWS region", e.Region).hint("a region looks like eu-west-1")
	}
	b.role(from, e)
}

func (b *builder) role(from fileEnvironment, e *Environment) {
	if e.Role == "" {
		return
	}
	m := rolePattern().FindStringSubmatch(e.Role)
	switch {
	case m == nil:
		b.problem(from.Role.At, "%q is not the ARN of a role", e.Role).
			hint("it looks like arn:aws:iam::222222222222:role/tagboat")
	case e.Account == "":
		e.Account = m[1]
	case e.Account != m[1]:
		b.problem(from.Role.At, "the role is of the account %s, and the environment is in %s", m[1], e.Account).
			hint("an environment's role is one of its own account")
	}
}
