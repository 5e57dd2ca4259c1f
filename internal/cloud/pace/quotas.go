package pace

import "golang.org/x/time/rate"

// quota is a rate that AWS documents.
type quota struct {
	burst     int
	perSecond rate.Limit
}

// usable is how much of the burst is used: calls arrive a little closer together than
// they were sent, and AWS's bucket must not be empty then.
func (q quota) usable() int { return max(1, min(q.burst-1, q.burst*19/20)) }

// quotas are AWS's rates by group; groupOf says what is in a group.
//
// ECS: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html
// Parameter Store: https://docs.aws.amazon.com/general/latest/gr/ssm.html, where only
// rates are given. ECR: https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html
var quotas = map[string]quota{
	"ecs.service-modify":         {50, 5},
	"ecs.service-read":           {100, 20},
	"ecs.task-definition-modify": {20, 1},
	"ecs.task-definition-read":   {50, 20},
	"ecs.cluster-resource-read":  {100, 20},
	"ecs.deployment-read":        {50, 20},
	"ecs.revision-read":          {50, 20},
	"ecs.tag-modify":             {20, 10},
	"ssm.get":                    {40, 40},
	"ssm.put":                    {3, 3},
	"ssm.history":                {3, 3},
	"ssm.label":                  {3, 3},
	"ssm.unlabel":                {3, 3},
	"ecr.put-image":              {10, 10},
	"ecr.authorize":              {500, 500},
}

var groupOf = map[string]string{
	"ecs.CreateService":                 "ecs.service-modify",
	"ecs.UpdateService":                 "ecs.service-modify",
	"ecs.DeleteService":                 "ecs.service-modify",
	"ecs.UpdateExpressGatewayService":   "ecs.service-modify", // ECS does not say: it updates the service
	"ecs.DescribeExpressGatewayService": "ecs.service-read",
	"ecs.DescribeServices":              "ecs.service-read",
	"ecs.RegisterTaskDefinition":        "ecs.task-definition-modify",
	"ecs.DescribeTaskDefinition":        "ecs.task-definition-read",
	"ecs.ListTasks":                     "ecs.cluster-resource-read",
	"ecs.ListServices":                  "ecs.service-read",
	"ecs.DescribeTasks":                 "ecs.cluster-resource-read",
	"ecs.ListServiceDeployments":        "ecs.deployment-read",
	"ecs.DescribeServiceDeployments":    "ecs.deployment-read",
	"ecs.DescribeServiceRevisions":      "ecs.revision-read",
	"ecs.TagResource":                   "ecs.tag-modify",
	"ecs.UntagResource":                 "ecs.tag-modify",
	"ssm.GetParameters":                 "ssm.get",
	"ssm.GetParametersByPath":           "ssm.get",
	"ssm.PutParameter":                  "ssm.put",
	"ssm.GetParameterHistory":           "ssm.history",
	"ssm.LabelParameterVersion":         "ssm.label",
	"ssm.UnlabelParameterVersion":       "ssm.unlabel",
	"ecr.PutImage":                      "ecr.put-image",
	"ecr.GetAuthorizationToken":         "ecr.authorize",
}
