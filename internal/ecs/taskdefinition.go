package ecs

import "encoding/json"

// TaskDefinition is one registered revision.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskDefinition.html
type TaskDefinition struct {
	ARN      string
	Family   string
	Revision int
	Status   string // ACTIVE, INACTIVE, DELETE_IN_PROGRESS

	// Record is the revision as AWS's JSON in the shape of RegisterTaskDefinition's
	// input, with the fields that only answers have beside it; "tags" stands in it
	// as one more member, as in that input.
	Record json.RawMessage
}
