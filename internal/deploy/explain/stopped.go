package explain

import "slices"

// stoppedReasons is what the stopped reasons of tasks and containers mean, the special
// before the general.
func stoppedReasons() []meaning {
	return slices.Concat(pullReasons(), initialisationReasons(), startupReasons())
}

// messages is all that is known of AWS's messages.
func messages() []meaning { return slices.Concat(stoppedReasons(), placementReasons()) }
