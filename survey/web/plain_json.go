package web

import (
	"strings"
	"unicode/utf8"

	"sipas/survey"
)

// plain reads JSON that is written as every kiosk of ours writes it: an object without blanks between its parts, no text with an
// escape, whole numbers only, no name twice. It takes a fifth of the time of package json, which an answer is read with twice.
// Whatever is written otherwise is not wrong: it is no longer ok, and left to package json.
type plain struct {
	rest string
	ok   bool
}

// plainObject calls field with the name of each part, which is to read its value; what follows the object may be blanks. It reports
// whether all of it could be read.
func plainObject(text string, field func(p *plain, name string)) bool {
	p := &plain{rest: text, ok: true}
	p.object(field)
	return p.ok && strings.Trim(p.rest, " \n") == ""
}

// object reads an object.
func (p *plain) object(field func(p *plain, name string)) {
	if p.take('{'); p.next('}') {
		return
	}
	for p.ok {
		name := p.text()
		p.take(':')
		if p.ok {
			field(p, name)
		}
		if p.next('}') {
			return
		}
		p.take(',')
	}
}

// next takes a character when it comes next.
func (p *plain) next(c byte) bool {
	if !p.ok || p.rest == "" || p.rest[0] != c {
		return false
	}
	p.rest = p.rest[1:]
	return true
}

// take takes a character that must come next.
func (p *plain) take(c byte) {
	p.ok = p.next(c)
}

// text reads a text without escapes.
func (p *plain) text() string {
	p.take('"')
	if !p.ok {
		return ""
	}
	end := strings.IndexByte(p.rest, '"')
	if p.ok = end >= 0; !p.ok {
		return ""
	}
	text := p.rest[:end]
	for i := range len(text) {
		if c := text[i]; c < ' ' || c == '\\' {
			p.ok = false
			return ""
		}
	}
	p.ok, p.rest = utf8.ValidString(text), p.rest[end+1:]
	// A copy: what is remembered of an answer, such as the name of an item, must not keep the rest of it in memory.
	return strings.Clone(text)
}

// mostDigits is how many digits a number may have, so that it cannot become too large.
const mostDigits = 18

// number reads a whole number without a leading zero.
func (p *plain) number() int {
	negative := p.next('-')
	n, digits := 0, 0
	for digits < len(p.rest) && p.rest[digits] >= '0' && p.rest[digits] <= '9' {
		if digits == mostDigits {
			p.ok = false
			return 0
		}
		n = 10*n + int(p.rest[digits]-'0')
		digits++
	}
	if digits == 0 || digits > 1 && p.rest[0] == '0' || digits < len(p.rest) && strings.IndexByte(",}", p.rest[digits]) < 0 {
		p.ok = false
		return 0
	}
	p.rest = p.rest[digits:]
	if negative {
		return -n
	}
	return n
}

// once notes that a name came, and is no longer ok when it came before.
func (p *plain) once(seen *uint, bit uint) {
	p.ok = p.ok && *seen&(1<<bit) == 0
	*seen |= 1 << bit
}

// readPlain reads an envelope, or leaves it empty.
func (e *KioskEnvelope) readPlain(text string) bool {
	var seen uint
	ok := plainObject(text, func(p *plain, name string) {
		switch name {
		case "queue":
			p.once(&seen, 0)
			e.Queue = p.text()
		case "seq":
			p.once(&seen, 1)
			e.Seq = p.number()
		case "sent":
			p.once(&seen, 2)
			e.Sent = int64(p.number())
		case "key":
			p.once(&seen, 3)
			e.Key = p.text()
		case "sealed":
			p.once(&seen, 4)
			e.Sealed = p.text()
		default:
			p.ok = false
		}
	})
	if !ok {
		*e = KioskEnvelope{}
	}
	return ok
}

// readPlain reads an answer, or leaves it empty.
func (a *KioskAnswer) readPlain(text string) bool {
	var seen uint
	ok := plainObject(text, func(p *plain, name string) {
		switch name {
		case "id":
			p.once(&seen, 0)
			a.ID = p.text()
		case "token":
			p.once(&seen, 1)
			a.Token = p.text()
		case "wave":
			p.once(&seen, 2)
			a.Wave = survey.WaveID(p.text())
		case "instrument":
			p.once(&seen, 3)
			a.Instrument = p.text()
		case "revision":
			p.once(&seen, 4)
			a.Revision = p.number()
		case "disposition":
			p.once(&seen, 5)
			a.Disposition = survey.Disposition(p.text())
		case "language":
			p.once(&seen, 6)
			a.Language = survey.Lang(p.text())
		case "answers":
			p.once(&seen, 7)
			a.Answers = p.codes()
		case "comment":
			p.once(&seen, 8)
			a.Comment = p.text()
		case "at":
			p.once(&seen, 9)
			a.At = int64(p.number())
		case "took":
			p.once(&seen, 10)
			a.Took = p.number()
		default:
			p.ok = false
		}
	})
	if !ok {
		*a = KioskAnswer{}
	}
	return ok
}

// codes reads the codes by item.
func (p *plain) codes() map[string]int {
	codes := map[string]int{}
	p.object(func(p *plain, item string) {
		_, twice := codes[item]
		codes[item] = p.number()
		p.ok = p.ok && !twice
	})
	return codes
}
