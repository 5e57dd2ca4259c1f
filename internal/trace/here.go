package trace

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
)

// services returns how the services of the environment stand that run the image.
func (w *why) services() []tagboat.ServiceStatus {
	var all []tagboat.ServiceStatus
	for _, s := range w.seen.document.Services {
		if s.Environment == w.env.Name && slices.ContainsFunc(s.Images, func(i tagboat.ImageState) bool { return i.Image == w.image.Name }) {
			all = append(all, s)
		}
	}
	return all
}

// runs returns the versions that run.
func (w *why) runs() []tagboat.Digest {
	runs := []tagboat.Digest{}
	for _, s := range w.services() {
		for _, i := range s.Images {
			if i.Image == w.image.Name && i.Running != "" && !slices.Contains(runs, i.Running) {
				runs = append(runs, i.Running)
			}
		}
	}
	return runs
}

// here tells what is pinned, what the deployed task definitions have and what the tasks run.
func (w *why) here() {
	wanted := w.document.Version
	pin, ok := w.seen.books[w.env.Name].Pin(w.env.Name, w.image.Name)
	pinned := tagboat.Observed{Tag: pin.Tag, Digest: pin.Digest}
	todo := fmt.Sprintf("tagboat pin %s=%s --env %s", w.image.Name, readable(wanted), w.env.Name)
	if w.document.Release != "" {
		todo = fmt.Sprintf("tagboat promote %s --env %s", w.document.Release, w.env.Name)
	}
	switch {
	case !ok:
		w.link(linkPinned, tagboat.LinkOpen, todo, "no version is pinned in %s", w.env.Name)
	case pin.Digest != wanted.Digest:
		w.link(linkPinned, tagboat.LinkOpen, todo, "%s is pinned in %s%s", readable(pinned), w.env.Name, w.held())
	default:
		w.link(linkPinned, tagboat.LinkClosed, "", "it is pinned in %s by version %d of %s", w.env.Name, pin.ParameterVersion, pin.Parameter)
	}
	w.deployed(wanted)
}

// held says who keeps automation away, for what people read.
func (w *why) held() string {
	holds, _ := w.seen.books[w.env.Name].Holds(w.env.Name) // what cannot be read of them status says
	hold := holds.Of(w.image.Name, w.trace.Access.Session(w.env).Now())
	switch {
	case holds[w.image.Name].Rejects(w.document.Version.Digest):
		return "; a rollback rejected " + readable(w.document.Version)
	case hold == nil:
		return ""
	case hold.Reason == "":
		return ", and held"
	default:
		return ", and held: " + hold.Reason
	}
}

// deployed tells which services have the version in their task definition, and which run it.
func (w *why) deployed(wanted tagboat.Observed) {
	var missing, elsewhere, running []string
	services := w.services()
	for _, s := range services {
		for _, i := range s.Images {
			if i.Image != w.image.Name {
				continue
			}
			brings := i.Running
			if i.Deploying != "" {
				brings = i.Deploying
			}
			if brings != wanted.Digest || brings == "" {
				missing = append(missing, string(s.Service))
			}
			if i.Running != wanted.Digest || i.Running == "" {
				elsewhere = append(elsewhere, fmt.Sprintf("%s is %s and runs %s", s.Service, s.State, cmp.Or(readable(tagboat.Observed{Tag: i.RunningTag, Digest: i.Running}), "nothing that can be told")))
			} else {
				running = append(running, fmt.Sprintf("%s with %d of %d tasks", s.Service, s.Healthy, s.Desired))
			}
		}
	}
	if len(services) == 0 {
		w.link(linkDeployed, tagboat.LinkOpen, "name it under the containers of a service", "no service runs the image")
		return
	}
	names := strings.Join(slices.Compact(missing), " ")
	if names != "" {
		w.link(linkDeployed, tagboat.LinkOpen, fmt.Sprintf("tagboat deploy --env %s %s", w.env.Name, names), "the newest deployments of %s do not bring it", strings.Join(slices.Compact(missing), ", "))
	} else {
		w.link(linkDeployed, tagboat.LinkClosed, "", "the task definitions of %s have it", servicesText(services))
	}
	if len(elsewhere) > 0 {
		w.link(linkRunning, tagboat.LinkOpen, fmt.Sprintf("tagboat explain --env %s %s", w.env.Name, string(services[0].Service)), "%s", strings.Join(elsewhere, "; "))
		return
	}
	w.link(linkRunning, tagboat.LinkClosed, "", "%s", strings.Join(running, ", "))
}

func servicesText(services []tagboat.ServiceStatus) string {
	names := make([]string, len(services))
	for i, s := range services {
		names[i] = string(s.Service)
	}
	return strings.Join(names, ", ")
}
