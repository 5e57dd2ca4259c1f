package ssm

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"
)

// publicPrefix begins the names of the parameters that AWS keeps for everybody to read.
// https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-public-parameters.html
const publicPrefix = "/aws/service/"

// public returns a few of them, by name: images of Amazon Linux and of instances for ECS,
// and the log router. What their values name does not exist; it has the right form, and is
// another one in each region.
func public(region string) []*parameter {
	ami := func(of string) string {
		h := fnv.New64a()
		_, _ = fmt.Fprint(h, region, of) // a hash takes everything
		return fmt.Sprintf("ami-0%016x", h.Sum64())
	}
	ecs := func(system string) string {
		return fmt.Sprintf(`{"schema_version":1,"image_name":"%s","image_id":"%s","os":"Amazon Linux","ecs_agent_version":"1.98.0","ecs_runtime_version":"Docker version 25.0.8"}`, system, ami(system))
	}
	values := map[string]string{
		"aws-for-fluent-bit/latest": "906394416424.dkr.ecr." + region + ".amazonaws.com/aws-for-fluent-bit:latest",
		"aws-for-fluent-bit/stable": "906394416424.dkr.ecr." + region + ".amazonaws.com/aws-for-fluent-bit:stable",
	}
	for _, image := range []string{"al2023-ami-kernel-default-arm64", "al2023-ami-kernel-default-x86_64", "amzn2-ami-hvm-x86_64-gp2"} {
		values["ami-amazon-linux-latest/"+image] = ami(image)
	}
	for _, system := range []string{"amazon-linux-2", "amazon-linux-2/arm64", "amazon-linux-2023", "amazon-linux-2023/arm64"} {
		values["ecs/optimized-ami/"+system+"/recommended"] = ecs(system)
		values["ecs/optimized-ami/"+system+"/recommended/image_id"] = ami(system)
	}
	var all []*parameter
	for name, value := range values {
		all = append(all, &parameter{Name: publicPrefix + name, Versions: []*version{{
			Number: 1, Type: "String", Value: value, DataType: "text", Tier: "Standard",
			At: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		}}})
	}
	slices.SortFunc(all, func(a, b *parameter) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// public finds a public parameter by its name; nil if there is none.
func (st *store) public(name string) *parameter {
	if !strings.HasPrefix(name, publicPrefix) {
		return nil
	}
	for _, p := range public(st.scope.Region) {
		if p.Name == name {
			return p
		}
	}
	return nil
}
