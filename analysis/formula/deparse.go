package formula

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// String writes the tree as R deparses it, because the names of terms and columns are made of it.
func (n *node) String() string {
	switch n.op {
	case "number":
		return label(n.v)
	case "text":
		return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(n.s) + `"`
	case "name":
		return quoteName(n.s)
	case "(":
		return "(" + n.args[0].String() + ")"
	case "unary":
		return n.s + n.args[0].String()
	case "call":
		parts := make([]string, len(n.args))
		for i, a := range n.args {
			parts[i] = a.String()
			if n.keys[i] != "" {
				parts[i] = n.keys[i] + " = " + parts[i]
			}
		}
		return n.s + "(" + strings.Join(parts, ", ") + ")"
	}
	space := " "
	if slices.Contains([]string{"^", ":", "/"}, n.op) {
		space = ""
	}

	return n.args[0].String() + space + n.op + space + n.args[1].String()
}

// quoteName puts a name in backticks where R must.
func quoteName(s string) string {
	for i, r := range s {
		letter := unicode.IsLetter(r) || r == '.' || i > 0 && (unicode.IsDigit(r) || r == '_')
		if !letter || i == 1 && s[0] == '.' && unicode.IsDigit(r) {
			return "`" + strings.ReplaceAll(s, "`", "\\`") + "`"
		}
	}

	return s
}

// label writes a number as R's as.character does: fifteen significant digits, as few as say the same, and
// the shorter of the fixed and the scientific form.
func label(v float64) string {
	switch {
	case math.IsNaN(v):
		return "NaN"
	case math.IsInf(v, 0):
		return strings.Replace(strconv.FormatFloat(v, 'g', -1, 64), "+", "", 1)
	}
	// Rounded to fifteen digits first, then written with as few as that needs.
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'e', 14, 64), 64)
	scientific := strconv.FormatFloat(rounded, 'e', -1, 64)
	fixed := strconv.FormatFloat(rounded, 'f', -1, 64)

	if len(fixed) <= len(scientific) {
		return fixed
	}

	return scientific
}
