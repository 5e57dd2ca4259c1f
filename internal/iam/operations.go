package iam

import "strings"

// Actions returns the actions that an operation needs, as they are counted: names such
// as ssm.PutParameter or registry.GET manifests. None means that everybody may.
func Actions(operation string) []string {
	service, name, _ := strings.Cut(operation, ".")
	switch service {
	case "sts":
		if name == "GetCallerIdentity" {
			return nil // https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
		}
	case "elb":
		service = "elasticloadbalancing"
	case "registry":
		return registryActions(name)
	}
	return []string{service + ":" + name}
}

// registryActions returns what a request to ECR's registry needs, by method and what its
// path is for.
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html
func registryActions(request string) []string {
	switch request {
	case "GET", "GET ping", "HEAD ping", "GET token", "POST token":
		return []string{"ecr:GetAuthorizationToken"}
	case "GET manifests", "HEAD manifests", "GET referrers":
		return []string{"ecr:BatchGetImage"}
	case "PUT manifests":
		return []string{"ecr:PutImage"}
	case "GET tags":
		return []string{"ecr:ListImages"}
	case "GET blobs":
		return []string{"ecr:GetDownloadUrlForLayer"}
	case "HEAD blobs", "GET uploads":
		return []string{"ecr:BatchCheckLayerAvailability"}
	case "POST blobs", "POST uploads":
		return []string{"ecr:InitiateLayerUpload"}
	case "PATCH blobs", "PATCH uploads":
		return []string{"ecr:UploadLayerPart"}
	case "PUT blobs", "PUT uploads":
		return []string{"ecr:CompleteLayerUpload"}
	default:
		return []string{"ecr:" + request}
	}
}
