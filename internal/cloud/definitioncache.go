package cloud

import (
	"encoding/json"
	"path/filepath"
	"regexp"

	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/kept"
)

// definitionCache keeps task definitions on disk, a file a revision, so that the next
// run need not read them: a revision never changes. Whatever goes wrong with it makes
// it forget and nothing else, so it may be deleted at any time, and any number of
// processes may share it. It keeps active revisions only; that one was deregistered since
// shows where it is looked at before it is used, and makes the cache forget it. Values that
// may be secrets are kept as hashes. The zero value keeps nothing.
type definitionCache struct {
	dir kept.Dir
	// world tells one AWS from another: AWS itself, or a sandbox, which has revisions
	// of the same names with something else in them. "" is a world not known yet.
	world func() string
}

// revisionARN has the parts of a revision's ARN that make its path; none of them can
// lead out of the directory.
var revisionARN = regexp.MustCompile(`^arn:(aws[a-z-]*):ecs:([a-z0-9-]+):([0-9]{12}):task-definition/([a-zA-Z0-9_-]{1,255}):([0-9]+)$`)

// name returns the file of a revision, and false where nothing is kept.
func (c definitionCache) name(arn string) (string, bool) {
	parts := revisionARN.FindStringSubmatch(arn)
	if c.dir == "" || parts == nil {
		return "", false
	}
	world := c.world()
	if world == "" {
		return "", false
	}
	return filepath.Join(world, parts[3], parts[2], parts[4], parts[5]+".json"), true
}

// read returns the revision with that ARN, if it is kept and like, a definition as JSON, has
// all the values of which there are hashes.
func (c definitionCache) read(arn string, like json.RawMessage) (ecs.TaskDefinition, bool) {
	name, ok := c.name(arn)
	if !ok {
		return ecs.TaskDefinition{}, false
	}
	var sealed ecs.Sealed
	if !c.dir.Read(name, &sealed) || sealed.Definition.ARN != arn {
		return ecs.TaskDefinition{}, false
	}
	return sealed.Open(like)
}

// write keeps a revision, and drops one that is not active any more.
func (c definitionCache) write(d ecs.TaskDefinition) {
	if d.Status != "ACTIVE" {
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

// remove drops a revision.
func (c definitionCache) remove(arn string) {
	if name, ok := c.name(arn); ok {
		c.dir.Remove(name)
	}
}
