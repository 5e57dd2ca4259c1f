package page

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/serve/door"
	"github.com/tagboat/tagboat/internal/words"
)

// drawer is what the drawer shows.
type drawer struct {
	place
	tagboat.ServiceDocument
	Cell    cell
	By      string // who brought what runs
	Acts    []act
	Rollout *tagboat.RolloutDocument // nil where nothing rolls
	Causes  []tagboat.Cause
}

func (p *Page) service(r *http.Request) (screen, error) {
	at, err := p.placeOf(r)
	if err != nil {
		return screen{}, err
	}
	v, err := p.look(r.Context(), at)
	if err != nil {
		return screen{}, err
	}
	v.Acts = actsFor(v, p.Desk.Person(door.Of(r.Context())))
	return screen{title: string(at.service) + " in " + string(at.env), section: "/", body: drawerView(v)}, nil
}

// placeOf returns the place that an address names.
func (p *Page) placeOf(r *http.Request) (place, error) {
	at := place{tagboat.EnvName(r.PathValue("env")), tagboat.ServiceName(r.PathValue("service"))}
	if _, err := p.Config.Environment(string(at.env)); err != nil {
		return at, missing(tagboat.HintOf(err), "there is no environment %q", at.env)
	}
	if _, err := p.Config.Service(string(at.service)); err != nil {
		return at, missing(tagboat.HintOf(err), "there is no service %q", at.service)
	}
	return at, nil
}

// look reads all that the drawer shows, at once.
func (p *Page) look(ctx context.Context, at place) (drawer, error) {
	v := drawer{place: at}
	s := p.sight()
	column := s.column(p.Config.Environments[at.env])
	v.Cell = s.cellIn(column, at.service)
	all, ctx := errgroup.WithContext(ctx)
	all.Go(func() (err error) {
		v.ServiceDocument, err = p.Desk.Service(ctx, at.env, at.service)
		return err
	})
	seen := s.at(at)
	if seen.State == "in-progress" || seen.State == "failed" {
		all.Go(func() error {
			d, err := p.Desk.Rollout(ctx, at.env, at.service)
			if err == nil {
				v.Rollout = &d
			}
			return nil // what else there is is worth showing
		})
	}
	if v.Cell.Tone == toneBad {
		all.Go(func() error {
			d, err := p.Desk.Explain(ctx, at.env, at.service)
			if err == nil {
				v.Causes = d.Causes
			}
			return nil
		})
	}
	if err := all.Wait(); err != nil {
		return v, err
	}
	v.Cell = cellOf(v.Status, s.at(place{column.Upstream, at.service}), column, s.document.Frozen)
	v.By = broughtBy(v.Status, v.Events)
	return v, nil
}

// broughtBy returns who deployed what runs.
func broughtBy(s tagboat.ServiceStatus, events []tagboat.Event) string {
	for _, e := range events {
		if e.DeploymentID != "" && e.DeploymentID == s.DeploymentID {
			return whoDid(e)
		}
	}
	for _, e := range events {
		if slices.Contains([]string{"deploy", "rollback", "promote"}, e.Command) && (e.Service == s.Service || e.Service == "") {
			return whoDid(e)
		}
	}
	return "unknown"
}

func whoDid(e tagboat.Event) string { return cmp.Or(e.Actor, words.Who(e.By)) }

func whyAddress(p place, image tagboat.ImageName) string {
	return p.address() + "/why?" + url.Values{"image": {string(image)}}.Encode()
}

func (p *Page) why(r *http.Request) (screen, error) {
	at, err := p.placeOf(r)
	if err != nil {
		return screen{}, err
	}
	image := tagboat.ImageName(r.URL.Query().Get("image"))
	if image == "" {
		image = p.sight().at(at).Main().Image
	}
	d, err := p.Desk.Why(r.Context(), at.env, image)
	if err != nil {
		return screen{}, err
	}
	return screen{title: "Why not newer?", section: "/", body: whyView(at, d)}, nil
}

// lane is the tasks of one of ECS's deployments.
type lane struct {
	Title, Definition, Words, Reason string
	Tasks                            []laneTask
}

type laneTask struct{ ID, Phase, Word, Title string }

// lanes sorts tasks by the deployment that they are of: the new one first.
func lanes(d tagboat.RolloutDocument) []lane {
	var all []lane
	for n, deployment := range d.Deployments {
		l := lane{Title: "Old tasks", Definition: deployment.TaskDefinition, Words: strings.ToLower(strings.ReplaceAll(deployment.State, "_", " ")), Reason: deployment.Reason}
		if deployment.Status == "PRIMARY" || n == 0 {
			l.Title = "New tasks"
		}
		if len(d.Deployments) == 1 {
			l.Title = "Tasks"
		}
		for _, t := range d.Tasks {
			if t.Deployment == deployment.ID || t.Deployment == "" && t.TaskDefinition == deployment.TaskDefinition {
				l.Tasks = append(l.Tasks, taskOf(t))
			}
		}
		all = append(all, l)
	}
	return all
}

// taskOf says in a word which part of its life a task is in.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html
func taskOf(t tagboat.RolloutTask) laneTask {
	out := laneTask{ID: t.ID, Title: strings.TrimSpace(t.Status + " " + t.Health + " " + t.Reason)}
	say := func(phase, word string) { out.Phase, out.Word = phase, word }
	switch {
	case t.Status == "STOPPED" && t.Reason != "":
		say("stopped", "stopped: "+t.Reason)
	case t.Status == "STOPPED" || t.Status == "DELETED":
		say("stopped", "stopped")
	case t.Wanted == "STOPPED" || t.Status == "DEACTIVATING" || t.Status == "STOPPING" || t.Status == "DEPROVISIONING":
		say("draining", "drains")
	case t.Status != "RUNNING":
		say("starting", "starts")
	case t.Health == "UNHEALTHY":
		say("sick", "fails its check")
	case t.Health == "HEALTHY":
		say("up", "healthy")
	default:
		say("checking", "runs")
	}
	return out
}

// lifecycle has the stages of a deployment that is not rolling.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-lifecycle-hooks.html
func lifecycle() []string {
	return []string{"RECONCILE_SERVICE", "PRE_SCALE_UP", "SCALE_UP", "POST_SCALE_UP", "TEST_TRAFFIC_SHIFT", "POST_TEST_TRAFFIC_SHIFT",
		"PRODUCTION_TRAFFIC_SHIFT", "POST_PRODUCTION_TRAFFIC_SHIFT", "BAKE_TIME", "CLEAN_UP"}
}

type lifecycleStage struct {
	Name      string
	Now, Done bool
}

func stagesOf(d tagboat.RolloutDocument) []lifecycleStage {
	if len(d.Deployments) == 0 || d.Deployments[0].Stage == "" {
		return nil
	}
	at := slices.Index(lifecycle(), d.Deployments[0].Stage)
	if at < 0 {
		return []lifecycleStage{{Name: stageWords(d.Deployments[0].Stage), Now: true}}
	}
	var all []lifecycleStage
	for i, name := range lifecycle() {
		s := lifecycleStage{stageWords(name), i == at, i < at}
		if s.Now && d.Deployments[0].Waits {
			s.Name += " (waits)"
		}
		all = append(all, s)
	}
	return all
}

func stageWords(name string) string { return strings.ToLower(strings.ReplaceAll(name, "_", " ")) }
