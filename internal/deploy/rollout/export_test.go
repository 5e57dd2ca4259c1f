package rollout

// LastEvent is lastEvent, for tests.
var LastEvent = lastEvent

// Hopeless is hopeless, for tests.
var Hopeless = hopeless
