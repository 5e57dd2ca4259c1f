package cloud

import (
	"os"
	"path/filepath"
	"regexp"

	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/kept"
)

// definitionCache keeps task definitions on disk, a file a revision, so that the next
// run need not read them: a revision never changes. Whatever goes wrong with it makes
// it forget and nothing else, so it may be deleted at any time, and any number of
// processes may share it. It keeps active revisions only; that one was deregistered since
// shows where it is looked at before it is used, and makes the cache forget it. The zero value keeps nothing.
type definitionCache struct {
	dir string
	// world tells one AWS from another: AWS itself, or a sandbox, which has revisions
	// of the same names with something else in them. "" is a world not known yet.
	world func() string
}

// revisionARN has the parts of a revision's ARN that make its path; none of them can
// lead out of the directory.
var revisionARN = regexp.MustCompile(`^arn:(aws[a-z-]*):ecs:([a-z0-9-]+):([0-9]{12}):task-definition/([a-zA-Z0-9_-]{1,255}):([0-9]+)$`)

// path returns the file of a revision, and false where nothing is kept.
func (c definitionCache) path(arn string) (string, bool) {
	parts := revisionARN.FindStringSubmatch(arn)
	if c.dir == "" || parts == nil {
		return "", false
	}
	world := c.world()
	if world == "" {
		return "", false
	}
	return filepath.Join(c.dir, world, parts[3], parts[2], parts[4], parts[5]+".json"), true
}

// read returns the revision with that ARN, if it is kept.
func (c definitionCache) read(arn string) (ecs.TaskDefinition, bool) {
	path, ok := c.path(arn)
	if !ok {
		return ecs.TaskDefinition{}, false
	}
	var d ecs.TaskDefinition
	if !kept.Read(path, &d) || d.ARN != arn || len(d.Record) == 0 {
		return ecs.TaskDefinition{}, false
	}
	return d, true
}

// write keeps a revision, and drops one that is not active any more.
func (c definitionCache) write(d ecs.TaskDefinition) {
	if d.Status != "ACTIVE" {
		c.remove(d.ARN)
		return
	}
	if path, ok := c.path(d.ARN); ok {
		kept.Write(path, d)
	}
}

// remove drops a revision.
func (c definitionCache) remove(arn string) {
	if path, ok := c.path(arn); ok {
		_ = os.Remove(path) // it may not be there
	}
}
