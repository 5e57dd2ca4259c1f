package pattern

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// expression reads the rest of an object such as {"prefix": "x"}.
func (p *parser) expression() (value, error) {
	name, t, err := p.only("Match expression name not found")
	if err != nil {
		return value{}, err
	}
	var v value
	switch name {
	case "prefix", "suffix":
		v.matches, err = p.affix(name, t)
	case "equals-ignore-case", "wildcard", "cidr":
		v.matches, err = p.text(name, t)
	case "numeric":
		v.matches, err = p.numeric(t)
	case "anything-but":
		var but func(any) bool
		if but, err = p.anythingBut(t); err == nil {
			v.matches = func(is any) bool { return !but(is) }
		}
	case "exists":
		exists, ok := t.value.(bool)
		if !ok {
			return v, p.fail(t.at, "exists match pattern must be either true or false.")
		}
		v.absent, v.matches = !exists, func(any) bool { return true }
	default:
		return v, p.fail(t.at, "Unrecognized match type %s", name)
	}
	if err != nil {
		return v, err
	}
	return v, p.end()
}

// only reads the name of an object's only member and the first token of its value.
func (p *parser) only(missing string) (string, token, error) {
	t, err := p.next()
	if err != nil {
		return "", t, err
	}
	name, ok := t.value.(string)
	if !ok {
		return "", t, p.fail(t.at, "%s", missing)
	}
	t, err = p.next()
	return name, t, err
}

func (p *parser) end() error {
	t, err := p.next()
	if err == nil && !t.is('}') {
		return p.fail(t.at, "Only one key allowed in match expression")
	}
	return err
}

// affix reads the value of prefix or suffix: a string, or one whose case does not count.
func (p *parser) affix(name string, t token) (func(any) bool, error) {
	if !t.is('{') {
		return p.text(name, t)
	}
	inner, t, err := p.only("Match expression name not found")
	if err != nil {
		return nil, err
	}
	if inner != "equals-ignore-case" {
		return nil, p.fail(t.at, "Unsupported anything-but pattern: %s", inner)
	}
	match, err := p.text(name+"-equals-ignore-case", t)
	if err != nil {
		return nil, err
	}
	return match, p.end()
}

// text makes what compares with a string.
func (p *parser) text(kind string, t token) (func(any) bool, error) {
	text, ok := t.value.(string)
	if !ok {
		if kind == "cidr" {
			kind = "prefix"
		}
		return nil, p.fail(t.at, "%s match pattern must be a string", strings.TrimSuffix(kind, "-equals-ignore-case"))
	}
	switch kind {
	case "wildcard":
		if why := badWildcard(text); why != "" {
			return nil, p.fail(p.decoder.InputOffset(), "%s", why)
		}
	case "cidr":
		if _, err := netip.ParsePrefix(text); err != nil {
			return nil, p.fail(p.decoder.InputOffset(), "Malformed CIDR, one '/' required")
		}
	}
	compare := comparisons()[kind]
	return func(is any) bool {
		s, ok := is.(string)
		return ok && compare(s, text)
	}, nil
}

// anythingBut reads what a value must not be: one or several strings or numbers, or what strings
// must not look like.
func (p *parser) anythingBut(t token) (func(any) bool, error) {
	kind := ""
	if t.is('{') {
		var err error
		if kind, t, err = p.only("Anything-But expression name not found"); err != nil {
			return nil, err
		}
		if !slices.Contains([]string{"prefix", "suffix", "equals-ignore-case", "wildcard"}, kind) {
			return nil, p.fail(t.at, "Unsupported anything-but pattern: %s", kind)
		}
	}
	list := []token{t}
	if t.is('[') {
		var err error
		if list, err = p.list(); err != nil {
			return nil, err
		}
	}
	var all []func(any) bool
	numbers := 0
	for _, one := range list {
		match, err := p.but(kind, one)
		if err != nil {
			return nil, err
		}
		if _, isNumber := one.value.(json.Number); isNumber {
			numbers++
		}
		all = append(all, match)
	}
	if len(all) == 0 || numbers > 0 && numbers < len(all) {
		return nil, p.fail(p.decoder.InputOffset(), "Inside anything but list, either all values are number or string, mixed type is not supported")
	}
	but := func(is any) bool {
		return slices.ContainsFunc(all, func(match func(any) bool) bool { return match(is) })
	}
	if kind != "" {
		return but, p.end()
	}
	return but, nil
}

func (p *parser) list() ([]token, error) {
	var list []token
	for {
		t, err := p.next()
		if err != nil || t.is(']') {
			return list, err
		}
		list = append(list, t)
		if _, isDelim := t.value.(json.Delim); isDelim {
			return list, nil // which is refused
		}
	}
}

// but makes what matches one of the values that are excluded.
func (p *parser) but(kind string, t token) (func(any) bool, error) {
	switch text := t.value.(type) {
	case string:
		if kind == "prefix" || kind == "suffix" {
			if text == "" {
				return nil, p.fail(t.at, "Null prefix/suffix not allowed")
			}
		}
		if kind != "" {
			return p.text(kind, t)
		}
		return func(is any) bool { return is == text }, nil
	case json.Number:
		if kind == "" {
			if _, err := p.number(t); err != nil {
				return nil, err
			}
			return equalsNumber(text), nil
		}
	}
	switch kind {
	case "":
		return nil, p.fail(t.at, "Inside anything but list, start|null|boolean is not supported.")
	case "equals-ignore-case":
		return nil, p.fail(t.at, "Inside anything-but/ignore-case list, number|start|null|boolean is not supported.")
	}
	return nil, p.fail(t.at, "prefix/suffix match pattern must be a string")
}

// number reads one within the bounds of numeric matching.
func (p *parser) number(t token) (float64, error) {
	const most = 5e9
	n, err := strconv.ParseFloat(string(t.value.(json.Number)), 64)
	if err != nil || n < -most || n > most {
		return 0, p.fail(t.at, "Value must be between -5.0E9 and 5.0E9, inclusive")
	}
	return n, nil
}

// numeric reads a comparison, or a range of two.
func (p *parser) numeric(t token) (func(any) bool, error) {
	if !t.is('[') {
		return nil, p.fail(t.at, "Value of numeric must be an array.")
	}
	list, err := p.list()
	if err != nil {
		return nil, err
	}
	var all []func(float64) bool
	for i := 0; i < len(list); i += 2 {
		operator, isText := list[i].value.(string)
		switch {
		case !isText && i == 0:
			return nil, p.fail(list[i].at, "Invalid member in numeric match: %v", list[i].value)
		case !isText:
			return nil, p.fail(list[i].at, "Bad value in numeric range: %v", list[i].value)
		case i == 0 && !slices.Contains([]string{"=", "<", "<=", ">", ">="}, operator):
			return nil, p.fail(list[i].at, "Unrecognized numeric range operator: %s", operator)
		case i > 2 || i == 2 && !strings.HasPrefix(list[0].value.(string), ">"):
			return nil, p.fail(list[i].at, "Too many elements in numeric expression")
		case i == 2 && operator != "<" && operator != "<=":
			return nil, p.fail(list[i].at, "Bad numeric range operator: %s", operator)
		}
		if operator == "=" {
			operator = "equals"
		}
		if i+1 == len(list) {
			return nil, p.fail(p.decoder.InputOffset(), "Value of %s must be numeric", operator)
		}
		if _, isNumber := list[i+1].value.(json.Number); !isNumber {
			return nil, p.fail(list[i+1].at, "Value of %s must be numeric", operator)
		}
		bound, err := p.number(list[i+1])
		if err != nil {
			return nil, err
		}
		all = append(all, within(operator, bound))
	}
	if len(all) == 0 {
		return nil, p.fail(p.decoder.InputOffset(), "Invalid member in numeric match: ]")
	}
	return func(is any) bool {
		number, ok := is.(json.Number)
		if !ok {
			return false
		}
		n, err := number.Float64()
		return err == nil && !slices.ContainsFunc(all, func(holds func(float64) bool) bool { return !holds(n) })
	}, nil
}
