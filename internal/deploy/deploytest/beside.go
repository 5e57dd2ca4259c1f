package deploytest

import (
	"context"
	"fmt"
	"slices"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/ecs"
)

// GroupExists implements deploy.Logs.
func (f *ECS) GroupExists(ctx context.Context, name string) (bool, error) {
	if err := f.begin(ctx, "DescribeLogGroups"); err != nil {
		return false, err
	}
	defer f.Mu.Unlock()
	return slices.Contains(f.LogGroups, name), nil
}

// Tail implements deploy.Logs.
func (f *ECS) Tail(ctx context.Context, group, stream string, n int) ([]ecs.LogLine, error) {
	if err := f.begin(ctx, "GetLogEvents"); err != nil {
		return nil, err
	}
	defer f.Mu.Unlock()
	lines := f.logs[group+":"+stream]
	return lines[max(0, len(lines)-n):], nil
}

// Health implements deploy.Targets.
func (f *ECS) Health(ctx context.Context, _ string) ([]ecs.TargetHealth, error) {
	if err := f.begin(ctx, "DescribeTargetHealth"); err != nil {
		return nil, err
	}
	defer f.Mu.Unlock()
	return f.targets, nil
}

// Groups implements deploy.Targets.
func (f *ECS) Groups(ctx context.Context, arns []string) ([]ecs.TargetGroup, error) {
	if err := f.begin(ctx, "DescribeTargetGroups"); err != nil {
		return nil, err
	}
	defer f.Mu.Unlock()
	return slices.DeleteFunc(slices.Clone(f.Tgs), func(g ecs.TargetGroup) bool { return !slices.Contains(arns, g.ARN) }), nil
}

// parameters is the double's Parameter Store, which takes ten names a call from its client.
type parameters struct{ *ECS }

// Missing implements deploy.Parameters.
func (p parameters) Missing(ctx context.Context, names []string) ([]string, error) {
	if err := p.begin(ctx, "GetParameters"); err != nil {
		return nil, err
	}
	defer p.Mu.Unlock()
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return slices.Contains(p.Stored, name) }), nil
}

// Exists implements deploy.Images.
func (f *ECS) Exists(ctx context.Context, image tagboat.Reference) (bool, error) {
	if err := f.begin(ctx, "image"); err != nil {
		return false, err
	}
	defer f.Mu.Unlock()
	return f.Images == nil || slices.Contains(f.Images, image.Pinned()), nil
}

// secrets is the double's Secrets Manager.
type secrets struct{ *ECS }

func (s secrets) Describe(ctx context.Context, arn string) (ecs.Secret, error) {
	if err := s.begin(ctx, "DescribeSecret"); err != nil {
		return ecs.Secret{}, err
	}
	defer s.Mu.Unlock()
	found, ok := s.Managed[arn]
	if !ok {
		return ecs.Secret{}, fmt.Errorf("ResourceNotFoundException: %w", ecs.ErrNotFound)
	}
	return found, nil
}

var (
	_ deploy.Logs    = (*ECS)(nil)
	_ deploy.Targets = (*ECS)(nil)
	_ deploy.Images  = (*ECS)(nil)
)
