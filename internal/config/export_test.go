package config

// ParseCron is parseCron, for tests.
var ParseCron = parseCron
