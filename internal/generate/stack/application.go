package stack

import (
	"encoding/json"
	"strconv"
	"strings"
)

// Repository is a repository of ECR in the stack's account and region.
type Repository struct {
	Name      string
	Pullers   []string // other accounts, whose tasks pull from it
	Moving    []string // tags that move, with * for what is not known
	Protected []string // tags of versions that must not expire, likewise
	Releases  bool     // it keeps releases
	Untagged  bool     // what has no tag was never a version
}

// maxMoving is how many filters ECR takes; keep is how many tagged images stay.
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html
const (
	maxMoving = 5
	keep      = 100
)

func (s *Stack) repository(r Repository) string {
	id := s.id(r.Name + "-repository")
	properties := map[string]any{"ImageTagMutability": "IMMUTABLE"}
	if len(r.Moving) > maxMoving {
		properties["ImageTagMutability"] = "MUTABLE"
		s.Note("repository %s: %d of its tags move, and ECR takes %d filters, so that all of its tags can move", r.Name, len(r.Moving), maxMoving)
	} else if len(r.Moving) > 0 {
		var filters []any
		for _, tag := range r.Moving {
			filters = append(filters, map[string]any{"ImageTagMutabilityExclusionFilterType": "WILDCARD", "ImageTagMutabilityExclusionFilterValue": tag})
		}
		properties["ImageTagMutability"], properties["ImageTagMutabilityExclusionFilters"] = "IMMUTABLE_WITH_EXCLUSION", filters
	}
	if len(r.Pullers) > 0 {
		var principals []any
		for _, account := range r.Pullers {
			principals = append(principals, Expression("!Sub arn:${AWS::Partition}:iam::"+account+":root"))
		}
		properties["RepositoryPolicyText"] = map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{
			"Sid": "PullFromOtherAccounts", "Effect": "Allow", "Principal": map[string]any{"AWS": principals},
			"Action": []any{"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"},
		}}}
	}
	text := part("repository", "$ID", id, "$NAME", scalar(r.Name)) + block(6, properties)
	if r.Releases {
		return text + "      # No lifecycle policy: a release has a few kilobytes, and a rollback needs it.\n"
	}
	return text + "      # An image that a rule matches is not touched by the rules behind it, so that what stages\n" +
		"      # have tagged stays.\n      LifecyclePolicy:\n        LifecyclePolicyText: |\n" + r.lifecycle()
}

type lifecycleRule struct {
	Priority    int            `json:"rulePriority"`
	Description string         `json:"description"`
	Selection   map[string]any `json:"selection"`
	Action      map[string]any `json:"action"`
}

// lifecycle returns the lifecycle policy. "An image is expired by exactly one or zero rules. An
// image that matches the tagging requirements of a rule can't be expired by a rule with a lower
// priority."
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
func (r Repository) lifecycle() string {
	var rules []string
	add := func(description string, selection map[string]any) {
		rule := lifecycleRule{len(rules) + 1, description, selection, map[string]any{"type": "expire"}}
		raw, err := json.Marshal(rule)
		if err != nil {
			panic(err) // strings and numbers
		}
		rules = append(rules, "            "+string(raw))
	}
	for _, pattern := range r.Protected {
		add("keep what a stage tagged "+pattern, map[string]any{
			"tagStatus": "tagged", "tagPatternList": []string{pattern}, "countType": "imageCountMoreThan", "countNumber": 1000,
		})
	}
	add("keep the newest "+strconv.Itoa(keep), map[string]any{
		"tagStatus": "tagged", "tagPatternList": []string{"*"}, "countType": "imageCountMoreThan", "countNumber": keep,
	})
	if r.Untagged {
		add("what no tag names was never a version", map[string]any{
			"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 30,
		})
	}
	return "          {\"rules\": [\n" + strings.Join(rules, ",\n") + "\n          ]}\n"
}

// Watching is what tagboat watch needs: the resources of its queue and rules, as tagboat generate
// watch prints them for a function that the template calls Function.
type Watching struct {
	Resources, Outputs string
	Policy             []Statement
	Timeout            int // seconds
}

func (s *Stack) watching() string {
	own := []Statement{
		{Sid: "ReadTheQueue", Resources: []string{"!GetAtt Queue.Arn"}, Actions: []string{
			"sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage",
		}},
		{Sid: "WriteTheLog", Resources: []string{"!GetAtt FunctionLogs.Arn"}, Actions: []string{"logs:CreateLogStream", "logs:PutLogEvents"}},
	}
	if roles := s.made; len(roles) > 0 {
		own = append(own, Statement{Sid: "PassRolesOfTheStack", Resources: roles, Actions: []string{"iam:PassRole"}, Condition: map[string]map[string][]string{
			"StringEquals": {"iam:PassedToService": {"ecs-tasks.amazonaws.com"}},
		}})
	}
	property, policies := s.managed("Function", "tagboat watch of "+s.App+", as tagboat generate iam-policy --for watch prints it", append(own, s.Watching.Policy...))
	return part("function", "$APP", s.App, "$TIMEOUT", strconv.Itoa(s.Watching.Timeout), "$POLICIES\n", property) + policies + s.Watching.Resources
}
