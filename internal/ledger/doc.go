// Package ledger keeps the pins, which image should run where, in AWS Systems
// Manager's Parameter Store, and loses no update although Parameter Store has no
// compare-and-set.
//
// One parameter holds the pins of one group of images in one environment as a flat
// JSON object, so that a template or a script can read it as well.
//
// # The write protocol
//
// A writer reads the value and its version v, writes the merged value, and learns the
// version w that it became. If w is v+1, nobody came between. Otherwise somebody's
// update was overwritten, and the writer repairs that before it acknowledges its own:
// it reads the history, works out what the value should be, and writes that.
//
// What the value should be follows from the history alone. The description of each
// version says which keys its writer meant to set (the rest it only carried along), so
// replaying the intentions in the order of the versions gives the value with every
// update in it, whatever was overwritten on the way. A repair intends nothing; it can
// therefore be done twice, by anybody, and by whoever comes after a writer that died
// between its write and its repair. Different images never conflict; for the same
// image the later version wins, and the loser is told.
//
// Versions that others wrote (the console, a script) have no such description, or one
// that does not fit the value: they count as meaning every key that they changed
// against the version before them.
package ledger
