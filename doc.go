// Package tagboat holds the words that every part of Tagboat shares: references
// to images and their digests, pins, verdicts, and the kinds of error with the
// exit code that each maps to. It imports nothing but the standard library, and
// every other package may import it.
//
// Which container image runs in which Amazon ECS environment, and which one
// should? The words of that question are the types here:
//
//   - an image is a name in tagboat.yaml for a repository in a registry;
//   - a version is one immutable observation of it: repository and digest;
//   - a pin says which version of an image should run in an environment;
//   - a deployment makes ECS match the pins and ends in exactly one verdict.
package tagboat
