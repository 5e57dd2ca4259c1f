package registry

import (
	"cmp"
	"slices"
	"strings"
)

// sortedNames is a set of names in the order in which the OCI specification lists
// tags: letters without regard to case first, then byte by byte. It is a list of
// blocks, each sorted and none empty, so that to add, to remove and to find the
// beginning of a page costs little however many names there are.
type sortedNames struct{ blocks [][]string }

// maxBlock is how long a block gets before it is split.
const maxBlock = 512

func compareNames(a, b string) int {
	return cmp.Or(strings.Compare(strings.ToLower(a), strings.ToLower(b)), strings.Compare(a, b))
}

// find returns the block that has or would have a name, the name's place in it, and
// whether it is there.
func (n *sortedNames) find(name string) (block, at int, found bool) {
	block, _ = slices.BinarySearchFunc(n.blocks, name, func(b []string, name string) int {
		return compareNames(b[len(b)-1], name)
	})
	if block == len(n.blocks) {
		return block, 0, false
	}
	at, found = slices.BinarySearchFunc(n.blocks[block], name, compareNames)
	return block, at, found
}

func (n *sortedNames) add(name string) {
	block, at, found := n.find(name)
	switch {
	case found:
		return
	case len(n.blocks) == 0:
		n.blocks = [][]string{{name}}
		return
	case block == len(n.blocks): // after all others
		block--
		at = len(n.blocks[block])
	}
	b := slices.Insert(n.blocks[block], at, name)
	n.blocks[block] = b
	if len(b) > maxBlock {
		half := len(b) / 2
		n.blocks = slices.Insert(n.blocks, block+1, slices.Clone(b[half:]))
		n.blocks[block] = slices.Clip(b[:half])
	}
}

func (n *sortedNames) remove(name string) {
	block, at, found := n.find(name)
	if !found {
		return
	}
	if n.blocks[block] = slices.Delete(n.blocks[block], at, at+1); len(n.blocks[block]) == 0 {
		n.blocks = slices.Delete(n.blocks, block, block+1)
	}
}

// page returns up to limit names that come after last, which need not be among them,
// and whether there are more.
func (n *sortedNames) page(last string, limit int) (names []string, more bool) {
	block, at := 0, 0
	if last != "" {
		var found bool
		if block, at, found = n.find(last); found {
			at++
		}
	}
	names = []string{}
	for ; block < len(n.blocks); block, at = block+1, 0 {
		rest := n.blocks[block][at:]
		if len(rest) > limit-len(names) {
			return append(names, rest[:limit-len(names)]...), true
		}
		names = append(names, rest...)
	}
	return names, false
}
