package tagboat

import "time"

// Notification is what a webhook gets: how the deployments of one command ended.
type Notification struct {
	ID      string    `json:"id"` // the same at each attempt to deliver it
	App     string    `json:"app"`
	Command string    `json:"command"` // deploy, rollback
	Message string    `json:"message"` // why, in the words of who ran it
	At      time.Time `json:"at"`
	Actor   string    `json:"actor"`  // who a CI system says it was; "" outside of one
	Commit  string    `json:"commit"` // git commit that a CI system built
	Run     string    `json:"run"`    // address of the run of a CI system
	// Deployments are those whose verdicts the webhook is to hear of.
	Deployments []Deployment `json:"deployments"`
}
