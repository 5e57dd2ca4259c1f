package hint

import (
	"cmp"
	"encoding/json"
	"strings"
	"time"

	"github.com/tagboat/tagboat"
)

// GHCR returns the hints of a webhook of GitHub's packages: kind is the header X-GitHub-Event. Other
// events of GitHub, and packages that are no images, have none. The error is of kind Usage.
// https://docs.github.com/en/webhooks/webhook-events-and-payloads#package
func GHCR(kind string, body []byte) ([]Hint, error) {
	if kind != "package" && kind != "registry_package" {
		return nil, nil
	}
	var sent struct {
		Package         ghcrPackage `json:"package"`
		RegistryPackage ghcrPackage `json:"registry_package"`
	}
	if err := decode(body, &sent); err != nil {
		return nil, unreadable(err)
	}
	p := sent.Package
	if kind == "registry_package" {
		p = sent.RegistryPackage
	}
	if p.Type != "" && !strings.EqualFold(p.Type, "container") {
		return nil, nil
	}
	return one(Hint{
		Source: "ghcr", Registry: "ghcr.io", Repository: cmp.Or(p.Owner.Login, p.Namespace) + "/" + p.Name,
		Tag: p.Version.Container.Tag.Name, Digest: p.Version.Container.Tag.Digest, At: timeOf(p.Version.Updated),
	})
}

type ghcrPackage struct {
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
	Type      string `json:"package_type"`
	Owner     struct {
		Login string `json:"login"`
	} `json:"owner"`
	Version struct {
		Updated   string `json:"updated_at"`
		Container struct {
			Tag struct {
				Name   string         `json:"name"`
				Digest tagboat.Digest `json:"digest"`
			} `json:"tag"`
		} `json:"container_metadata"`
	} `json:"package_version"`
}

// Webhook returns the hints of a webhook of any other registry, or of a pipeline. Its body names a
// repository in one of the forms that docs/watch.md lists. The error is of kind Usage.
func Webhook(body []byte) ([]Hint, error) {
	var sent webhook
	if err := decode(body, &sent); err != nil {
		return nil, unreadable(err)
	}
	switch {
	case len(sent.Events) > 0:
		return sent.distribution()
	case sent.artifacts().Repository.FullName != "":
		return sent.harbor()
	default:
		return sent.repository()
	}
}

// webhook is the union of the forms.
type webhook struct {
	// Of Tagboat, and of Quay: https://docs.redhat.com/en/documentation/red_hat_quay/3/html/use_red_hat_quay/repository-events
	// Docker Hub's repository is an object: https://docs.docker.com/docker-hub/repos/manage/webhooks/
	Repository json.RawMessage `json:"repository"`
	Registry   string          `json:"registry"`
	Tag        string          `json:"tag"`
	Digest     tagboat.Digest  `json:"digest"`
	DockerURL  string          `json:"docker_url"` // of Quay: with the host
	PushData   *struct {
		Tag    string `json:"tag"`
		Pushed int64  `json:"pushed_at"`
	} `json:"push_data"` // of Docker Hub

	// Of the Distribution project: https://distribution.github.io/distribution/about/notifications/
	Events []struct {
		ID        string `json:"id"`
		Timestamp string `json:"timestamp"`
		Action    string `json:"action"`
		Target    struct {
			MediaType  string         `json:"mediaType"`
			Repository string         `json:"repository"`
			Tag        string         `json:"tag"`
			Digest     tagboat.Digest `json:"digest"`
		} `json:"target"`
		Request struct {
			Host string `json:"host"`
		} `json:"request"`
	} `json:"events"`

	// Of Harbor, in its own form and as a CloudEvent:
	// https://goharbor.io/docs/main/working-with-projects/project-configuration/configure-webhooks/
	Type      string      `json:"type"`
	EventData harborEvent `json:"event_data"`
	Data      harborEvent `json:"data"`
}

type harborEvent struct {
	Repository struct {
		FullName string `json:"repo_full_name"`
	} `json:"repository"`
	Resources []struct {
		Digest tagboat.Digest `json:"digest"`
		Tag    string         `json:"tag"`
		URL    string         `json:"resource_url"`
	} `json:"resources"`
}

// repository is what one repository's own webhook says.
func (w webhook) repository() ([]Hint, error) {
	h := Hint{Registry: w.Registry, Tag: w.Tag, Digest: w.Digest}
	if json.Unmarshal(w.Repository, &h.Repository) != nil {
		var hub struct {
			Name string `json:"repo_name"`
		}
		_ = decode(w.Repository, &hub) // what is no name is refused below
		h.Registry, h.Repository = "docker.io", hub.Name
	}
	if w.PushData != nil {
		h.Tag, h.At = w.PushData.Tag, time.Unix(w.PushData.Pushed, 0).UTC()
	}
	if w.DockerURL != "" {
		h.Repository = w.DockerURL
	}
	return one(h)
}

// distribution leaves out what is no change of a repository: pulls, and layers.
func (w webhook) distribution() ([]Hint, error) {
	var all []Hint
	for _, e := range w.Events {
		if e.Action != "push" && e.Action != "delete" || e.Target.MediaType == "application/octet-stream" {
			continue
		}
		found, err := one(Hint{
			ID: e.ID, Registry: e.Request.Host, Repository: e.Target.Repository, Tag: e.Target.Tag, Digest: e.Target.Digest, At: timeOf(e.Timestamp),
		})
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// artifacts returns what Harbor says of artifacts, in either form.
func (w webhook) artifacts() harborEvent {
	if w.EventData.Repository.FullName != "" {
		return w.EventData
	}
	return w.Data
}

// harbor knows the host from where an artifact is pulled: HOST/PROJECT/NAME:TAG.
func (w webhook) harbor() ([]Hint, error) {
	kind, ok := harborKinds()[w.Type]
	if !ok {
		return nil, nil
	}
	event := w.artifacts()
	h := Hint{Kind: kind, Repository: event.Repository.FullName}
	if len(event.Resources) > 0 {
		r := event.Resources[0]
		h.Tag, h.Digest = r.Tag, r.Digest
		if ref, err := tagboat.ParseReference(r.URL); err == nil {
			h.Registry = ref.Host
		}
	}
	return one(h)
}

func harborKinds() map[string]Kind {
	return map[string]Kind{
		"PUSH_ARTIFACT": Pushed, "DELETE_ARTIFACT": Pushed, "REPLICATION": Pushed, "SCANNING_COMPLETED": Scanned,
		"harbor.artifact.pushed": Pushed, "harbor.artifact.deleted": Pushed, "harbor.replication.status.changed": Pushed, "harbor.scan.completed": Scanned,
	}
}

// one checks a hint as anybody may have sent it. Its repository may have the host in front.
func one(h Hint) ([]Hint, error) {
	name := h.Repository
	if h.Registry != "" {
		name = h.Registry + "/" + name
	}
	ref, err := tagboat.ParseReference(strings.ToLower(name))
	if err != nil || ref.Tag != "" || ref.Digest != "" || h.Registry != "" && ref.Host == "" {
		return nil, tagboat.Usagef("the webhook names no repository").WithHint("%s", forms)
	}
	h.Registry, h.Repository, h.Digest = ref.Host, ref.Repository, digestOf(string(h.Digest))
	if !tagboat.ValidTag(h.Tag) {
		h.Tag = ""
	}
	if h.Kind == "" {
		h.Kind = Pushed
	}
	if h.Source == "" {
		h.Source = "webhook"
	}
	return []Hint{h}, nil
}

const forms = `send {"repository": "shop/api"}, or one of the forms that docs/watch.md lists`

func unreadable(err error) error {
	return tagboat.Usagef("the webhook cannot be read: %v", err).WithHint("%s", forms)
}
