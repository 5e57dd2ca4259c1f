package sandbox

// quota is a token bucket that operations share in each account and region.
type quota struct {
	burst      int
	perSecond  float64
	operations []string
}

// awsQuotas lists the buckets that AWS documents.
//   - https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html
//   - https://docs.aws.amazon.com/general/latest/gr/ssm.html (standard throughput)
//   - https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html
//
// SSM and ECR document a rate only; a second's worth of it is taken for the burst.
func awsQuotas() []quota {
	return []quota{
		{50, 5, []string{"ecs.CreateService", "ecs.DeleteService", "ecs.UpdateService"}},
		{100, 20, []string{"ecs.DescribeServices", "ecs.ListServices"}},
		{20, 1, []string{"ecs.RegisterTaskDefinition", "ecs.DeregisterTaskDefinition"}},
		{50, 20, []string{"ecs.DescribeTaskDefinition", "ecs.ListTaskDefinitions", "ecs.ListTaskDefinitionFamilies"}},
		{5, 1, []string{"ecs.DeleteTaskDefinitions"}},
		{100, 20, []string{"ecs.DescribeTasks", "ecs.ListTasks", "ecs.DescribeContainerInstances", "ecs.ListContainerInstances"}},
		{100, 40, []string{"ecs.RunTask", "ecs.StartTask", "ecs.StopTask"}},
		{50, 20, []string{"ecs.DescribeClusters", "ecs.ListClusters"}},
		{50, 20, []string{"ecs.DescribeServiceDeployments", "ecs.ListServiceDeployments"}},
		{50, 20, []string{"ecs.DescribeServiceRevisions"}},
		{20, 10, []string{"ecs.TagResource", "ecs.UntagResource"}},
		{50, 20, []string{"ecs.ListTagsForResource"}},

		{40, 40, []string{"ssm.GetParameter", "ssm.GetParameters", "ssm.GetParametersByPath"}},
		{3, 3, []string{"ssm.PutParameter"}},
		{3, 3, []string{"ssm.GetParameterHistory"}},
		{3, 3, []string{"ssm.LabelParameterVersion"}},
		{3, 3, []string{"ssm.UnlabelParameterVersion"}},
		{3, 3, []string{"ssm.DescribeParameters"}},
		{3, 3, []string{"ssm.DeleteParameter"}},
		{3, 3, []string{"ssm.DeleteParameters"}},

		{10, 10, []string{"ecr.PutImage", "registry.PUT manifests"}},
		{2000, 2000, []string{"ecr.BatchGetImage", "registry.GET manifests"}},
		{500, 500, []string{"ecr.GetAuthorizationToken"}},
		{3000, 3000, []string{"ecr.GetDownloadUrlForLayer", "registry.GET blobs"}},
		{1000, 1000, []string{"ecr.BatchCheckLayerAvailability", "registry.HEAD blobs"}},
		{100, 100, []string{"ecr.InitiateLayerUpload", "registry.POST uploads"}},
		{100, 100, []string{"ecr.CompleteLayerUpload", "registry.PUT uploads"}},
		{500, 500, []string{"ecr.UploadLayerPart", "registry.PATCH uploads"}},
	}
}
