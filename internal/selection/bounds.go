package selection

// boundsOf turns an operator and a version, of which numbers may be left open, into
// plain comparisons.
func boundsOf(op string, p partial) []bound {
	if p.given == 0 {
		return anything(op)
	}
	last := p.given - 1
	switch op {
	case ">=", "=>":
		return []bound{{op: ">=", at: p.version}}
	case "<":
		return []bound{{op: "<", at: p.version}}
	case ">":
		if p.given < 3 {
			return []bound{{op: ">=", at: release(p.next(last))}}
		}
		return []bound{{op: ">", at: p.version}}
	case "<=", "=<":
		if p.given < 3 {
			return []bound{{op: "<", at: p.next(last)}}
		}
		return []bound{{op: "<=", at: p.version}}
	case "!=":
		if p.given < 3 {
			return []bound{{op: "!", at: p.version, to: p.next(last)}}
		}
		return []bound{{op: "!", at: p.version, to: after(p.version)}}
	case "~", "~>":
		return between(p, min(last, 1))
	case "^":
		return between(p, p.leading())
	default: // equal
		if p.given < 3 {
			return between(p, last)
		}
		return []bound{{op: ">=", at: p.version}, {op: "<=", at: p.version}}
	}
}

// anything is what operators mean beside a version that is wholly open.
func anything(op string) []bound {
	none := version{core: [3]string{"0", "0", "0"}, pre: []string{"0"}}
	switch op {
	case "<", ">", "!=":
		return []bound{{op: "<", at: none}} // nothing is below everything
	default:
		return []bound{{op: ">=", at: none}}
	}
}

// between allows what is from p on, up to where the number at place i changes.
func between(p partial, i int) []bound {
	return []bound{{op: ">=", at: p.version}, {op: "<", at: p.next(i)}}
}

// leading returns the place of the first number that is given and not zero, which ^ holds
// fixed; where all are zero, of the last one.
func (p partial) leading() int {
	for i := range p.given {
		if compareDigits(p.core[i], "0") != 0 {
			return i
		}
	}
	return p.given - 1
}

func release(v version) version {
	v.pre = nil
	return v
}

// after returns the lowest version that comes after v.
func after(v version) version {
	if v.pre == nil {
		return partial{v, 3}.next(2)
	}
	v.pre = append(v.pre[:len(v.pre):len(v.pre)], "0")
	return v
}
