package survey

import (
	"math"
	"strconv"
	"strings"
)

// ParseNumber reads a number as offices write it: with a decimal point or a decimal comma, an exponent or none, a
// sign or none, blanks around it. Digits are never grouped: "1,234" is a little more than one, and what has both a point and a
// comma could mean two numbers, so it is refused, as are names of infinity and of what is no number.
func ParseNumber(text string) (x float64, ok bool) {
	text = strings.TrimSpace(text)
	text = strings.Replace(text, "−", "-", 1) // the typographer's minus
	if strings.Count(text, ",") == 1 && !strings.Contains(text, ".") {
		text = strings.Replace(text, ",", ".", 1)
	}
	digits := false
	for _, r := range text {
		switch {
		case r >= '0' && r <= '9':
			digits = true
		case strings.ContainsRune("+-.eE", r):
		default:
			return 0, false
		}
	}
	if !digits {
		return 0, false
	}
	x, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(x, 0) {
		return 0, false
	}
	return x, true
}
