package i18n

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// Unknown is written where a number does not exist.
const Unknown = "–"

// minus is the sign of typography: a hyphen is too short to be seen beside a digit.
const minus = "−"

// Number writes v with a fixed number of decimals: 40,76 in Vietnamese, 40.76 in
// English and Chinese. What is not a finite number is written as a dash.
func Number(l Lang, v float64, decimals int) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return Unknown
	}
	s := strconv.FormatFloat(math.Abs(v), 'f', decimals, 64)
	whole, fraction, _ := strings.Cut(s, ".")
	s = group(whole, thousands(l))
	if fraction != "" {
		s += decimal(l) + fraction
	}
	// A value that rounds to nothing carries no sign: "−0,0" would claim a direction.
	if v < 0 && strings.Trim(whole+fraction, "0") != "" {
		s = minus + s
	}
	return s
}

// Signed writes v as Number does, with a plus where it rises.
func Signed(l Lang, v float64, decimals int) string {
	s := Number(l, v, decimals)
	if v > 0 && strings.ContainsAny(s, "123456789") {
		return "+" + s
	}
	return s
}

// Integer writes n with the thousands sign of the language: 60.000, 60,000.
func Integer(l Lang, n int) string { return Number(l, float64(n), 0) }

// Exact writes a constant with the digits that it has, but for what adding up has left: 3, 0.33.
func Exact(l Lang, v float64) string {
	_, fraction, _ := strings.Cut(strconv.FormatFloat(math.Round(v*1e6)/1e6, 'f', -1, 64), ".")
	return Number(l, v, len(fraction))
}

// Percent writes a share from 0 to 1 as a per cent.
func Percent(l Lang, share float64, decimals int) string {
	s := Number(l, share*100, decimals)
	if s == Unknown {
		return s
	}
	return s + "%"
}

// Date writes a day: 22/11/2026, 22 Nov 2026, 2026年11月22日. The zero time is a dash.
func Date(l Lang, t time.Time) string {
	if t.IsZero() {
		return Unknown
	}
	switch l {
	case EN:
		return t.Format("2 Jan 2006")
	case ZH:
		return t.Format("2006年1月2日")
	}
	return t.Format("02/01/2006")
}

// Month writes a month of a year: 11/2026, Nov 2026, 2026年11月.
func Month(l Lang, t time.Time) string {
	switch l {
	case EN:
		return t.Format("Jan 2006")
	case ZH:
		return t.Format("2006年1月")
	}
	return t.Format("01/2006")
}

// DateTime writes a day and the minute, in the zone that t carries.
func DateTime(l Lang, t time.Time) string {
	if t.IsZero() {
		return Unknown
	}
	return Date(l, t) + " " + t.Format("15:04")
}

func decimal(l Lang) string {
	if l == VI {
		return ","
	}
	return "."
}

func thousands(l Lang) string {
	if l == VI {
		return "."
	}
	return ","
}

func group(digits, sign string) string {
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteString(sign)
		}
		b.WriteRune(d)
	}
	return b.String()
}
