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
// The value itself bears a mark, in blanks that mean nothing in JSON, of which version its
// writer had read. Where that is the version before it, no update is missing from it: its
// writer had read all there was, and whoever writes over a version without such a mark asks
// the history first. So one read is enough to know, a writer costs two calls where nobody
// came between, and whoever comes next after a writer that died repairs what it left, be it
// a writer or a reader. A version with such a mark also stands for everything before it, so
// that nothing is forgotten though Parameter Store keeps a hundred versions only.
//
// A read may be behind. A writer that is wrong about the newest version learns so from the
// number that its write became, and reads the history until that has its own version. An
// update of what is there already writes nothing: its receipt says what the read said.
//
// # Decisions
//
// An intention can be conditional: a key counts only where it holds what its writer had read
// when it decided. Replay alone says whether it does, so that readers and writers come to the
// same, and who lost learns so from it. An intention has an identity: a write that is made
// twice, or arrives once more later, counts once. One that would take the value over its
// limit counts for nothing, and neither does one that lands too many versions after what it
// was based on; its writer means that again.
//
// A writer that could not be certain, since no version was kept that told, says so in the
// note: its word about what others meant counts only where nobody came between.
//
// Versions that others wrote (the console, a script) have no such description, or one
// that does not fit the value: they count as meaning every key that they changed
// against the version before them.
package ledger
