package elb

import (
	"slices"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

const maxPage = 400

type describeInput struct {
	ARNs         []string `json:"TargetGroupArns"`
	Names        []string `json:"Names"`
	LoadBalancer string   `json:"LoadBalancerArn"`
	Marker       string   `json:"Marker"`
	PageSize     *int     `json:"PageSize"`
}

// describe lists target groups: all, or those of some names or ARNs, of which each has
// to exist.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTargetGroups.html
func (c call) describe(in describeInput) (groupsOutput, error) {
	out := groupsOutput{Groups: []settings{}}
	groups, err := c.named(in)
	if err != nil {
		return out, err
	}
	page, next, err := paged(groups, in.Marker, in.PageSize)
	if err != nil {
		return out, err
	}
	out.Next = next
	for _, g := range page {
		out.Groups = append(out.Groups, c.shown(&g))
	}
	return out, nil
}

// shown returns a target group as answers have it.
func (c call) shown(g *targetGroup) settings {
	s := g.Created
	s.LoadBalancers = c.balancersOf(s.ARN)
	return s
}

// named returns the target groups that a request is about.
func (c call) named(in describeInput) ([]*targetGroup, error) {
	all := c.own()
	switch {
	case len(in.ARNs) > 0 && len(in.Names) > 0:
		return nil, wire.Errorf(validationError, "Target group ARNs and names cannot be specified at the same time")
	case in.LoadBalancer != "":
		if _, err := c.balancer(in.LoadBalancer); err != nil {
			return nil, err
		}
		return slices.DeleteFunc(all, func(g *targetGroup) bool { return !slices.Contains(c.balancersOf(g.Created.ARN), in.LoadBalancer) }), nil
	case len(in.ARNs) > 0:
		return only(all, in.ARNs, func(g *targetGroup) string { return g.Created.ARN })
	case len(in.Names) > 0:
		return only(all, in.Names, func(g *targetGroup) string { return g.Created.Name })
	}
	return all, nil
}

func only(all []*targetGroup, wanted []string, key func(*targetGroup) string) ([]*targetGroup, error) {
	chosen := slices.DeleteFunc(all, func(g *targetGroup) bool { return !slices.Contains(wanted, key(g)) })
	for _, w := range wanted {
		if !slices.ContainsFunc(chosen, func(g *targetGroup) bool { return key(g) == w }) {
			return nil, wire.Errorf("TargetGroupNotFound", "One or more target groups not found")
		}
	}
	return chosen, nil
}

type arnInput struct {
	ARN string `json:"TargetGroupArn"`
}

// remove deletes a target group. One that does not exist is no error.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DeleteTargetGroup.html
func (c call) remove(in arnInput) (struct{}, error) {
	if g, err := c.group(in.ARN); err == nil {
		if len(c.balancersOf(in.ARN)) > 0 {
			return struct{}{}, wire.Errorf("ResourceInUse", "Target group '%s' is currently in use by a listener or a rule", in.ARN)
		}
		delete(c.groups, g.Created.ARN)
	}
	return struct{}{}, nil
}
