package hint

import (
	"regexp"
	"strings"
	"sync"

	"github.com/tagboat/tagboat"
)

// arn is the name of a resource: arn:PARTITION:SERVICE:REGION:ACCOUNT:KIND/REST.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
type arn struct{ service, region, account, kind, rest string }

func parseARN(s string) (arn, bool) {
	parts := strings.SplitN(s, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" {
		return arn{}, false
	}
	kind, rest, ok := strings.Cut(parts[5], "/")
	return arn{parts[2], parts[3], parts[4], kind, rest}, ok
}

// repository is one of ECR.
type repository struct {
	account, region, name string
	digest                tagboat.Digest // of what Inspector found something in; "" for none
}

// parseRepository reads the ARN of a repository, or of an image as Inspector names it, with the
// digest behind the repository's name.
func parseRepository(s string) (repository, bool) {
	a, ok := parseARN(s)
	if !ok || a.service != "ecr" || a.kind != "repository" {
		return repository{}, false
	}
	name, digest, _ := strings.Cut(a.rest, "/sha256:")
	r := repository{account: a.account, region: a.region, name: name, digest: digestOf("sha256:" + digest)}
	return r, tagboat.ValidRepository(name)
}

// host returns the host of the repository's registry; "" where nobody can tell.
func (r repository) host() string {
	host := tagboat.ECRHost(r.account, r.region)
	if _, _, ok := tagboat.ParseECRHost(host); !ok {
		return ""
	}
	return host
}

// service is one of ECS, with the deployment of it that an ARN names.
type service struct{ account, region, cluster, name, deployment string }

// parseService reads the ARN of a service, of which old ones have no cluster, or of one of its
// deployments.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-account-settings.html#ecs-resource-ids
func parseService(s string) (service, bool) {
	a, ok := parseARN(s)
	if !ok || a.service != "ecs" {
		return service{}, false
	}
	found := service{account: a.account, region: a.region}
	switch parts := strings.Split(a.rest, "/"); {
	case a.kind == "service" && len(parts) == 1:
		found.name = parts[0]
	case a.kind == "service" && len(parts) == 2:
		found.cluster, found.name = parts[0], parts[1]
	case a.kind == "service-deployment" && len(parts) == 3:
		found.cluster, found.name, found.deployment = parts[0], parts[1], parts[2]
	}
	return found, validName(found.name) && (found.cluster == "" || validName(found.cluster))
}

// parseCluster returns the name of a cluster that its ARN has; "" where it is none.
func parseCluster(s string) string {
	a, ok := parseARN(s)
	if !ok || a.service != "ecs" || a.kind != "cluster" || !validName(a.rest) {
		return ""
	}
	return a.rest
}

var ecsName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-zA-Z0-9_-]{1,255}$`) })

// validName reports whether s can name a cluster or a service of ECS.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html#ECS-CreateService-request-serviceName
func validName(s string) bool { return ecsName().MatchString(s) }
