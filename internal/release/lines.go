package release

import (
	"fmt"
	"slices"
	"strings"
)

// around is how many lines stand around those that differ.
const around = 3

// longestDiff bounds the table that finds the longest common lines. Files past it differ in whole.
const longestDiff = 4 << 20

// edit is a line of both texts (' '), of the first ('-') or of the second one ('+').
type edit struct {
	kind byte
	line string
}

// unified returns the lines that differ between two texts as diff -u has them, without the names
// of files; "" where none does.
func unified(from, to string) string {
	if from == to {
		return ""
	}
	edits := compare(lines(from), lines(to))
	var out strings.Builder
	a, b := 1, 1 // the line that comes next of each
	for i := 0; i < len(edits); {
		end := hunk(edits, i)
		if end < 0 {
			a, b, i = a+1, b+1, i+1
			continue
		}
		var olds, news int
		for _, e := range edits[i:end] {
			olds, news = olds+count(e.kind != '+'), news+count(e.kind != '-')
		}
		fmt.Fprintf(&out, "@@ -%s +%s @@\n", span(a, olds), span(b, news))
		for _, e := range edits[i:end] {
			out.WriteByte(e.kind)
			out.WriteString(e.line + "\n")
		}
		a, b, i = a+olds, b+news, end
	}
	return out.String()
}

// hunk returns where the lines end that belong together from i on; -1 where no line that differs
// is near enough.
func hunk(edits []edit, i int) int {
	end, same := -1, 0
	for n := i; n < len(edits); n++ {
		if edits[n].kind != ' ' {
			end, same = n+1, 0
			continue
		}
		same++
		if end < 0 && same > around || same > 2*around {
			break
		}
	}
	if end < 0 {
		return -1
	}
	return min(end+around, len(edits))
}

func count(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// span writes which lines a hunk has: none begin before the first of them.
func span(from, n int) string {
	if n == 0 {
		from--
	}
	return fmt.Sprintf("%d,%d", from, n)
}

func lines(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

// compare returns the edits from one list of lines to another, as few as there can be.
func compare(a, b []string) []edit {
	var edits, tail []edit
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		edits = append(edits, edit{' ', a[0]})
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		tail = append(tail, edit{' ', a[len(a)-1]})
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	slices.Reverse(tail)
	common := func(int, int) int { return 0 }
	if (len(a)+1)*(len(b)+1) <= longestDiff {
		common = commonLines(a, b)
	}
	for i, j := 0, 0; i < len(a) || j < len(b); {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			edits = append(edits, edit{' ', a[i]})
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && common(i+1, j) >= common(i, j+1):
			edits = append(edits, edit{'-', a[i]})
			i++
		default:
			edits = append(edits, edit{'+', b[j]})
			j++
		}
	}
	return append(edits, tail...)
}

// commonLines returns how many lines two texts have in common, in order, from a line of each on.
func commonLines(a, b []string) func(i, j int) int {
	width := len(b) + 1
	table := make([]int32, (len(a)+1)*width)
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			table[i*width+j] = max(table[(i+1)*width+j], table[i*width+j+1])
			if a[i] == b[j] {
				table[i*width+j] = table[(i+1)*width+j+1] + 1
			}
		}
	}
	return func(i, j int) int { return int(table[i*width+j]) }
}
