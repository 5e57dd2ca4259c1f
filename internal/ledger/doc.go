// Package ledger keeps the pins, which image should run where, in AWS Systems Manager's
// Parameter Store, and loses no update although Parameter Store has no compare-and-set.
//
// One parameter holds the pins of one group of images in one environment as a flat JSON
// object, so that a template or a script can read it as well.
//
// # The write protocol
//
// A writer reads the value and its version v, writes the merged value, and learns the
// version w that it became. If w is v+1, no other write came between. Otherwise the writer
// has overwritten an update, and repairs that before it acknowledges its own: it reads the
// history, works out what the value should be, and writes that.
//
// What the value should be follows from the history alone. The description of each version
// says which keys its writer meant to set; it only carried the others along. Replaying these
// intentions in the order of the versions gives the value with every update in it, whatever
// was overwritten on the way. A repair intends nothing, so that it can be done twice, by any
// writer, and by the next one after a writer that died between its write and its repair.
// Different images never conflict. For the same image the later version wins, and the
// receipt of the earlier writer says so.
//
// The value itself bears a mark, in blanks that mean nothing in JSON, of which version its
// writer had read. If that is the version before it, no update is missing from it: its
// writer had read all there was, and a writer that writes over a version without such a mark
// reads the history first. One read is therefore enough to know, an uncontended write costs
// two calls, and the next reader or writer after a writer that died repairs what it left. A
// version with such a mark also stands for everything before it, so that nothing is
// forgotten though Parameter Store keeps a hundred versions only.
//
// A read may be stale. A writer with an old idea of the newest version learns so from the
// number that its write became, and reads the history until its own version is in it. An
// update that changes nothing writes nothing: its receipt says what the read said.
//
// # Decisions
//
// An intention can be conditional: a key counts only if it holds what its writer had read
// when it decided. Replay alone decides that, so that readers and writers agree, and the
// loser learns it from replay too. An intention has an identity: a write that is repeated,
// or arrives once more later, counts once. An intention that would take the value over its
// limit counts for nothing, and neither does one that lands too many versions after the one
// it was based on; its writer means that again.
//
// A writer that could not be certain, because no version was left that said everything,
// records that in its note: what it says about others' updates then counts only if no write
// came between.
//
// Versions written by others (the console, a script) have no such description, or one that
// does not fit the value: they count as meaning every key that they changed against the
// version before them.
package ledger
