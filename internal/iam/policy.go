// Package iam writes the smallest IAM policies that let somebody read the ledger, write
// it, deploy, publish, or run Tagboat as a function. One table says what is needed for
// what; tests hold it to what the code calls.
//
// Which actions take which resources is said by the service authorization reference:
// https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
package iam

import (
	"slices"
	"strings"
)

// Purpose is what a policy is for.
type Purpose string

// The purposes.
const (
	Read    Purpose = "read"    // pins
	Write   Purpose = "write"   // pin
	Deploy  Purpose = "deploy"  // plan, deploy and status
	Publish Purpose = "publish" // publish and tag
	Lambda  Purpose = "lambda"  // the custom resources of CloudFormation
	Assume  Purpose = "assume"  // to reach environments that have a role
	Import  Purpose = "import"  // pins --import
	Doctor  Purpose = "doctor"  // what doctor asks beside what the others do
	Drift   Purpose = "drift"   // the stacks that own services, beside deploy
	Promote Purpose = "promote" // write and deploy, and make and number releases
	Watch   Purpose = "watch"   // promote, or assume the roles that do, and read the queue

	// Those of home alone.
	Home       Purpose = "home"        // to read it, and to number and reject releases
	Approve    Purpose = "approve"     // to approve releases
	BreakGlass Purpose = "break-glass" // to override gates
	Freeze     Purpose = "freeze"      // hold --all
)

// Purposes returns all purposes.
func Purposes() []Purpose {
	return []Purpose{Read, Write, Deploy, Publish, Lambda, Assume, Import, Doctor, Drift, Promote, Watch, Home, Approve, BreakGlass, Freeze}
}

// OfHome reports whether a policy for the purpose is about home alone, and so about no environment.
func (p Purpose) OfHome() bool {
	return slices.Contains([]Purpose{Home, Approve, BreakGlass, Freeze}, p)
}

// OfCaller reports whether a policy for the purpose is for the caller of Tagboat, whatever role
// gets to an environment.
func (p Purpose) OfCaller() bool { return slices.Contains([]Purpose{Publish, Assume, Watch}, p) }

// Policy returns the smallest policy for a purpose in all given scopes. Statements that
// nothing needs are left out.
func Policy(purpose Purpose, scopes []Scope) Document {
	document := Document{Version: languageVersion, Statement: []Statement{}}
	for _, g := range grants {
		if !g.serves(purpose) {
			continue
		}
		if resources := across(scopes, g.resources); len(resources) > 0 {
			document.Statement = append(document.Statement, g.statement(scopes, resources))
		}
	}
	return document
}

// PurposeOf returns the first purpose whose policy allows an action; "" where none does.
func PurposeOf(action string) Purpose {
	for _, purpose := range Purposes() {
		if slices.ContainsFunc(grants, func(g grant) bool {
			return g.serves(purpose) && slices.Contains(g.actions, action)
		}) {
			return purpose
		}
	}
	return ""
}

// grant is a statement that some purposes need.
type grant struct {
	sid       string
	purposes  []Purpose
	actions   []string
	resources func(Scope) []string
	condition func([]Scope) map[string]map[string][]string // nil for none
}

// serves reports whether the statement is needed for a purpose.
func (g grant) serves(p Purpose) bool {
	included := map[Purpose][]Purpose{Promote: {Write, Deploy}, Watch: {Promote, Assume}}
	return slices.Contains(g.purposes, p) || slices.ContainsFunc(included[p], g.serves)
}

func (g grant) statement(scopes []Scope, resources []string) Statement {
	s := Statement{Sid: g.sid, Effect: "Allow", Action: g.actions, Resource: resources}
	if g.condition != nil {
		s.Condition = g.condition(scopes)
	}
	return s
}

// across returns what all scopes have, sorted, each once.
func across(scopes []Scope, of func(Scope) []string) []string {
	var all []string
	for _, scope := range scopes {
		all = append(all, of(scope)...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Document is a policy as IAM takes it.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
type Document struct {
	Version   string
	Statement []Statement
}

// Statement allows actions on resources, where all conditions hold.
type Statement struct {
	Sid       string
	Effect    string
	Action    []string
	Resource  []string
	Condition map[string]map[string][]string `json:",omitempty"` // operator, key, values
}

const languageVersion = "2012-10-17"

// Allows reports whether the policy allows an action on something at all.
func (d Document) Allows(action string) bool {
	return slices.ContainsFunc(d.Statement, func(s Statement) bool { return slices.Contains(s.Action, action) })
}

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
	case "sqs": // the right to an operation is that to its batches
		name = strings.TrimSuffix(name, "Batch")
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
