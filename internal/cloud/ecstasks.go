package cloud

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/tagboat/tagboat/internal/ecs"
)

// tasksACall is the limit of ListTasks and DescribeTasks.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html
const tasksACall = 100

// ListTasks returns the ARNs of the tasks of a cluster that the filter selects.
func (e *ECS) ListTasks(ctx context.Context, cluster string, filter ecs.TaskFilter) ([]string, error) {
	in := &awsecs.ListTasksInput{Cluster: aws.String(cluster), MaxResults: aws.Int32(tasksACall), DesiredStatus: types.DesiredStatus(filter.DesiredStatus)}
	if filter.Service != "" {
		in.ServiceName = aws.String(filter.Service)
	}
	if filter.Family != "" {
		in.Family = aws.String(filter.Family)
	}
	if filter.StartedBy != "" {
		in.StartedBy = aws.String(filter.StartedBy)
	}
	var arns []string
	for pages := awsecs.NewListTasksPaginator(e.client, in); pages.HasMorePages() && (filter.AtMost == 0 || len(arns) <= filter.AtMost); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, translate(err)
		}
		arns = append(arns, page.TaskArns...)
	}
	return arns, nil
}

// DescribeTasks returns the tasks of a cluster with those ARNs. ECS forgets a stopped
// task after about an hour; such tasks are left out.
func (e *ECS) DescribeTasks(ctx context.Context, cluster string, arns []string) ([]ecs.Task, error) {
	return inBatches(ctx, arns, tasksACall, func(ctx context.Context, arns []string) ([]ecs.Task, error) {
		out, err := e.client.DescribeTasks(ctx, &awsecs.DescribeTasksInput{Cluster: aws.String(cluster), Tasks: arns})
		if err != nil {
			return nil, err
		}
		return each(out.Tasks, taskOf), nil
	})
}

func taskOf(t types.Task) ecs.Task {
	return ecs.Task{
		ARN:            aws.ToString(t.TaskArn),
		TaskDefinition: aws.ToString(t.TaskDefinitionArn),
		LastStatus:     aws.ToString(t.LastStatus),
		DesiredStatus:  aws.ToString(t.DesiredStatus),
		Health:         string(t.HealthStatus),
		StopCode:       string(t.StopCode),
		StoppedReason:  aws.ToString(t.StoppedReason),
		StartedBy:      aws.ToString(t.StartedBy),
		Group:          aws.ToString(t.Group),
		CreatedAt:      aws.ToTime(t.CreatedAt),
		StartedAt:      aws.ToTime(t.StartedAt),
		StoppedAt:      aws.ToTime(t.StoppedAt),
		Containers:     each(t.Containers, containerOf),
	}
}

func containerOf(c types.Container) ecs.Container {
	container := ecs.Container{
		Name:       aws.ToString(c.Name),
		Image:      aws.ToString(c.Image),
		Digest:     aws.ToString(c.ImageDigest),
		LastStatus: aws.ToString(c.LastStatus),
		Health:     string(c.HealthStatus),
		Reason:     aws.ToString(c.Reason),
	}
	if c.ExitCode != nil {
		code := int(*c.ExitCode)
		container.ExitCode = &code
	}
	return container
}
