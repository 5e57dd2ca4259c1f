package deploy

// LastEvent is lastEvent, for tests.
var LastEvent = lastEvent
