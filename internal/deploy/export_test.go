package deploy

// LastEvent is lastEvent, for tests.
var LastEvent = lastEvent

// Hopeless is hopeless, for tests.
var Hopeless = hopeless

// Settled is settled, for tests.
var Settled = settled
