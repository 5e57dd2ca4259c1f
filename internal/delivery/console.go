package delivery

import (
	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/fleet"
)

// ConsolePage is where AWS's console shows a service.
type ConsolePage struct {
	Environment tagboat.EnvName     `json:"environment"`
	Service     tagboat.ServiceName `json:"service"`
	URL         string              `json:"url"`
}

// ConsolePages returns where AWS's console shows the selected services. It makes no call.
// Where calls do not go to AWS itself there are none, which is an error of kind Usage.
func (v View) ConsolePages(s fleet.Selection) ([]ConsolePage, error) {
	places, err := v.places(s)
	if err != nil {
		return nil, err
	}
	if !v.Fleet.Access.IsAWS() {
		return nil, tagboat.Usagef("calls go to AWS_ENDPOINT_URL, which has no console").WithHint("unset it to reach AWS itself")
	}
	var pages []ConsolePage
	for _, p := range places {
		region := v.Fleet.Access.Located(p.env).Region
		url := ecs.ConsoleURL(region, p.env.Cluster, p.name)
		if url == "" {
			return nil, tagboat.Usagef("AWS's console has no page for %s/%s that is known, in region %q", p.env.Name, p.service, region).WithHint("give the environment a region: in tagboat.yaml")
		}
		pages = append(pages, ConsolePage{p.env.Name, p.service, url})
	}
	return pages, nil
}
