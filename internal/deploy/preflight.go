package deploy

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"golang.org/x/sync/errgroup"

	"github.com/tagboat/tagboat"
)

// Preflight checks that what the plan needs is there: images, log groups, target
// groups, and roles whose ARNs can be ones. It asks only, and only for what the plan
// changes. An error means that a question got no answer.
func Preflight(ctx context.Context, p Plan) ([]tagboat.Problem, error) {
	r, err := readRecord(p.Desired.Definition.JSON())
	if err != nil {
		return nil, err
	}
	problems := roles(p.Desired, r)
	if slices.Contains(r.RequiresCompatibilities, "FARGATE") {
		problems = append(problems, fargateSize(p.Desired, r)...)
	}
	asked, err := ask(ctx,
		func(ctx context.Context) ([]tagboat.Problem, error) { return missingImages(ctx, p) },
		func(ctx context.Context) ([]tagboat.Problem, error) { return missingLogGroups(ctx, p, r) },
		func(ctx context.Context) ([]tagboat.Problem, error) { return missingTargetGroups(ctx, p) },
	)
	return append(problems, asked...), err
}

// ask asks all questions at once and returns the answers in their order.
func ask(ctx context.Context, questions ...func(context.Context) ([]tagboat.Problem, error)) ([]tagboat.Problem, error) {
	answers := make([][]tagboat.Problem, len(questions))
	group, ctx := errgroup.WithContext(ctx)
	for i, question := range questions {
		group.Go(func() (err error) {
			answers[i], err = question(ctx)
			return err
		})
	}
	err := group.Wait()
	return slices.Concat(answers...), err
}

func missingImages(ctx context.Context, p Plan) ([]tagboat.Problem, error) {
	var problems []tagboat.Problem
	for _, image := range p.Desired.Images {
		there, err := p.Client.Images.Exists(ctx, image.Pinned)
		if err != nil {
			return nil, fmt.Errorf("looking for image %s: %w", image.Pinned, err)
		}
		if there {
			continue
		}
		problems = append(problems, p.Desired.problem(
			p.Desired.where("containerDefinitions", string(image.Container), "image"),
			fmt.Sprintf("pin a version that exists: tagboat pin %s=TAG --env %s", image.Image, p.Desired.Environment),
			fmt.Sprintf("container %s: image %s is not in the registry", image.Container, image.Pinned),
		))
	}
	return problems, nil
}

// missingLogGroups looks for the log groups of the awslogs driver, except those that
// the driver creates and those of another region.
func missingLogGroups(ctx context.Context, p Plan, r record) ([]tagboat.Problem, error) {
	var problems []tagboat.Problem
	for i, c := range r.Containers {
		group, created := c.logGroup()
		region := c.LogConfiguration.Options["awslogs-region"]
		if group == "" || created || region != "" && p.Desired.Region != "" && region != p.Desired.Region {
			continue
		}
		there, err := p.Client.Logs.GroupExists(ctx, group)
		if err != nil {
			return nil, fmt.Errorf("looking for log group %q: %w", group, err)
		}
		if there {
			continue
		}
		problems = append(problems, p.Desired.problem(
			p.Desired.where("containerDefinitions", strconv.Itoa(i), "logConfiguration", "options", "awslogs-group"),
			"create it (aws logs create-log-group --log-group-name "+group+") or set awslogs-create-group to \"true\"",
			fmt.Sprintf("container %s: log group %q does not exist", c.Name, group),
		))
	}
	return problems, nil
}

func missingTargetGroups(ctx context.Context, p Plan) ([]tagboat.Problem, error) {
	var arns []string
	for _, lb := range wantedShape(p.Desired).LoadBalancers {
		if lb.TargetGroup != "" {
			arns = append(arns, lb.TargetGroup)
		}
	}
	if len(arns) == 0 {
		return nil, nil
	}
	missing, err := p.Client.Targets.Missing(ctx, arns)
	if err != nil {
		return nil, fmt.Errorf("looking for target groups: %w", err)
	}
	var problems []tagboat.Problem
	for _, arn := range missing {
		i := slices.Index(arns, arn)
		problems = append(problems, p.Desired.problem(
			p.Desired.where("service", "loadBalancers", strconv.Itoa(i), "targetGroupArn"),
			"correct targetGroupArn in the service definition: account, region and name",
			fmt.Sprintf("target group %q does not exist", arn),
		))
	}
	return problems, nil
}
