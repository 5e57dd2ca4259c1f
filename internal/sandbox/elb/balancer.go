package elb

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// loadBalancer is the LoadBalancer structure of an answer. No request goes through it: it
// is there for what refers to it.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancer.html
type loadBalancer struct {
	ARN            string    `json:"LoadBalancerArn"`
	DNSName        string    `json:"DNSName"`
	HostedZone     string    `json:"CanonicalHostedZoneId"`
	CreatedAt      wire.Time `json:"CreatedTime"`
	Name           string    `json:"LoadBalancerName"`
	Scheme         string    `json:"Scheme"`
	VPC            string    `json:"VpcId"`
	State          state     `json:"State"`
	Type           string    `json:"Type"`
	Zones          []zone    `json:"AvailabilityZones"`
	SecurityGroups []string  `json:"SecurityGroups,omitempty"`
	IPAddressType  string    `json:"IpAddressType"`
}

type state struct {
	Code string `json:"Code"`
}

type zone struct {
	Name   string `json:"ZoneName"`
	Subnet string `json:"SubnetId"`
}

type createBalancerInput struct {
	Name           string   `json:"Name"`
	Subnets        []string `json:"Subnets"`
	SubnetMappings []struct {
		Subnet string `json:"SubnetId"`
	} `json:"SubnetMappings"`
	SecurityGroups []string `json:"SecurityGroups"`
	Scheme         string   `json:"Scheme"`
	Type           string   `json:"Type"`
	IPAddressType  string   `json:"IpAddressType"`
}

type balancersOutput struct {
	Balancers []loadBalancer `json:"LoadBalancers"`
	Next      string         `json:"NextMarker,omitempty"`
}

// createBalancer makes a load balancer that is active at once. The same one again answers
// the one that is there.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html
func (c call) createBalancer(in createBalancerInput) (balancersOutput, error) {
	for _, m := range in.SubnetMappings {
		in.Subnets = append(in.Subnets, m.Subnet)
	}
	b := loadBalancer{
		Name: in.Name, Scheme: in.Scheme, Type: in.Type, IPAddressType: in.IPAddressType, SecurityGroups: in.SecurityGroups,
		VPC: "vpc-0", State: state{"active"}, HostedZone: "ZSANDBOX", CreatedAt: wire.At(c.now),
	}
	b.fill()
	if err := b.validate(len(in.Subnets)); err != nil {
		return balancersOutput{}, err
	}
	for i, subnet := range in.Subnets {
		b.Zones = append(b.Zones, zone{c.scope.Region + string(rune('a'+i%3)), subnet})
	}
	for _, old := range c.ownBalancers() {
		if old.Name == b.Name {
			if old.Type != b.Type || old.Scheme != b.Scheme || !slices.Equal(old.Zones, b.Zones) {
				return balancersOutput{}, wire.Errorf("DuplicateLoadBalancerName", "A load balancer with the same name '%s' exists, but with different settings", b.Name)
			}
			return balancersOutput{Balancers: []loadBalancer{*old}}, nil
		}
	}
	b.ARN = c.scope.ARN("elasticloadbalancing", "loadbalancer/"+b.short()+"/"+b.Name+"/"+c.id(b.Name))
	b.DNSName = fmt.Sprintf("%s-%s.%s.elb.amazonaws.com", b.Name, c.id("dns")[:10], c.scope.Region)
	c.balancers = append(c.balancers, &b)
	return balancersOutput{Balancers: []loadBalancer{b}}, nil
}

func (b *loadBalancer) fill() {
	setDefault(&b.Type, "application")
	setDefault(&b.Scheme, "internet-facing")
	setDefault(&b.IPAddressType, "ipv4")
}

func setDefault(member *string, value string) {
	if *member == "" {
		*member = value
	}
}

// short is the type as ARNs have it.
func (b *loadBalancer) short() string {
	return map[string]string{"application": "app", "network": "net", "gateway": "gwy"}[b.Type]
}

func (b *loadBalancer) validate(subnets int) error {
	switch {
	case b.short() == "":
		return invalidMember(b.Type, "type", "satisfy enum value set: [application, network, gateway]")
	case len(b.Name) > maxNameLength || !groupNamePattern().MatchString(b.Name) || strings.HasPrefix(b.Name, "-") || strings.HasSuffix(b.Name, "-"):
		return wire.Errorf(validationError, "Load balancer name '%s' is not valid: it has up to %d letters, digits and hyphens", b.Name, maxNameLength)
	case strings.HasPrefix(b.Name, "internal-"):
		return wire.Errorf(validationError, "Load balancer name '%s' cannot begin with 'internal-'", b.Name)
	case subnets == 0:
		return wire.Errorf(validationError, "At least one subnet must be specified")
	case b.Type == "application" && subnets < 2:
		return wire.Errorf(validationError, "At least two subnets in two different Availability Zones must be specified")
	}
	return nil
}

// id returns 16 hex digits that nothing else has.
func (c call) id(of string) string {
	c.count++
	h := fnv.New64a()
	_, _ = fmt.Fprint(h, c.scope, of, c.count) // a hash takes everything
	return fmt.Sprintf("%016x", h.Sum64())
}

func (c call) ownBalancers() []*loadBalancer {
	return slices.DeleteFunc(slices.Clone(c.balancers), func(b *loadBalancer) bool { return !c.owns(b.ARN) })
}

// owns reports whether an ARN is one of the caller's account and region.
func (c call) owns(arn string) bool {
	return strings.HasPrefix(arn, c.scope.ARN("elasticloadbalancing", ""))
}

func (c call) balancer(arn string) (*loadBalancer, error) {
	for _, b := range c.ownBalancers() {
		if b.ARN == arn {
			return b, nil
		}
	}
	return nil, wire.Errorf("LoadBalancerNotFound", "Load balancers '[%s]' not found", arn)
}

type describeBalancersInput struct {
	ARNs   []string `json:"LoadBalancerArns"`
	Names  []string `json:"Names"`
	Marker string   `json:"Marker"`
	Size   *int     `json:"PageSize"`
}

func (c call) describeBalancers(in describeBalancersInput) (balancersOutput, error) {
	out := balancersOutput{}
	all := c.ownBalancers()
	for _, wanted := range append(slices.Clone(in.ARNs), in.Names...) {
		if !slices.ContainsFunc(all, func(b *loadBalancer) bool { return b.ARN == wanted || b.Name == wanted }) {
			return out, wire.Errorf("LoadBalancerNotFound", "Load balancers '[%s]' not found", wanted)
		}
	}
	if len(in.ARNs)+len(in.Names) > 0 {
		all = slices.DeleteFunc(all, func(b *loadBalancer) bool {
			return !slices.Contains(in.ARNs, b.ARN) && !slices.Contains(in.Names, b.Name)
		})
	}
	var err error
	out.Balancers, out.Next, err = paged(all, in.Marker, in.Size)
	return out, err
}

// paged returns a page of the answer of a Describe operation, and the marker of the next.
func paged[T any](all []*T, marker string, pageSize *int) ([]T, string, error) {
	size := maxPage
	if pageSize != nil {
		size = *pageSize
	}
	if err := checkRange(size, "pageSize", 1, maxPage); err != nil {
		return nil, "", err
	}
	page, next, err := wire.Page(all, marker, size, validationError)
	values := make([]T, len(page))
	for i, item := range page {
		values[i] = *item
	}
	return values, next, err
}

type balancerInput struct {
	ARN string `json:"LoadBalancerArn"`
}

// removeBalancer deletes a load balancer with its listeners. One that is not there is no
// error.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DeleteLoadBalancer.html
func (c call) removeBalancer(in balancerInput) (struct{}, error) {
	c.balancers = slices.DeleteFunc(c.balancers, func(b *loadBalancer) bool { return b.ARN == in.ARN && c.owns(b.ARN) })
	if !c.owns(in.ARN) {
		return struct{}{}, nil
	}
	for _, l := range c.listenersOf(in.ARN) {
		c.dropListener(l.ARN)
	}
	return struct{}{}, nil
}
