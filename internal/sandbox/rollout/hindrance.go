package rollout

import (
	"slices"
	"time"
)

// Hindrance keeps tasks from being placed, as where a cloud has no capacity left.
type Hindrance struct {
	ClusterARN string `json:"clusterArn"`
	Group      string `json:"group,omitempty"`    // such as service:web; "" means all
	Provider   string `json:"provider,omitempty"` // launch type or capacity provider; "" means all
	Reason     string `json:"reason,omitempty"`   // "" means AWS's own words
	Left       int    `json:"left,omitempty"`     // how many more tasks; 0 means no end
	Ends       bool   `json:"ends,omitempty"`     // Left counts
}

// Hinder has tasks find no place from now on.
func (e *Engine) Hinder(now time.Time, h Hindrance) {
	e.Advance(now)
	h.Ends = h.Left > 0
	e.hindrances = append(e.hindrances, h)
}

// Unhinder ends all hindrances. Services that wait for a place look again.
func (e *Engine) Unhinder(now time.Time) {
	e.Advance(now)
	e.hindrances = nil
	for _, s := range e.Services("") {
		for _, d := range s.Deployments {
			if d.state.Unplaced > 0 {
				d.state.NotBefore = e.now
				e.wake(s)
			}
		}
	}
	e.Advance(e.now)
}

// Hindrances returns those that go on.
func (e *Engine) Hindrances() []Hindrance { return slices.Clone(e.hindrances) }

const noCapacity = "Capacity is unavailable at this time. Please try again later or in a different availability zone."

// hindered tells what keeps a task from being placed, nil where nothing does.
func (e *Engine) hindered(t *Task) *Unplaced {
	for n := range e.hindrances {
		h := &e.hindrances[n]
		if h.ClusterARN != t.ClusterARN || h.Group != "" && h.Group != t.Group ||
			h.Provider != "" && h.Provider != t.LaunchType && h.Provider != t.CapacityProvider {
			continue
		}
		reason := h.Reason
		if h.Ends {
			if h.Left--; h.Left == 0 {
				e.hindrances = slices.Delete(e.hindrances, n, n+1)
			}
		}
		if reason == "" && (t.LaunchType == "EC2" || t.LaunchType == "EXTERNAL") {
			why := &Unplaced{}
			for _, i := range e.Instances(t.ClusterARN) {
				why.Lacking = append(why.Lacking, Lacking{i.ARN, "MEMORY"})
			}
			why.explain()
			return why
		}
		if reason == "" {
			reason = noCapacity
		}
		return &Unplaced{Reason: "was unable to place a task. Reason: " + reason}
	}
	return nil
}
