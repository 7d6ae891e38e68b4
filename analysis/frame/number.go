package frame

import (
	"bytes"
	"math"
	"strconv"
)

// exactDigits is how many significant decimal digits a number in memory always tells apart (IEEE 754, binary64).
const exactDigits = 15

// parseNumber reads a number with blanks around it or not. Plain says that the shortest way to write the number, with no
// exponent, is the text itself, so that the text need not be kept.
func parseNumber(text []byte) (v float64, plain, ok bool) {
	s := trim(text)
	if len(s) == 0 {
		return 0, false, false
	}
	i, digits, point, exponent := 0, 0, -1, false

	if s[0] == '+' || s[0] == '-' {
		i = 1
	}
	start := i
	var whole uint64

	for ; i < len(s); i++ {
		switch b := s[i]; {
		case b >= '0' && b <= '9':
			digits++
			whole = whole*10 + uint64(b-'0')
			continue
		case b == '.' && point < 0:
			point = i
			continue
		case (b == 'e' || b == 'E') && digits > 0:
			exponent = true
		default:
			return special(s)
		}
		break
	}
	if digits == 0 {
		return special(s)
	}
	if exponent && !wholeNumber(s[i+1:]) {
		return 0, false, false
	}
	leading := s[start] == '0' && start+1 < len(s) && s[start+1] != '.'
	short := len(s) == len(text) && s[0] != '+' && !exponent && digits <= exactDigits && !leading && s[start] != '.'

	if short && point < 0 {
		// No leading zeros and no sign of zero: the text is what the number is written as.
		if s[0] == '-' {
			return -float64(whole), whole != 0, true
		}
		return float64(whole), true, true
	}
	v, err := strconv.ParseFloat(string(s), 64)
	if err != nil && !math.IsInf(v, 0) {
		return 0, false, false
	}

	return v, short && s[len(s)-1] != '0' && s[len(s)-1] != '.', true
}

// trim takes blanks away at both ends. Most fields have none.
func trim(s []byte) []byte {
	for len(s) > 0 && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	for len(s) > 0 && (s[len(s)-1] == ' ' || s[len(s)-1] == '\t') {
		s = s[:len(s)-1]
	}

	return s
}

// wholeNumber reports whether an exponent is one.
func wholeNumber(s []byte) bool {
	if len(s) > 0 && (s[0] == '+' || s[0] == '-') {
		s = s[1:]
	}
	for _, b := range s {
		if b < '0' || b > '9' {
			return false
		}
	}

	return len(s) > 0
}

// special reads infinities and what is not a number.
func special(s []byte) (v float64, plain, ok bool) {
	sign := 1
	t := s
	if s[0] == '+' || s[0] == '-' {
		t = s[1:]
		if s[0] == '-' {
			sign = -1
		}
	}

	switch {
	case bytes.EqualFold(t, []byte("inf")), bytes.EqualFold(t, []byte("infinity")):
		return math.Inf(sign), false, true
	case bytes.EqualFold(s, []byte("nan")):
		return math.NaN(), false, true
	}

	return 0, false, false
}

// significant counts the digits of a number from the first that is not zero, without the exponent.
func significant(text string) int {
	n := 0
	for _, b := range []byte(text) {
		if b == 'e' || b == 'E' {
			break
		}
		if b >= '1' && b <= '9' || b == '0' && n > 0 {
			n++
		}
	}

	return n
}

// IsNumber reports whether a text would be read as a number.
func IsNumber(text string) bool {
	_, _, ok := parseNumber([]byte(text))

	return ok
}
