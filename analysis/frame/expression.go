package frame

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Expression selects rows: comparisons with == != < <= > >= of columns with numbers, with texts in single or double
// quotes and with each other, joined by && and ||, negated by !, grouped by parentheses. && binds closer than ||, and !
// takes what follows it, a comparison or a group. A column's name is a letter followed by letters, digits, dots and underscores;
// any other name stands in backticks.
//
// Logic has three values (Kleene): a comparison with a missing value is neither true nor false, its negation neither,
// and && and || decide where one side alone does. A row is selected only when the whole is true.
//
// Two texts compare by == and != for being the same, and by the others in the order of the column's levels; a column of numbers
// compares with a quoted text by what the file says, so that 0012 is "0012" and not "12". A column of text compares
// with a number by == and != alone, as the number is written.
type Expression struct {
	text    string
	root    node
	columns []string
}

// maxDepth is how deep parentheses and negations may stand in each other.
const maxDepth = 200

// ParseExpression reads an expression. Errors are *ExpressionError.
func ParseExpression(text string) (*Expression, error) {
	p := &expressionParser{text: text}
	p.next()
	root, err := p.or(0)
	if err != nil {
		return nil, err
	}
	if p.err != nil {
		return nil, p.err
	}
	if p.token.kind != tokenEnd {
		return nil, p.fail(p.token, "&&, || or the end was expected, not "+p.token.text)
	}

	return &Expression{text: text, root: root, columns: p.columns}, nil
}

// Columns returns the names of the columns that the expression compares, each once.
func (e *Expression) Columns() []string { return e.columns }

// String returns the text of the expression.
func (e *Expression) String() string { return e.text }

// Select returns which rows of a frame the expression is true of. A name that is not a column is a *ColumnError; a
// comparison that has no meaning, or with a text that no row of the column has, is an *ExpressionError.
func (e *Expression) Select(f *Frame) ([]bool, error) {
	truths, err := e.root.evaluate(e, f)
	if err != nil {
		return nil, err
	}
	out := make([]bool, f.rows)
	for i, t := range truths {
		out[i] = t == yes
	}

	return out, nil
}

// truth is one of three values, in an order that makes "and" the least of two and "or" the greatest.
type truth int8

const (
	no truth = iota
	unknown
	yes
)

type node interface {
	evaluate(e *Expression, f *Frame) ([]truth, error)
}

type negation struct{ of node }

func (n negation) evaluate(e *Expression, f *Frame) ([]truth, error) {
	out, err := n.of.evaluate(e, f)
	for i, t := range out {
		out[i] = yes - t
	}

	return out, err
}

type junction struct {
	and         bool
	left, right node
}

func (n junction) evaluate(e *Expression, f *Frame) ([]truth, error) {
	left, err := n.left.evaluate(e, f)
	if err != nil {
		return nil, err
	}
	right, err := n.right.evaluate(e, f)
	if err != nil {
		return nil, err
	}
	for i, t := range right {
		if n.and {
			left[i] = min(left[i], t)
		} else {
			left[i] = max(left[i], t)
		}
	}

	return left, nil
}

type comparison struct {
	operator    token
	left, right operand
}

// operand is a column, a number or a text.
type operand struct {
	token
	number float64
}

func (n comparison) evaluate(e *Expression, f *Frame) ([]truth, error) {
	left, right, operator := n.left, n.right, n.operator.text
	if left.kind != tokenName {
		left, right, operator = right, left, mirrored(operator)
	}
	c, err := f.Column(left.text)
	if err != nil {
		return nil, err
	}

	switch right.kind {
	case tokenName:
		d, err := f.Column(right.text)
		if err != nil {
			return nil, err
		}
		if c.Numeric() != d.Numeric() {
			return nil, e.fail(n.operator, fmt.Sprintf("%s and %s cannot be compared, because one holds numbers and the other text", c.Name, d.Name))
		}
		if c.Numeric() {
			return compare(f.rows, operator, func(i int) (float64, float64, bool) {
				return c.Numbers[i], d.Numbers[i], !math.IsNaN(c.Numbers[i]) && !math.IsNaN(d.Numbers[i])
			}), nil
		}
		return compare(f.rows, operator, func(i int) (string, string, bool) {
			a, okA := c.Text(i)
			b, okB := d.Text(i)
			return a, b, okA && okB
		}), nil
	case tokenNumber:
		return e.withNumber(c, operator, n.operator, right, f.rows)
	}

	return e.withText(c, operator, n.operator, right, f.rows)
}

func (e *Expression) withNumber(c *Column, operator string, at token, right operand, rows int) ([]truth, error) {
	if c.Numeric() {
		return compare(rows, operator, func(i int) (float64, float64, bool) {
			return c.Numbers[i], right.number, !math.IsNaN(c.Numbers[i])
		}), nil
	}
	if operator != "==" && operator != "!=" {
		return nil, e.fail(at, fmt.Sprintf("the column %s holds text, which is not more or less than a number", c.Name))
	}

	return e.withText(c, operator, at, right, rows)
}

func (e *Expression) withText(c *Column, operator string, at token, right operand, rows int) ([]truth, error) {
	if c.Numeric() {
		if operator != "==" && operator != "!=" {
			return nil, e.fail(at, fmt.Sprintf("the column %s holds numbers; compare it with a number, without quotes", c.Name))
		}
		return compare(rows, operator, func(i int) (string, string, bool) {
			text, ok := c.Text(i)
			return text, right.text, ok
		}), nil
	}
	level := slices.Index(c.Levels, right.text)
	if level < 0 && (operator == "==" || operator == "!=") {
		return nil, e.fail(right.token, fmt.Sprintf("the column %s has no level %s; it has %s", c.Name, strconv.Quote(right.text), list(c.Levels)))
	}
	if level >= 0 {
		return compare(rows, operator, func(i int) (int32, int32, bool) {
			return c.Codes[i], int32(level), c.Codes[i] != Missing
		}), nil
	}

	return compare(rows, operator, func(i int) (string, string, bool) {
		text, ok := c.Text(i)
		return text, right.text, ok
	}), nil
}

func compare[T int32 | float64 | string](rows int, operator string, at func(row int) (a, b T, known bool)) []truth {
	out := make([]truth, rows)

	for i := range out {
		a, b, known := at(i)
		var is bool

		switch operator {
		case "==":
			is = a == b
		case "!=":
			is = a != b
		case "<":
			is = a < b
		case "<=":
			is = a <= b
		case ">":
			is = a > b
		default:
			is = a >= b
		}
		switch {
		case !known:
			out[i] = unknown
		case is:
			out[i] = yes
		}
	}

	return out
}

// mirrored is the operator with its sides changed.
func mirrored(operator string) string {
	switch operator[0] {
	case '<':
		return ">" + operator[1:]
	case '>':
		return "<" + operator[1:]
	}

	return operator
}

func (e *Expression) fail(at token, reason string) error {
	return &ExpressionError{Text: e.text, Position: utf8.RuneCountInString(e.text[:at.at]) + 1, Reason: reason}
}

type tokenKind uint8

const (
	tokenEnd tokenKind = iota
	tokenName
	tokenNumber
	tokenText
	tokenOperator // a comparison
	tokenSign     // && || ! ( )
)

type token struct {
	kind tokenKind
	text string
	at   int
}

type expressionParser struct {
	text    string
	at      int
	token   token
	err     error
	columns []string
}

func (p *expressionParser) fail(at token, reason string) error {
	e := Expression{text: p.text}

	return e.fail(at, reason)
}

func (p *expressionParser) is(sign string) bool {
	return p.err == nil && p.token.kind == tokenSign && p.token.text == sign
}

func (p *expressionParser) or(depth int) (node, error) {
	left, err := p.and(depth)

	for err == nil && p.is("||") {
		p.next()
		var right node
		right, err = p.and(depth)
		left = junction{false, left, right}
	}

	return left, err
}

func (p *expressionParser) and(depth int) (node, error) {
	left, err := p.unary(depth)

	for err == nil && p.is("&&") {
		p.next()
		var right node
		right, err = p.unary(depth)
		left = junction{true, left, right}
	}

	return left, err
}

func (p *expressionParser) unary(depth int) (node, error) {
	if depth > maxDepth {
		return nil, p.fail(p.token, "parentheses stand too deep in each other")
	}
	if p.is("!") {
		p.next()
		of, err := p.unary(depth + 1)
		return negation{of}, err
	}
	if !p.is("(") {
		return p.comparison()
	}
	open := p.token
	p.next()
	inside, err := p.or(depth + 1)

	if err != nil {
		return nil, err
	}
	if p.err != nil {
		return nil, p.err
	}
	if !p.is(")") {
		return nil, p.fail(open, "the parenthesis is not closed")
	}
	p.next()

	return inside, nil
}

func (p *expressionParser) comparison() (node, error) {
	left, err := p.operand()
	if err != nil {
		return nil, err
	}
	if p.err != nil {
		return nil, p.err
	}
	operator := p.token
	if operator.kind != tokenOperator {
		return nil, p.fail(operator, "a comparison was expected: == != < <= > or >=")
	}
	p.next()
	right, err := p.operand()

	if err != nil {
		return nil, err
	}
	if left.kind != tokenName && right.kind != tokenName {
		return nil, p.fail(left.token, "a comparison needs a column; a name that is not of letters, digits, dots and underscores stands in backticks")
	}

	return comparison{operator, left, right}, nil
}

func (p *expressionParser) operand() (operand, error) {
	if p.err != nil {
		return operand{}, p.err
	}
	out := operand{token: p.token}

	switch p.token.kind {
	case tokenName:
		if !slices.Contains(p.columns, p.token.text) {
			p.columns = append(p.columns, p.token.text)
		}
	case tokenNumber:
		v, _, ok := parseNumber([]byte(p.token.text))
		if !ok || math.IsNaN(v) {
			return out, p.fail(p.token, p.token.text+" is not a number")
		}
		out.number = v
	case tokenText:
	case tokenEnd:
		return out, p.fail(p.token, "a column, a number or a quoted text is missing")
	default:
		return out, p.fail(p.token, "a column, a number or a quoted text was expected, not "+p.token.text)
	}
	p.next()

	return out, nil
}

// next reads a token. An error waits in the parser until somebody wants the token.
func (p *expressionParser) next() {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
	rest := p.text[p.at:]
	p.token = token{at: p.at}
	if rest == "" {
		return
	}
	first, _ := utf8.DecodeRuneInString(rest)
	n := 0

	switch {
	case unicode.IsLetter(first) || first == '_':
		p.token.kind, n = tokenName, nameLength(rest)
	case first >= '0' && first <= '9' || first == '.' || first == '-' || first == '+':
		p.token.kind, n = tokenNumber, numberLength(rest)
	case first == '"' || first == '\'' || first == '`':
		p.quoted(rest, byte(first))
		return
	default:
		for _, s := range []string{"==", "!=", "<=", ">=", "<", ">", "&&", "||", "!", "(", ")"} {
			if strings.HasPrefix(rest, s) {
				p.token.kind, n = tokenOperator, len(s)
				if strings.ContainsAny(s, "&|()") || s == "!" {
					p.token.kind = tokenSign
				}
				break
			}
		}
	}
	if n == 0 {
		p.err = p.fail(p.token, fmt.Sprintf("%q is not understood%s", first, hint(rest)))
		p.at = len(p.text)
		return
	}
	p.token.text = rest[:n]
	p.at += n
}

func hint(rest string) string {
	switch rest[0] {
	case '=':
		return "; equality is =="
	case '&':
		return "; and is &&"
	case '|':
		return "; or is ||"
	}

	return ""
}

// quoted reads a text or a name in quotes; a quote inside is doubled or stands behind a backslash.
func (p *expressionParser) quoted(rest string, quote byte) {
	p.token.kind = tokenText
	if quote == '`' {
		p.token.kind = tokenName
	}
	var b strings.Builder

	for i := 1; i < len(rest); i++ {
		switch {
		case i+1 < len(rest) && (rest[i] == '\\' || rest[i] == quote) && (rest[i+1] == quote || rest[i] == '\\' && rest[i+1] == '\\'):
			i++
		case rest[i] == quote:
			p.token.text = b.String()
			p.at += i + 1
			return
		}
		b.WriteByte(rest[i])
	}
	p.err = p.fail(p.token, "the quote is not closed")
	p.at = len(p.text)
}

func nameLength(s string) int {
	for i, r := range s {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) && r != '.' && r != '_' {
			return i
		}
	}

	return len(s)
}

// numberLength takes what could belong to a number, so that a message shows all of a wrong one.
func numberLength(s string) int {
	for i := 1; i < len(s); i++ {
		sign := (s[i] == '+' || s[i] == '-') && (s[i-1] == 'e' || s[i-1] == 'E')
		word := s[i] == '.' || s[i] == '_' || s[i] >= '0' && s[i] <= '9' || s[i] >= 'a' && s[i] <= 'z' || s[i] >= 'A' && s[i] <= 'Z'
		if !sign && !word {
			return i
		}
	}

	return len(s)
}
