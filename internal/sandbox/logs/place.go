package logs

import (
	"fmt"
	"strconv"
	"strings"
)

// place lies between two events of a stream: before the event with this time and
// number and after all earlier ones. It stays where it is when events come.
type place struct {
	at     int64
	number int
}

func (e event) place() place { return place{e.At, e.Number} }
func (e event) after() place { return place{e.At, e.Number + 1} }

func (p place) before(q place) bool {
	return p.at < q.at || p.at == q.at && p.number < q.number
}

// Tokens look as AWS's do, f/…/s and b/…/s around 56 digits.
const (
	timeDigits   = 28
	numberDigits = 28
)

func (p place) forward() string  { return p.token("f") }
func (p place) backward() string { return p.token("b") }

func (p place) token(direction string) string {
	return fmt.Sprintf("%s/%0*d%0*d/s", direction, timeDigits, p.at, numberDigits, p.number)
}

// parsePlace reads a token of GetLogEvents.
func parsePlace(token string) (p place, onward bool, err error) {
	parts := strings.Split(token, "/")
	if len(parts) != 3 || len(parts[1]) != timeDigits+numberDigits {
		return place{}, false, badToken()
	}
	at, err1 := strconv.ParseInt(parts[1][:timeDigits], 10, 64)
	number, err2 := strconv.Atoi(parts[1][timeDigits:])
	if p = (place{at, number}); err1 != nil || err2 != nil || (p.forward() != token && p.backward() != token) {
		return place{}, false, badToken()
	}
	return p, parts[0] == "f", nil
}
