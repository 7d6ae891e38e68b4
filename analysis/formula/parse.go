package formula

import "slices"

// node is a part of a formula's tree.
type node struct {
	op   string // "number", "text", "name", "call", "(", "unary" or a binary operator
	at   int
	s    string // of a name, a text, a call or a unary operator
	v    float64
	args []*node
	keys []string // of a call's arguments, "" where not named
}

// depth is how deep a formula may nest.
const depth = 200

type parser struct {
	src    string
	tokens []token
	i      int
	deep   int
}

func (p *parser) fail(at int, reason string) error {
	return &SyntaxError{Formula: p.src, At: at, Reason: reason}
}

func (p *parser) peek() token { return p.tokens[p.i] }

func (p *parser) is(op string) bool { return p.peek().kind == operator && p.peek().s == op }

// precedence is R's, lowest first. ^ is above them all and binds to the right; a unary minus stands between ^ and
// the colon.
var precedence = [][]string{
	{"|", "||"}, {"&", "&&"}, {"!"}, {"==", "!=", "<", "<=", ">", ">="}, {"+", "-"}, {"*", "/"}, {"%in%"}, {":"},
}

const negation = 2 // the level of !

func (p *parser) expression(level int) (*node, error) {
	if p.deep++; p.deep > depth*(len(precedence)+2) {
		return nil, p.fail(p.peek().at, "the formula nests too deeply")
	}
	defer func() { p.deep-- }()

	if level == len(precedence) {
		return p.unary()
	}
	if level == negation {
		if !p.is("!") {
			return p.expression(level + 1)
		}
		at := p.peek().at
		p.i++
		x, err := p.expression(level)
		return &node{op: "unary", s: "!", at: at, args: []*node{x}}, err
	}
	left, err := p.expression(level + 1)

	for err == nil && p.peek().kind == operator && slices.Contains(precedence[level], p.peek().s) {
		t := p.peek()
		p.i++
		var right *node
		right, err = p.expression(level + 1)
		left = &node{op: t.s, at: t.at, args: []*node{left, right}}
	}

	return left, err
}

func (p *parser) unary() (*node, error) {
	if p.deep++; p.deep > depth*(len(precedence)+2) {
		return nil, p.fail(p.peek().at, "the formula nests too deeply")
	}
	defer func() { p.deep-- }()

	if t := p.peek(); p.is("-") || p.is("+") {
		p.i++
		x, err := p.unary()
		return &node{op: "unary", s: t.s, at: t.at, args: []*node{x}}, err
	}
	x, err := p.primary()

	if err != nil || !p.is("^") && !p.is("**") {
		return x, err
	}
	at := p.peek().at
	p.i++
	y, err := p.unary() // to the right: a^b^c is a^(b^c)

	return &node{op: "^", at: at, args: []*node{x, y}}, err
}

func (p *parser) primary() (*node, error) {
	t := p.peek()
	p.i++

	switch {
	case t.kind == number:
		return &node{op: "number", at: t.at, v: t.v}, nil
	case t.kind == text:
		return &node{op: "text", at: t.at, s: t.s}, nil
	case t.kind == name && p.is("(") && !t.quoted:
		p.i++
		return p.call(t)
	case t.kind == name && t.s == "." && !t.quoted:
		return nil, p.fail(t.at, "name the columns; a dot for all others is not offered")
	case t.kind == name:
		return &node{op: "name", at: t.at, s: t.s}, nil
	case t.kind == operator && t.s == "(":
		x, err := p.expression(0)
		if err != nil {
			return nil, err
		}
		if !p.is(")") {
			return nil, p.fail(p.peek().at, "a closing parenthesis is missing")
		}
		p.i++
		return &node{op: "(", at: t.at, args: []*node{x}}, nil
	case t.kind == end:
		p.i--
		return nil, p.fail(t.at, "something is missing at the end")
	}
	p.i--

	return nil, p.fail(t.at, "unexpected "+t.s)
}

func (p *parser) call(t token) (*node, error) {
	out := &node{op: "call", s: t.s, at: t.at}

	if _, ok := functions[t.s]; !ok {
		return nil, p.fail(t.at, "there is no function "+t.s+"()")
	}
	for !p.is(")") {
		key := ""
		if n := p.peek(); n.kind == name && p.tokens[p.i+1].kind == operator && p.tokens[p.i+1].s == "=" {
			key = n.s
			p.i += 2
		}
		x, err := p.expression(0)
		if err != nil {
			return nil, err
		}
		out.args, out.keys = append(out.args, x), append(out.keys, key)

		if p.is(",") {
			p.i++
			if p.is(")") {
				return nil, p.fail(p.peek().at, "an argument is missing")
			}
			continue
		}
		if !p.is(")") {
			return nil, p.fail(p.peek().at, "a closing parenthesis is missing")
		}
	}
	p.i++

	return out, nil
}
