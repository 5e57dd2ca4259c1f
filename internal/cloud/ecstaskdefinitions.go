package cloud

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/schemas"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/smithy-go/middleware"

	"github.com/tagboat/tagboat/internal/cache"
	"github.com/tagboat/tagboat/internal/ecs"
)

// DescribeTaskDefinition returns a revision by its ARN, by family:revision, or by family
// for its latest active one. What was read by ARN once is remembered with the status and the
// tags that it had then: nothing else of a revision ever changes. The error wraps ecs.ErrNotFound where there is none.
func (e *ECS) DescribeTaskDefinition(ctx context.Context, id string) (ecs.TaskDefinition, error) {
	if d, ok := e.cache.lookup(id); ok {
		return d, nil
	}
	out, err := e.client.DescribeTaskDefinition(ctx, &awsecs.DescribeTaskDefinitionInput{
		TaskDefinition: aws.String(id), Include: []types.TaskDefinitionField{types.TaskDefinitionFieldTags},
	}, keepBody)
	if err != nil {
		err = translate(err)
		if errors.Is(err, ecs.ErrNotFound) {
			e.cache.forget(id)
		}
		return ecs.TaskDefinition{}, err
	}
	d, err := definitionOf(out.TaskDefinition, out.ResultMetadata)
	if err != nil {
		return ecs.TaskDefinition{}, err
	}
	e.cache.add(d)
	return d, nil
}

// definitionOf returns the revision in an answer that was kept, its tags in the record.
func definitionOf(t *types.TaskDefinition, metadata middleware.Metadata) (ecs.TaskDefinition, error) {
	var body struct {
		TaskDefinition map[string]json.RawMessage `json:"taskDefinition"`
		Tags           []json.RawMessage          `json:"tags"`
	}
	if err := bodyOf(metadata, &body); err != nil {
		return ecs.TaskDefinition{}, err
	}
	if t == nil {
		return ecs.TaskDefinition{}, errors.New("AWS's answer has no task definition")
	}
	var err error
	if len(body.Tags) > 0 {
		if body.TaskDefinition["tags"], err = json.Marshal(body.Tags); err != nil {
			return ecs.TaskDefinition{}, fmt.Errorf("keeping the task definition: %w", err)
		}
	}
	record, err := json.Marshal(body.TaskDefinition)
	if err != nil {
		return ecs.TaskDefinition{}, fmt.Errorf("keeping the task definition: %w", err)
	}
	return ecs.TaskDefinition{
		ARN:      aws.ToString(t.TaskDefinitionArn),
		Family:   aws.ToString(t.Family),
		Revision: int(t.Revision),
		Status:   string(t.Status),
		Record:   record,
	}, nil
}

// Cached returns what was read by that ARN before, without a call: by this process, or
// by an earlier one where Options.Cache says so. On disk there are hashes in the place of
// what may be secret, so the latter is found only where like, a definition as JSON, has the
// same values.
func (e *ECS) Cached(arn string, like json.RawMessage) (ecs.TaskDefinition, bool) {
	if d, ok := e.cache.lookup(arn); ok {
		return d, true
	}
	return e.cache.open(arn, like)
}

// RegisterTaskDefinition registers a revision from AWS's JSON input and returns its ARN.
// A member that AWS's model does not have is an error of kind Usage, and nothing is
// registered. Registering twice makes two revisions, so a call whose answer got lost is
// not made again: its error wraps ecs.ErrAmbiguous.
func (e *ECS) RegisterTaskDefinition(ctx context.Context, input json.RawMessage) (arn string, err error) {
	body, err := sendBody(schemas.RegisterTaskDefinitionRequest, input)
	if err != nil {
		return "", err
	}
	out, err := e.client.RegisterTaskDefinition(ctx, &awsecs.RegisterTaskDefinitionInput{}, body, keepBody, sentOnce)
	switch {
	case err != nil:
		return "", afterOnce(err)
	case out.TaskDefinition == nil:
		return "", fmt.Errorf("%w: AWS's answer has no task definition", ecs.ErrAmbiguous)
	}
	if d, err := definitionOf(out.TaskDefinition, out.ResultMetadata); err == nil {
		e.cache.add(d) // the next run finds it in use
	}
	return aws.ToString(out.TaskDefinition.TaskDefinitionArn), nil
}

// definitionCache has the task definitions that were read: in memory, and on disk, a file a
// revision, so that the next run need not read them: a revision never changes. Whatever goes
// wrong on the disk makes it forget and nothing else, so the files may be deleted at any time,
// and any number of processes may share them. It has active revisions only; that one was
// deregistered since shows where it is read before it is used, and makes the cache forget it.
// Values that may be secrets are hashes on disk. The zero value has no disk.
type definitionCache struct {
	dir cache.Dir
	// world tells one AWS from another: AWS itself, or a sandbox, which has revisions
	// of the same names with something else in them. "" is a world not known yet.
	world func() string

	mu    sync.Mutex
	byARN map[string]ecs.TaskDefinition
}

// mostDefinitions is how many revisions are in memory, so that a process may live long.
const mostDefinitions = 2000

func (c *definitionCache) lookup(arn string) (ecs.TaskDefinition, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	d, ok := c.byARN[arn]
	return d, ok
}

func (c *definitionCache) store(d ecs.TaskDefinition) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byARN == nil || len(c.byARN) >= mostDefinitions {
		c.byARN = map[string]ecs.TaskDefinition{}
	}
	c.byARN[d.ARN] = d
}

// forget drops a revision, known by its ARN or its name, that ECS does not have any more.
func (c *definitionCache) forget(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for arn := range c.byARN {
		if arn == id || ecs.LastPart(arn) == id {
			delete(c.byARN, arn)
			c.remove(arn)
		}
	}
}

// revisionARN has the parts of a revision's ARN that make its path; none of them can
// lead out of the directory.
var revisionARN = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^arn:(aws[a-z-]*):ecs:([a-z0-9-]+):([0-9]{12}):task-definition/([a-zA-Z0-9_-]{1,255}):([0-9]+)$`)
})

// name returns the file of a revision, and false where there is no disk.
func (c *definitionCache) name(arn string) (string, bool) {
	parts := revisionARN().FindStringSubmatch(arn)
	if c.dir == "" || parts == nil {
		return "", false
	}
	world := c.world()
	if world == "" {
		return "", false
	}
	return filepath.Join(world, parts[3], parts[2], parts[4], parts[5]+".json"), true
}

// open returns the revision with that ARN, if it is on the disk and like, a definition as
// JSON, has all the values of which there are hashes.
func (c *definitionCache) open(arn string, like json.RawMessage) (ecs.TaskDefinition, bool) {
	name, ok := c.name(arn)
	if !ok {
		return ecs.TaskDefinition{}, false
	}
	var sealed ecs.SealedDefinition
	if !c.dir.Read(name, &sealed) || sealed.Definition.ARN != arn {
		return ecs.TaskDefinition{}, false
	}
	d, ok := sealed.Open(like)
	if ok {
		c.store(d)
	}
	return d, ok
}

// add takes in a revision. On the disk it drops one that is not active any more.
func (c *definitionCache) add(d ecs.TaskDefinition) {
	c.store(d)
	if d.Status != ecs.Active {
		c.remove(d.ARN)
		return
	}
	name, ok := c.name(d.ARN)
	if !ok {
		return
	}
	if sealed, ok := ecs.Seal(d); ok {
		c.dir.Write(name, sealed)
	}
}

func (c *definitionCache) remove(arn string) {
	if name, ok := c.name(arn); ok {
		c.dir.Remove(name)
	}
}
