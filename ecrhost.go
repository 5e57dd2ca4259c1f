package tagboat

import (
	"regexp"
	"strings"
	"sync"
)

// ecrHost has the forms of AWS's endpoints for private registries, with FIPS, China and
// dual stack.
// https://docs.aws.amazon.com/general/latest/gr/ecr.html
var ecrHost = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^([0-9]{12})\.dkr(?:[.-]ecr|[.-]ecr-fips)\.([a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|on\.aws|on\.amazonwebservices\.com\.cn)$`)
})

// ParseECRHost returns the account and the region of a private registry of Amazon ECR,
// and false where host is something else.
func ParseECRHost(host string) (account, region string, ok bool) {
	m := ecrHost().FindStringSubmatch(host)
	if m == nil {
		return "", "", false
	}
	return m[1], m[2], true
}

// ECRHost returns the host of an account's private registry in a region, as ECR itself writes it.
func ECRHost(account, region string) string {
	host := account + ".dkr.ecr." + region + ".amazonaws.com"
	if strings.HasPrefix(region, "cn-") {
		host += ".cn"
	}
	return host
}
