package report

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"

	"sipas/survey"
)

// Rows are the responses of a wave as columns, so that ten million of them fit into memory: a byte for each answer and the
// id, and nothing else for a row. Whatever decides a weight is said once, for the group of the rows that share it.
//
// Rows are added in ascending order of id. Their hash is taken while they go by, and no sum depends on how they came in.
type Rows struct {
	instruments map[survey.InstrumentRef]*survey.Instrument
	groups      map[groupKey]*group
	items       []rowItem
	itemAt      map[string]int
	n           int
	last        survey.ResponseID
	digest      hash.Hash
	line        []byte
}

// groupKey is what rows of a group have in common. Of an invited response the class is known, of a walk-in unit and month.
type groupKey struct {
	source      survey.Source
	class       survey.ClassID
	unit        survey.UnitID
	month       string
	instrument  survey.InstrumentRef
	modules     string // their codes, joined by blanks
	disposition survey.Disposition
	respondent  bool
	suspect     bool
}

func compareGroups(a, b *group) int {
	return cmp.Or(
		cmp.Compare(a.source, b.source), cmp.Compare(a.class, b.class), cmp.Compare(a.unit, b.unit), cmp.Compare(a.month, b.month),
		cmp.Compare(a.instrument.ID, b.instrument.ID), cmp.Compare(a.instrument.Version, b.instrument.Version),
		cmp.Compare(a.modules, b.modules), cmp.Compare(a.disposition, b.disposition), compareBools(a.respondent, b.respondent), compareBools(a.suspect, b.suspect),
	)
}

func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// group is rows that share everything but their answers.
type group struct {
	groupKey
	drawn []string // the modules
	asked []int    // the items, by their place among all
	n     int
	cells []byte // row by row, a code of each item that was asked
	ids   idList
}

// position is where an item stands in a row, or -1.
func (g *group) position(item int) int { return slices.Index(g.asked, item) }

// pairs counts the pairs of cells of two items in the rows; nothing where one of them was not asked.
func (g *group) pairs(itemAt map[string]int, a, b string) map[[2]byte]int {
	first, ok := itemAt[a]
	second, okToo := itemAt[b]
	if !ok || !okToo {
		return nil
	}
	p, q := g.position(first), g.position(second)
	if p < 0 || q < 0 {
		return nil
	}
	var table [256]*[256]int
	out := map[[2]byte]int{}
	for from := 0; from < len(g.cells); from += len(g.asked) {
		x, y := g.cells[from+p], g.cells[from+q]
		if table[x] == nil {
			table[x] = new([256]int)
		}
		table[x][y]++
	}
	for x, row := range table {
		if row == nil {
			continue
		}
		for y, n := range row {
			if n > 0 {
				out[[2]byte{byte(x), byte(y)}] = n
			}
		}
	}
	return out
}

// rowItem numbers the codes of an item's answers: cell 0 is no answer, then come those that are offered, in their order, and others
// as they are met.
type rowItem struct {
	code   string
	values []int
	cell   map[int]byte
}

// noAnswer marks a cell without a valid answer: left open, "don't know", "does not apply", or refused.
const noAnswer = -1

// valueOf is the code of a cell, or noAnswer.
func (it *rowItem) valueOf(cell byte) int {
	if cell == 0 || it.values[cell-1] < 0 {
		return noAnswer
	}
	return it.values[cell-1]
}

// NewRows makes room for responses to these questionnaires.
func NewRows(instruments map[survey.InstrumentRef]*survey.Instrument) *Rows {
	return &Rows{
		instruments: instruments, groups: map[groupKey]*group{}, itemAt: map[string]int{}, digest: sha256.New(),
	}
}

// Len returns the number of responses.
func (r *Rows) Len() int { return r.n }

// Add takes a response, of which it keeps nothing but the answers to what was asked. Ids must ascend. A questionnaire that
// is not there is CodeInstrumentUnknown.
func (r *Rows) Add(x *survey.Response) error {
	const op = "take answers"
	doc, known := r.instruments[x.Instrument]
	if !known {
		return &survey.Error{Code: survey.CodeInstrumentUnknown, Op: op, Params: map[string]string{"instrument": x.Instrument.String()}}
	}
	if r.n > 0 && x.ID <= r.last {
		return survey.Errorf(survey.CodeInternal, op, "responses are not in order of id")
	}
	key := groupKey{
		source: x.Source, class: x.Class, unit: x.Unit, month: x.Month, instrument: x.Instrument, modules: strings.Join(x.Modules, " "),
		disposition: x.Disposition, respondent: x.Respondent(doc.RequiredItem()), suspect: x.Suspect,
	}
	g := r.groups[key]
	if g == nil {
		g = &group{groupKey: key, drawn: slices.Clone(x.Modules)}
		for _, item := range doc.Asked(x.Modules) {
			g.asked = append(g.asked, r.place(item.Code))
		}
		r.groups[key] = g
	}
	for _, at := range g.asked {
		cell, ok := r.items[at].numbered(x.Answers)
		if !ok {
			return survey.Errorf(survey.CodeInternal, op, "item %q has more than 255 different answers", r.items[at].code)
		}
		g.cells = append(g.cells, cell)
	}
	g.ids.add(x.ID)
	g.n++
	r.n++
	r.last = x.ID
	r.note(x)
	return nil
}

func (r *Rows) place(item string) int {
	at, known := r.itemAt[item]
	if !known {
		at = len(r.items)
		r.itemAt[item] = at
		r.items = append(r.items, rowItem{code: item, cell: map[int]byte{}})
		it := &r.items[at]
		for _, code := range r.offered(item) {
			it.number(code)
		}
	}
	return at
}

// offered lists the codes that the questionnaires offer for an item, in their order. Cells are numbered by it, so that no sum
// depends on who answered first.
func (r *Rows) offered(item string) []int {
	codes := []int{survey.AnswerRefused}
	for _, doc := range r.instruments {
		it, asks := doc.Item(item)
		if !asks {
			continue
		}
		scale, _ := doc.Scale(it.Scale)
		for _, l := range slices.Concat(scale.Levels, scale.Missing) {
			codes = append(codes, l.Code)
		}
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}

func (it *rowItem) numbered(answers map[string]int) (byte, bool) {
	value, answered := answers[it.code]
	if !answered {
		return 0, true
	}
	if cell, known := it.cell[value]; known {
		return cell, true
	}
	return it.number(value)
}

// number gives a code a cell, of which there are 255.
func (it *rowItem) number(value int) (byte, bool) {
	if len(it.values) == 255 {
		return 0, false
	}
	it.values = append(it.values, value)
	cell := byte(len(it.values))
	it.cell[value] = cell
	return cell, true
}

// note adds a response to the hash: everything that a figure may rest on, each text behind its length, so that no two responses
// look alike.
func (r *Rows) note(x *survey.Response) {
	b := r.line[:0]
	text := func(s string) {
		b = strconv.AppendInt(b, int64(len(s)), 10)
		b = append(append(b, ':'), s...)
	}
	text(string(x.ID))
	text(x.Instrument.ID)
	b = strconv.AppendInt(b, int64(x.Instrument.Version), 10)
	for _, s := range []string{string(x.Mode), string(x.Source), string(x.Class), string(x.Unit), x.Month, string(x.Language), string(x.Disposition)} {
		text(s)
	}
	b = append(b, 'm')
	for _, m := range x.Modules {
		text(m)
	}
	b = strconv.AppendBool(b, x.Suspect)
	for _, item := range slices.Sorted(maps.Keys(x.Answers)) {
		text(item)
		b = strconv.AppendInt(b, int64(x.Answers[item]), 10)
	}
	b = append(b, '\n')
	r.digest.Write(b)
	r.line = b
}

// hash is the SHA-256 of all rows in order of id.
func (r *Rows) hash() string { return strconv.Itoa(r.n) + " " + hex.EncodeToString(r.digest.Sum(nil)) }

// sorted lists the groups in order of what they have in common, so that no sum depends on which came first.
func (r *Rows) sorted() []*group {
	return slices.SortedFunc(maps.Values(r.groups), compareGroups)
}

// suspects is the number of responses that are marked, and withoutSuspect the rows that are not.
func (r *Rows) suspects() (n int) {
	for key, g := range r.groups {
		if key.suspect {
			n += g.n
		}
	}
	return n
}

func (r *Rows) withoutSuspect() *Rows {
	rest := *r
	rest.groups, rest.n = map[groupKey]*group{}, r.n-r.suspects()
	for key, g := range r.groups {
		if !key.suspect {
			rest.groups[key] = g
		}
	}
	return &rest
}

// rowsOf makes columns of responses in any order.
func rowsOf(instruments map[survey.InstrumentRef]*survey.Instrument, responses []survey.Response) (*Rows, error) {
	r := NewRows(instruments)
	order := make([]*survey.Response, len(responses))
	for i := range responses {
		order[i] = &responses[i]
	}
	slices.SortFunc(order, func(a, b *survey.Response) int { return cmp.Compare(a.ID, b.ID) })
	for _, x := range order {
		if err := r.Add(x); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// idList keeps ids, those of 32 hexadecimal digits in 16 bytes each.
type idList struct {
	packed []byte
	other  []survey.ResponseID // all of them, as soon as one is made otherwise
}

func (l *idList) add(id survey.ResponseID) {
	var raw [16]byte
	if l.other == nil && len(id) == 2*len(raw) && strings.ToLower(string(id)) == string(id) {
		if _, err := hex.Decode(raw[:], []byte(id)); err == nil {
			l.packed = append(l.packed, raw[:]...)
			return
		}
	}
	if l.other == nil {
		var all []survey.ResponseID
		for i := range len(l.packed) / len(raw) {
			all = append(all, l.at(i))
		}
		l.packed, l.other = nil, all
	}
	l.other = append(l.other, id)
}

func (l *idList) at(i int) survey.ResponseID {
	if l.other != nil {
		return l.other[i]
	}
	return survey.ResponseID(hex.EncodeToString(l.packed[16*i : 16*i+16]))
}

// byID walks the rows of several groups in order of id: the place of the group, and that of the row in it. Rows are added in this order, so
// each group has its own in it, and what is left is to merge them: nothing is held but one id of each group.
func byID(groups []*group) iter.Seq2[int, int] {
	return func(yield func(int, int) bool) {
		var heads idHeap
		for i, g := range groups {
			if g.n > 0 {
				heads = append(heads, idHead{key: g.ids.key(0), group: i})
			}
		}
		for i := len(heads)/2 - 1; i >= 0; i-- {
			heads.down(i)
		}
		for len(heads) > 0 {
			h := &heads[0]
			if !yield(h.group, h.at) {
				return
			}
			h.at++
			if g := groups[h.group]; h.at < g.n {
				h.key = g.ids.key(h.at)
			} else {
				heads[0] = heads[len(heads)-1]
				heads = heads[:len(heads)-1]
			}
			heads.down(0)
		}
	}
}

// idKey is an id such that keys compare as ids do, without a text for those that are packed: the digits of these are packed in their order.
type idKey struct {
	high, low uint64
	other     survey.ResponseID // of an id that is not packed
}

func (l *idList) key(i int) idKey {
	if l.other == nil {
		return idKey{high: binary.BigEndian.Uint64(l.packed[16*i:]), low: binary.BigEndian.Uint64(l.packed[16*i+8:])}
	}
	return idKey{other: l.other[i]}
}

func (k *idKey) text() survey.ResponseID {
	if k.other != "" {
		return k.other
	}
	return survey.ResponseID(fmt.Sprintf("%016x%016x", k.high, k.low))
}

func (k *idKey) less(other *idKey) bool {
	switch {
	case k.other != "" || other.other != "":
		return k.text() < other.text()
	case k.high != other.high:
		return k.high < other.high
	}
	return k.low < other.low
}

// idHead is the next row of a group.
type idHead struct {
	key       idKey
	group, at int
}

// idHeap has the row with the lowest id on top.
type idHeap []idHead

// down lets the row at a place sink until none below it is lower.
func (h idHeap) down(at int) {
	if at >= len(h) {
		return
	}
	sinking := h[at]
	for {
		below := 2*at + 1
		if below >= len(h) {
			break
		}
		if right := below + 1; right < len(h) && h[right].key.less(&h[below].key) {
			below = right
		}
		if !h[below].key.less(&sinking.key) {
			break
		}
		h[at] = h[below]
		at = below
	}
	h[at] = sinking
}
