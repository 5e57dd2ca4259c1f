package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/ecs"
)

// repositories looks for the repositories of images, with the caller's own credentials.
func (d Doctor) repositories(ctx context.Context, r *report) {
	found, others := 0, 0
	seen := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(d.Fleet.Config.Images)) {
		at := d.Fleet.Config.Images[name].Repository
		if seen[at.Name()] {
			continue
		}
		seen[at.Name()] = true
		api, account, ok := d.Access.ECR(at)
		if !ok {
			others++
			continue
		}
		_, err := api.Movable(ctx, account, at.Repository)
		switch {
		case err == nil:
			found++
		case errors.Is(err, ecs.ErrNotFound):
			r.add("repository", tagboat.CheckProblem, fmt.Sprintf("repository %s of image %s does not exist", at.Name(), name), createRepository(at))
		default:
			r.failed("repository", err)
			return
		}
	}
	if found > 0 {
		r.ok("repositories", "%d of %d", found, len(seen)-others)
	}
	if others > 0 {
		r.add("repositories", tagboat.CheckUnchecked, fmt.Sprintf("%d outside of ECR", others), "tagboat images lists what they have")
	}
}

func createRepository(at tagboat.Reference) string {
	s := "aws ecr create-repository --repository-name " + at.Repository
	if _, region, ok := tagboat.ParseECRHost(at.Host); ok {
		s += " --region " + region
	}
	return s + ", or correct it in tagboat.yaml"
}

// addLogGroups adds the log groups that containers of a task definition write to in the
// region, and whether ECS creates them.
func addLogGroups(groups map[string]bool, definition json.RawMessage, region string) {
	var d struct {
		ContainerDefinitions []struct {
			LogConfiguration struct {
				LogDriver string
				Options   map[string]string
			}
		}
	}
	if json.Unmarshal(definition, &d) != nil {
		return // reported where it is deployed
	}
	for _, c := range d.ContainerDefinitions {
		options := c.LogConfiguration.Options
		group, in := options["awslogs-group"], options["awslogs-region"]
		if c.LogConfiguration.LogDriver != "awslogs" || group == "" || in != "" && in != region {
			continue
		}
		creates, _ := strconv.ParseBool(options["awslogs-create-group"])
		groups[group] = groups[group] || creates
	}
}
