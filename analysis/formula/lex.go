package formula

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

type kind uint8

const (
	end kind = iota
	number
	text
	name
	operator
)

// token is one word of a formula.
type token struct {
	kind   kind
	at     int
	s      string // the operator, the name without backticks, the text without quotes
	v      float64
	quoted bool // the name stood in backticks
}

// limit is the longest formula in bytes: far longer than anyone's, short enough for any machine.
const limit = 1 << 14

// operators are matched longest first.
var operators = []string{"%in%", "**", "==", "!=", "<=", ">=", "&&", "||", "~", "+", "-", "*", "/", "^", ":", "(", ")", ",", "=", "<", ">", "&", "|", "!"}

func lex(src string) ([]token, error) {
	if len(src) > limit {
		return nil, &SyntaxError{Formula: src[:40] + "…", At: limit, Reason: "the formula is too long"}
	}
	if !utf8.ValidString(src) {
		return nil, &SyntaxError{Formula: strings.ToValidUTF8(src, "?"), At: 0, Reason: "the text is not UTF-8"}
	}
	var out []token

	for i := 0; i < len(src); {
		r, size := utf8.DecodeRuneInString(src[i:])

		if unicode.IsSpace(r) {
			i += size
			continue
		}
		t, width, reason := lexOne(src[i:], r)

		if reason != "" {
			return nil, &SyntaxError{Formula: src, At: i, Reason: reason}
		}
		t.at = i
		out = append(out, t)
		i += width
	}

	return append(out, token{kind: end, at: len(src)}), nil
}

func lexOne(s string, r rune) (t token, width int, reason string) {
	switch {
	case r == '"' || r == '\'' || r == '`':
		return lexQuoted(s)
	case unicode.IsDigit(r), r == '.' && len(s) > 1 && s[1] >= '0' && s[1] <= '9':
		return lexNumber(s)
	case unicode.IsLetter(r) || r == '.' || r == '_':
		for i, c := range s {
			if !unicode.IsLetter(c) && !unicode.IsDigit(c) && c != '.' && c != '_' {
				return token{kind: name, s: s[:i]}, i, ""
			}
		}
		return token{kind: name, s: s}, len(s), ""
	}
	for _, op := range operators {
		if strings.HasPrefix(s, op) {
			return token{kind: operator, s: op}, len(op), ""
		}
	}

	return t, 0, "unexpected " + strconv.QuoteRune(r)
}

func lexQuoted(s string) (t token, width int, reason string) {
	var b strings.Builder

	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == s[0]:
			if s[0] != '`' {
				return token{kind: text, s: b.String()}, i + 1, ""
			}
			if b.Len() == 0 {
				return t, 0, "a name is empty"
			}
			return token{kind: name, s: b.String(), quoted: true}, i + 1, ""
		case s[i] == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		default:
			b.WriteByte(s[i])
		}
	}

	return t, 0, "the quote is not closed"
}

func lexNumber(s string) (t token, width int, reason string) {
	i := 0
	digits := func() {
		for i < len(s) && s[i] >= '0' && s[i] <= '9' {
			i++
		}
	}
	digits()
	if i < len(s) && s[i] == '.' {
		i++
		digits()
	}
	if i+1 < len(s) && (s[i] == 'e' || s[i] == 'E') {
		before := i
		i++
		if i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		first := i
		if digits(); i == first {
			i = before
		}
	}
	v, err := strconv.ParseFloat(s[:i], 64)

	if err != nil {
		return t, 0, "the number cannot be read"
	}
	if i < len(s) && s[i] == 'L' {
		i++
	}
	if r, _ := utf8.DecodeRuneInString(s[i:]); i < len(s) && (unicode.IsLetter(r) || r == '_') {
		return t, 0, "a name cannot begin with a digit; quote it with backticks"
	}

	return token{kind: number, v: v}, i, ""
}
