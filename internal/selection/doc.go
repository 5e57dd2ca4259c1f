// Package selection chooses one version of an image by a rule, and says why. It is pure:
// what it has to know of versions it is given, and where that is not enough it says what
// else it needs.
//
// Whatever order the candidates come in, a rule chooses the same one: by the rule's key,
// then by push time, then by tag. A tag that does not fit is skipped with its reason and
// has no influence on the choice.
package selection
