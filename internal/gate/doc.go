// Package gate judges whether a version may enter a stage by what the version itself
// shows: the registry's scan, its labels and annotations, a signature. Every gate gives
// its reason, passed or not, and what is not known is not passed.
package gate
