package export

import (
	"io"
	"strconv"
	"strings"

	"sipas/survey"
)

// TransactionOptions are what a register is held against.
type TransactionOptions struct {
	// Unit returns the unit that a code meant on a day, or the reason why there is none: see UnitsOf.
	Unit func(code string, on survey.Day) (survey.UnitID, Reason)
	// From and To are the wave's period; empty days do not bound it. A transaction belongs to the period when it was
	// under way in it: received on or before the last day, and not returned before the first.
	From, To survey.Day
	// Province names the wave's province in the sentence about a unit elsewhere.
	Province string
	// AsOf is the day on which the file was made; later days in it are a warning. Empty: not checked.
	AsOf survey.Day
}

// The columns of a register, and under which headings offices export them.
const (
	colDossier = iota
	colProcedure
	colField
	colUnit
	colChannel
	colReceived
	colDue
	colReturned
)

var transactionColumns = []column{
	colDossier:   {key: "dossier", names: []string{"dossier", "dossier code", "ma ho so", "so ho so", "ma so ho so", "so bien nhan", "ma bien nhan"}},
	colProcedure: {key: "procedure", names: []string{"procedure", "procedure code", "ma thu tuc", "ma tthc", "ma thu tuc hanh chinh", "thu tuc", "thu tuc hanh chinh", "tthc", "ten thu tuc", "ten tthc", "procedure name"}},
	colField:     {key: "field", names: []string{"field", "field code", "linh vuc", "ma linh vuc", "ten linh vuc", "field name"}},
	colUnit:      {key: "unit", names: []string{"unit", "unit code", "ma don vi", "don vi", "ma co quan", "co quan", "ma don vi tiep nhan", "don vi tiep nhan", "ma don vi giai quyet", "don vi giai quyet"}},
	colChannel:   {key: "channel", names: []string{"channel", "kenh", "hinh thuc nop", "hinh thuc nop ho so", "kenh nop", "kenh tiep nhan", "hinh thuc tiep nhan", "hinh thuc"}},
	colReceived:  {key: "received", names: []string{"received", "received day", "received date", "ngay nhan", "ngay tiep nhan", "ngay nhan ho so", "ngay tiep nhan ho so", "ngay nop"}},
	colDue:       {key: "due", names: []string{"due", "due day", "due date", "ngay hen tra", "ngay hen tra ket qua", "ngay hen", "hen tra", "han tra", "han giai quyet"}},
	colReturned:  {key: "returned", names: []string{"returned", "returned day", "returned date", "ngay tra", "ngay tra ket qua", "ngay tra thuc te", "ngay ket thuc"}},
}

var channels = map[string]survey.Channel{
	"counter": survey.ChannelCounter, "desk": survey.ChannelCounter, "in person": survey.ChannelCounter, "direct": survey.ChannelCounter,
	"truc tiep": survey.ChannelCounter, "tai quay": survey.ChannelCounter, "nop truc tiep": survey.ChannelCounter, "mot cua": survey.ChannelCounter, "tai bo phan mot cua": survey.ChannelCounter,
	"online": survey.ChannelOnline, "web": survey.ChannelOnline, "portal": survey.ChannelOnline,
	"truc tuyen": survey.ChannelOnline, "nop truc tuyen": survey.ChannelOnline, "qua mang": survey.ChannelOnline, "cong dich vu cong": survey.ChannelOnline, "dich vu cong": survey.ChannelOnline, "dvc": survey.ChannelOnline,
	"post": survey.ChannelPost, "postal": survey.ChannelPost, "mail": survey.ChannelPost,
	"buu chinh": survey.ChannelPost, "buu dien": survey.ChannelPost, "bcci": survey.ChannelPost, "buu chinh cong ich": survey.ChannelPost, "qua buu dien": survey.ChannelPost, "qua buu chinh": survey.ChannelPost, "dich vu buu chinh": survey.ChannelPost, "dich vu buu chinh cong ich": survey.ChannelPost, "qua dich vu buu chinh cong ich": survey.ChannelPost,
}

// usualDossier reports whether a code has the form that offices give theirs: 5 to 64 letters, digits and a few separators.
func usualDossier(s string) bool {
	if len(s) < 5 || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		b := s[i]
		letter := b >= '0' && b <= '9' || b >= 'A' && b <= 'Z' || b >= 'a' && b <= 'z'
		if !letter && (i == 0 || !strings.ContainsRune("./_-", rune(b))) {
			return false
		}
	}
	return true
}

// ReadTransactions reads a transaction register from CSV: dossier code, procedure, field, unit, channel, and the days
// received, due and returned, of which the last two may be empty. name is the file's name in the report.
//
// It returns the good transactions in the order of the file, every fault of every bad line in the order of the
// lines, and warnings. The error is only for a file that cannot be read at all.
func ReadTransactions(r io.Reader, name string, opt TransactionOptions) ([]survey.Transaction, []BadLine, []Warning, error) {
	t, usable, err := openTable(r, name, transactionColumns)
	if err != nil {
		return nil, nil, nil, err
	}
	if !usable {
		return nil, t.faults(), t.warnings, nil
	}
	var (
		good  []survey.Transaction
		first = map[string]int{}
		words = map[string]string{} // equal procedures, fields and units share their text
		read  = 0
	)
	for t.next() {
		read++
		tr := t.transaction(opt, first)
		if t.faulty {
			continue
		}
		// Cells are parts of their whole line: a clone lets the line go.
		tr.Dossier = strings.Clone(tr.Dossier)
		tr.Procedure, tr.Field = shared(words, tr.Procedure), shared(words, tr.Field)
		for _, d := range []*survey.Day{&tr.Received, &tr.Due, &tr.Returned} {
			*d = survey.Day(shared(words, string(*d)))
		}
		good = append(good, tr)
	}
	if t.ended != nil {
		return nil, nil, nil, t.ended
	}
	if read == 0 && len(t.bad) == 0 {
		t.warn(WarningNothing, "", "")
	}
	return good, t.faults(), t.warnings, nil
}

func shared(words map[string]string, s string) string {
	if w, known := words[s]; known {
		return w
	}
	s = strings.Clone(s)
	words[s] = s
	return s
}

// transaction reads the current line; it sets faulty where the line is bad.
func (t *table) transaction(opt TransactionOptions, first map[string]int) survey.Transaction {
	tr := survey.Transaction{
		Dossier: t.filled(colDossier), Procedure: t.filled(colProcedure), Field: t.filled(colField),
		Received: t.day(colReceived), Due: t.day(colDue), Returned: t.day(colReturned),
	}
	if tr.Dossier != "" {
		if line, twice := first[tr.Dossier]; twice {
			t.fault(colDossier, tr.Dossier, ReasonDuplicate, "first", strconv.Itoa(line))
		} else {
			first[strings.Clone(tr.Dossier)] = t.line
		}
		if !usualDossier(tr.Dossier) {
			t.warn(WarningDossierOdd, t.heading(colDossier), tr.Dossier)
		}
	}
	if strings.ContainsAny(tr.Field, survey.PoolingMarks) {
		t.fault(colField, tr.Field, ReasonFieldNotAllowed)
	}
	if tr.Received == "" && strings.TrimSpace(t.raw(colReceived)) == "" {
		t.fault(colReceived, "", ReasonEmpty)
	}
	t.days(tr, opt)

	if code := t.filled(colUnit); code != "" && tr.Received != "" {
		unit, reason := opt.Unit(code, tr.Received)
		switch reason {
		case "":
			tr.Unit = unit
		case ReasonUnitNotValid:
			t.fault(colUnit, code, reason, "day", string(tr.Received))
		case ReasonUnitElsewhere:
			t.fault(colUnit, code, reason, "province", opt.Province)
		default:
			t.fault(colUnit, code, reason)
			t.suggest(code, tr.Received, opt)
		}
	}
	if word := t.filled(colChannel); word != "" {
		channel, known := t.channels[word]
		if !known {
			if channel, known = channels[fold(word)]; known && len(t.channels) < maxCleaned {
				t.channels[strings.Clone(word)] = channel
			}
		}
		if !known {
			t.fault(colChannel, word, ReasonChannel)
		}
		tr.Channel = channel
	}
	return tr
}

// days holds the days of a transaction against each other and against the period.
func (t *table) days(tr survey.Transaction, opt TransactionOptions) {
	if tr.Due == "" && strings.TrimSpace(t.raw(colDue)) == "" {
		t.warn(WarningManyUndated, t.heading(colDue), "")
	}
	for _, d := range []struct {
		c   int
		day survey.Day
	}{{colReceived, tr.Received}, {colReturned, tr.Returned}} {
		if opt.AsOf != "" && d.day > opt.AsOf {
			t.warn(WarningFuture, t.heading(d.c), string(d.day))
		}
	}
	if tr.Received == "" {
		return
	}
	if tr.Returned != "" && tr.Returned < tr.Received {
		t.fault(colReturned, string(tr.Returned), ReasonReturnedEarly, "received", string(tr.Received))
	}
	if tr.Due != "" && tr.Due < tr.Received {
		t.fault(colDue, string(tr.Due), ReasonDueEarly, "received", string(tr.Received))
	}
	switch {
	case opt.To != "" && tr.Received > opt.To:
		t.fault(colReceived, string(tr.Received), ReasonPeriod, "from", string(opt.From), "to", string(opt.To))
	case opt.From != "" && tr.Returned != "" && tr.Returned >= tr.Received && tr.Returned < opt.From:
		t.fault(colReturned, string(tr.Returned), ReasonPeriod, "from", string(opt.From), "to", string(opt.To))
	}
}

// suggest adds to the fault just reported the code that a spreadsheet may have stripped of its leading zeros.
func (t *table) suggest(code string, on survey.Day, opt TransactionOptions) {
	if len(code) >= 5 || strings.Trim(code, "0123456789") != "" {
		return
	}
	for _, width := range []int{2, 3, 5} {
		if len(code) >= width {
			continue
		}
		padded := strings.Repeat("0", width-len(code)) + code
		if _, reason := opt.Unit(padded, on); reason == "" {
			t.bad[len(t.bad)-1].Params = map[string]string{"near": padded}
			return
		}
	}
}

// UnitsOf returns a resolver for TransactionOptions over a list of units. A code is looked up among the units
// that existed on the day; an id as the program writes it, "80@2025-07-01", is accepted too. Units outside province are ReasonUnitElsewhere
// unless province is empty.
func UnitsOf(units []survey.Unit, province survey.UnitID) func(code string, on survey.Day) (survey.UnitID, Reason) {
	byID := make(map[survey.UnitID]survey.Unit, len(units))
	byCode := make(map[string][]survey.Unit, len(units))
	for _, u := range units {
		byID[u.ID] = u
		byCode[u.Code] = append(byCode[u.Code], u)
	}
	inside := func(u survey.Unit) bool {
		for range 8 { // deeper than any tree of offices, so that a circle ends
			if u.ID == province {
				return true
			}
			parent, found := byID[u.Parent]
			if !found {
				return false
			}
			u = parent
		}
		return false
	}
	return func(code string, on survey.Day) (survey.UnitID, Reason) {
		candidates := byCode[code]
		if u, found := byID[survey.UnitID(code)]; found {
			candidates = []survey.Unit{u}
		}
		if len(candidates) == 0 {
			return "", ReasonUnitUnknown
		}
		for _, u := range candidates {
			if !u.ValidOn(on) {
				continue
			}
			if province != "" && !inside(u) {
				return "", ReasonUnitElsewhere
			}
			return u.ID, ""
		}
		return "", ReasonUnitNotValid
	}
}
