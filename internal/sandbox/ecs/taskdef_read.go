package ecs

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// deletionTakes is how long DELETE_IN_PROGRESS can be seen at least.
const deletionTakes = time.Minute

type describeDefinitionIn struct {
	TaskDefinition string
	Include        []string
}

func (c call) describeTaskDefinition(in describeDefinitionIn) (taskDefinitionOut, error) {
	if in.TaskDefinition == "" {
		return taskDefinitionOut{}, clientError("TaskDefinition can not be blank.")
	}
	d := c.taskDefinition(in.TaskDefinition)
	if d == nil {
		return taskDefinitionOut{}, clientError("Unable to describe task definition.")
	}
	return taskDefinitionOut{TaskDefinition: d.record(), Tags: c.tagsOf(d.ARN, in.Include)}, nil
}

type listDefinitionsIn struct {
	paging
	FamilyPrefix string // whole name of a family, in spite of its name
	Status       string
	Sort         string
}

type listDefinitionsOut struct {
	ARNs      []string `json:"taskDefinitionArns"`
	NextToken string   `json:"nextToken,omitempty"`
}

// listTaskDefinitions answers revisions by family and number, ascending unless asked
// otherwise.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListTaskDefinitions.html
func (c call) listTaskDefinitions(in listDefinitionsIn) (listDefinitionsOut, error) {
	status, err := definitionStatus(in.Status)
	if err != nil {
		return listDefinitionsOut{}, err
	}
	l := list[*taskDefinition]{key: func(d *taskDefinition) string { return fmt.Sprintf("%s:%010d", d.Family, d.Revision) }}
	for name, f := range c.Families {
		if in.FamilyPrefix != "" && in.FamilyPrefix != name {
			continue
		}
		for _, d := range f.Revisions {
			if d.Status == status {
				l.items = append(l.items, d)
			}
		}
	}
	slices.SortFunc(l.items, func(a, b *taskDefinition) int { return strings.Compare(l.key(a), l.key(b)) })
	if l.descending = in.Sort == "DESC"; l.descending {
		slices.Reverse(l.items)
	}
	found, next, err := page(in.paging, l, 100)
	out := listDefinitionsOut{ARNs: []string{}, NextToken: next}
	for _, d := range found {
		out.ARNs = append(out.ARNs, d.ARN)
	}
	return out, err
}

func definitionStatus(status string) (string, error) {
	switch status {
	case "":
		return active, nil
	case active, inactive, deleteInProgress:
		return status, nil
	default:
		return "", invalidParameter("Status should be one of [ACTIVE,INACTIVE,DELETE_IN_PROGRESS]")
	}
}

type listFamiliesIn struct {
	paging
	FamilyPrefix string
	Status       string // ACTIVE, INACTIVE or ALL; "" means ALL
}

type listFamiliesOut struct {
	Families  []string `json:"families"`
	NextToken string   `json:"nextToken,omitempty"`
}

// listTaskDefinitionFamilies counts a family as ACTIVE if one of its revisions is.
func (c call) listTaskDefinitionFamilies(in listFamiliesIn) (listFamiliesOut, error) {
	names := []string{}
	for name, f := range c.Families {
		status := inactive
		if f.latest() != nil {
			status = active
		}
		wanted := in.Status == "" || in.Status == "ALL" || in.Status == status
		if wanted && len(f.Revisions) > 0 && strings.HasPrefix(name, in.FamilyPrefix) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	names, next, err := page(in.paging, list[string]{items: names, key: itself}, 100)
	return listFamiliesOut{Families: names, NextToken: next}, err
}

// lastPart returns what follows the last slash of an ARN or a name.
func lastPart(id string) string { return id[strings.LastIndex(id, "/")+1:] }
