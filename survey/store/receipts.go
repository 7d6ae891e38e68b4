package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"sipas/survey"
)

const opSaveReceipt = "save response"

const (
	selectReceiving   = `SELECT wave.state, answer_state.changes FROM wave JOIN answer_state ON answer_state.wave = wave.id WHERE wave.id = $1`
	selectWaveRules   = `SELECT document FROM wave WHERE id = $1`
	selectMergedInto  = `SELECT merged_into FROM unit WHERE id = $1`
	selectClassLabels = `SELECT labels FROM class WHERE wave = $1 AND id = $2`
	selectPointUnit   = `SELECT unit FROM point WHERE id = $1`
	countInstrument   = `SELECT count(*) FROM instrument WHERE id = $1 AND version = $2`
	selectMonth       = `SELECT CAST(coalesce(sum(n), 0) AS bigint) FROM day_count WHERE wave = $1 AND unit = $2 AND point = $3 AND day >= $4 AND day <= $5`
)

// What a batch writes, and how it looks up what is stored.
var (
	insertResponses = newMulti(`INSERT INTO response (id, `+responseColumns+`)`, ``, 17, 8)
	insertComments  = newMulti(`INSERT INTO comment (id, wave, unit, language, text)`, ``, 5, 4)
	countDays       = newMulti(`INSERT INTO day_count (wave, unit, point, day, n)`,
		`ON CONFLICT (wave, unit, point, day) DO UPDATE SET n = day_count.n + excluded.n`, 5, 8)
	countSignals = newMulti(`INSERT INTO signal_count (wave, unit, point, month, signal, n)`,
		`ON CONFLICT (wave, unit, point, month, signal) DO UPDATE SET n = signal_count.n + excluded.n`, 6, 4)
	selectByIDs = `SELECT id, ` + responseColumns + ` FROM response WHERE id IN ` + placeholders(1, idsAtOnce)
)

// idsAtOnce is how many responses one statement looks up.
const idsAtOnce = 8

// hotStatements are prepared once: answers run them.
func hotStatements() []string {
	all := []string{
		selectReceiving, selectWaveRules, selectMergedInto, updateResponse, selectClassLabels, selectPointUnit, countInstrument,
		selectMonth, selectStratum, deleteStratum, moveAnswerState, deleteResponse, selectByIDs, selectQueueDevice, countDevice, insertQueue,
		selectStretches, deleteStretch, countRefused,
	}
	for _, m := range []multi{insertResponses, insertComments, countDays, countSignals, putStrata, putStretches} {
		all = append(all, m.one, m.many)
	}
	return all
}

// facts are what receiving need not ask twice, because it never changes or only by what this store writes. None grows beyond its bound.
type facts struct {
	classUnit   memo[classKey, survey.UnitID] // the unit that a comment under a class may name
	pointUnit   memo[survey.PointID, survey.UnitID]
	units       memo[survey.UnitID, survey.UnitID] // the unit itself, or the one that it was merged into
	instruments memo[survey.InstrumentRef, bool]
	minAnswers  memo[survey.WaveID, int]
	// What follows changes with every answer, and is forgotten when a transaction fails.
	ledgers memo[survey.QueueID, []survey.Range]
	strata  memo[stratum, *counts]
	// changes are the numbers of survey.AnswersState that were written last. Where the database has another one, somebody else wrote.
	changes map[survey.WaveID]int64
}

type classKey struct {
	wave  survey.WaveID
	class survey.ClassID
}

// memo remembers values up to a bound. A full one begins anew.
type memo[K comparable, V any] struct {
	most int
	of   map[K]V
}

func (m *memo[K, V]) get(k K) (V, bool) {
	v, known := m.of[k]
	return v, known
}

func (m *memo[K, V]) put(k K, v V) {
	if _, known := m.of[k]; m.of == nil || !known && len(m.of) >= m.most {
		m.of = map[K]V{}
	}
	m.of[k] = v
}

func (m *memo[K, V]) drop(k K) { delete(m.of, k) }

func newFacts() *facts {
	return &facts{
		classUnit: memo[classKey, survey.UnitID]{most: 20_000}, pointUnit: memo[survey.PointID, survey.UnitID]{most: 10_000},
		units: memo[survey.UnitID, survey.UnitID]{most: 10_000}, instruments: memo[survey.InstrumentRef, bool]{most: 1_000},
		minAnswers: memo[survey.WaveID, int]{most: 1_000}, ledgers: memo[survey.QueueID, []survey.Range]{most: 4_000},
		strata: memo[stratum, *counts]{most: 5_000}, changes: map[survey.WaveID]int64{},
	}
}

// forget drops everything: what a transaction that failed may have changed, or what somebody else may have.
func (s *Store) forget() { s.facts = newFacts() }

// batch takes receipts into one transaction. Each is judged as if those before it were stored already, and nothing is written before
// all are judged: one that is refused leaves nothing, and many that change the same count cost one statement.
type batch struct {
	s     *Store
	ctx   context.Context
	tx    *sql.Tx
	stmts map[string]*sql.Stmt

	states   map[survey.WaveID]error // nil where the wave is open
	rows     map[survey.ResponseID]*row
	comments []comment
	tally    *tally
	places   []Place // that are written before all are judged
	days     map[dayKey]int
	months   map[monthKey]int // how many answers a point has, with those of this batch
	signals  map[signalKey]int
	ledgers  map[survey.QueueID]*ledger
}

// row is one response on its way. Both are nil while nothing is known under its id.
type row struct{ stored, now *survey.Response }

type comment struct {
	id, text string
	wave     survey.WaveID
	unit     survey.UnitID
	language survey.Lang
}

type dayKey struct {
	wave  survey.WaveID
	unit  survey.UnitID
	point survey.PointID
	day   survey.Day
}

type monthKey struct {
	wave  survey.WaveID
	unit  survey.UnitID
	point survey.PointID
	month string
}

type signalKey struct {
	monthKey
	signal survey.Signal
}

func (s *Store) newBatch(ctx context.Context, tx *sql.Tx) *batch {
	return &batch{
		s: s, ctx: ctx, tx: tx, stmts: map[string]*sql.Stmt{}, states: map[survey.WaveID]error{}, rows: map[survey.ResponseID]*row{},
		tally: newTally(), days: map[dayKey]int{}, months: map[monthKey]int{}, signals: map[signalKey]int{},
		ledgers: map[survey.QueueID]*ledger{},
	}
}

// stmt returns a hot statement within the transaction.
func (b *batch) stmt(query string) *sql.Stmt {
	stmt := b.stmts[query]
	if stmt == nil {
		stmt = b.tx.StmtContext(b.ctx, b.s.hot[query])
		b.stmts[query] = stmt
	}
	return stmt
}

func (b *batch) exec(query string, args ...any) error {
	_, err := b.stmt(query).ExecContext(b.ctx, args...)
	return err
}

func (b *batch) row(query string, args ...any) *sql.Row {
	return b.stmt(query).QueryRowContext(b.ctx, args...)
}

// there reports whether a statement that counts finds anything, and remembers it when it does.
func there[K comparable](b *batch, known *memo[K, bool], key K, query string, args ...any) (bool, error) {
	if found, _ := known.get(key); found {
		return true, nil
	}
	var n int
	if err := b.row(query, args...).Scan(&n); err != nil || n == 0 {
		return false, err
	}
	known.put(key, true)
	return true, nil
}

// load looks up what is stored under the ids of receipts.
func (b *batch) load(ids []survey.ResponseID) error {
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	for chunk := range slices.Chunk(ids, idsAtOnce) {
		args := make([]any, idsAtOnce)
		for i := range args {
			// The last id fills the rest of the statement up.
			args[i] = chunk[min(i, len(chunk)-1)]
			b.rows[chunk[min(i, len(chunk)-1)]] = &row{}
		}
		rows, err := b.stmt(selectByIDs).QueryContext(b.ctx, args...)
		if err != nil {
			return err
		}
		for rows.Next() {
			r, err := scanResponse(rows.Scan, new(survey.Response))
			if err != nil {
				return errors.Join(err, rows.Close())
			}
			*b.rows[r.ID] = row{stored: r, now: r}
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return err
		}
	}
	return nil
}

// take judges a receipt and notes what it changes. An error with a code of survey is the receipt's own; any other is the database's.
func (b *batch) take(r *survey.Receipt) (survey.Outcome, error) {
	// A copy: what is sent belongs to the caller.
	sending := *r
	r = &sending
	sent := &r.Response
	if err := b.requireOpen(sent.Wave); err != nil {
		return "", err
	}
	commentUnit, err := b.commentUnit(sent)
	if err != nil {
		return "", err
	}
	known, err := there(b, &b.s.facts.instruments, sent.Instrument, countInstrument, sent.Instrument.ID, sent.Instrument.Version)
	if err != nil {
		return "", err
	}
	if !known {
		return "", missing(survey.CodeInstrumentUnknown, opSaveReceipt, "instrument", sent.Instrument.String())
	}
	pointUnit, err := b.pointUnit(r.Point)
	if err != nil {
		return "", err
	}
	var arrived *ledger
	if r.Delivery != nil {
		if arrived, err = b.ledger(opSaveReceipt, *r.Delivery); err != nil {
			return "", err
		}
	}
	at := b.rows[sent.ID]
	was := at.now
	if was != nil && (was.Wave != sent.Wave || was.Source != sent.Source) {
		return "", &survey.Error{Code: survey.CodeResponseConflict, Op: opSaveReceipt}
	}
	outcome, err := survey.Resolve(was, sent)
	if err != nil {
		return "", err
	}
	if outcome == survey.Stored || outcome == survey.Replaced {
		if err := b.change(at, r, outcome, pointUnit, commentUnit); err != nil {
			return "", err
		}
	}
	if arrived != nil {
		arrived.note(r.Delivery.Seq)
	}
	return outcome, nil
}

// change notes a receipt that is to be stored.
func (b *batch) change(at *row, r *survey.Receipt, outcome survey.Outcome, pointUnit, commentUnit survey.UnitID) error {
	was, next := at.now, r.Response
	if was != nil {
		next.Suspect = next.Suspect || was.Suspect
	}
	if next.Disposition == survey.Complete {
		next.Sitting = ""
	}
	day := dayKey{next.Wave, pointUnit, r.Point, r.Day}
	if err := b.judge(&next, r, day, outcome == survey.Stored); err != nil {
		return err
	}
	if outcome == survey.Stored {
		b.days[day]++
	}
	b.tally.move(was, &next)
	at.now = &next
	if next.Disposition == survey.Complete && r.Comment != "" {
		b.comments = append(b.comments, comment{randomKey(), r.Comment, next.Wave, commentUnit, next.Language})
	}
	return nil
}

// judge marks a response whose receipt shows signals, and counts them, once for each response, where the point has enough answers
// in the month for the mark to tell nothing of any of them.
func (b *batch) judge(next *survey.Response, r *survey.Receipt, day dayKey, isNew bool) error {
	if r.Point == "" || len(r.Day) != len("2006-01-02") {
		return nil
	}
	month := monthKey{day.wave, day.unit, day.point, string(r.Day[:len("2006-01")])}
	n, counted := b.months[month]
	if !counted && len(r.Signals) == 0 {
		return nil
	}
	if !counted {
		err := b.row(selectMonth, month.wave, month.unit, month.point, month.month+"-01", month.month+"-31").Scan(&n)
		if err != nil {
			return err
		}
		for k, more := range b.days {
			if k.wave == month.wave && k.unit == month.unit && k.point == month.point && strings.HasPrefix(string(k.day), month.month) {
				n += more
			}
		}
	}
	if isNew {
		n++
	}
	b.months[month] = n
	if next.Suspect || len(r.Signals) == 0 {
		return nil
	}
	least, err := b.minAnswers(next.Wave)
	if err != nil || n < least {
		return err
	}
	next.Suspect = true
	for _, signal := range slices.Compact(slices.Sorted(slices.Values(r.Signals))) {
		b.signals[signalKey{month, signal}]++
	}
	return nil
}

func (b *batch) minAnswers(wave survey.WaveID) (int, error) {
	if n, known := b.s.facts.minAnswers.get(wave); known {
		return n, nil
	}
	var doc string
	if err := b.row(selectWaveRules, wave).Scan(&doc); err != nil {
		return 0, err
	}
	w, err := survey.ParseWave([]byte(doc))
	if err != nil {
		return 0, err
	}
	b.s.facts.minAnswers.put(wave, w.Rules.MinAnswers)
	return w.Rules.MinAnswers, nil
}

func (b *batch) requireOpen(wave survey.WaveID) error {
	verdict, asked := b.states[wave]
	if asked {
		return verdict
	}
	var state survey.WaveState
	var changes int64
	err := b.row(selectReceiving, wave).Scan(&state, &changes)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		verdict = missing(survey.CodeNotFound, opSaveReceipt, "wave", string(wave))
	case err != nil:
		return err
	case state == survey.WaveClosed:
		verdict = missing(survey.CodeWaveClosed, opSaveReceipt, "wave", string(wave))
	}
	if last, known := b.s.facts.changes[wave]; err == nil && (!known || last != changes) {
		// What is remembered goes, but not by which number each other wave is known: two open waves would else empty each other's memory.
		known := b.s.facts.changes
		b.s.forget()
		b.s.facts.changes = known
		known[wave] = changes
	}
	b.states[wave] = verdict
	return verdict
}

// own reports whether an error is the verdict on one receipt rather than a fault of the database.
func own(err error) bool {
	var e *survey.Error
	return errors.As(err, &e)
}

// commentUnit checks where a response says that it comes from, and returns the unit that its comment may name: the one of
// a walk-in, and the one of a class when the class lies within a single unit. A walk-in of a unit that was merged becomes its successor's.
func (b *batch) commentUnit(r *survey.Response) (survey.UnitID, error) {
	switch {
	case r.Source == survey.Invited && r.Class != "" && r.Unit == "" && r.Month == "":
		return b.classUnit(classKey{r.Wave, r.Class})
	case r.Source == survey.WalkIn && r.Class == "" && r.Unit != "" && len(r.Month) == len("2006-01"):
		unit, err := b.unitNow(r.Unit)
		if err == nil && unit == "" {
			err = missing(survey.CodeUnitUnknown, opSaveReceipt, "unit", string(r.Unit))
		}
		r.Unit = unit
		return unit, err
	}
	return "", survey.Errorf(survey.CodeBadRequest, opSaveReceipt,
		"an invited response has a class and nothing finer, a walk-in a unit and a month; this one (%q) has neither", r.Source)
}

func (b *batch) classUnit(key classKey) (survey.UnitID, error) {
	if unit, known := b.s.facts.classUnit.get(key); known {
		return unit, nil
	}
	var text string
	err := b.row(selectClassLabels, key.wave, key.class).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return "", missing(survey.CodeNotFound, opSaveReceipt, "class", string(key.class))
	}
	if err != nil {
		return "", err
	}
	var labels [survey.Dims]string
	if err := json.Unmarshal([]byte(text), &labels); err != nil {
		return "", fmt.Errorf("labels of class %s: %w", key.class, err)
	}
	unit := survey.UnitID(labels[survey.DimUnit])
	if unit == "*" || strings.Contains(string(unit), "|") {
		unit = ""
	}
	if unit != "" {
		if unit, err = b.unitNow(unit); err != nil || unit == "" {
			// One that is not there may be added later.
			return "", err
		}
	}
	b.s.facts.classUnit.put(key, unit)
	return unit, nil
}

// unitNow returns what counts for a unit by now: itself, or the one that it was merged into; "" where there is no such unit.
func (b *batch) unitNow(unit survey.UnitID) (survey.UnitID, error) {
	if now, known := b.s.facts.units.get(unit); known {
		return now, nil
	}
	var now survey.UnitID
	err := b.row(selectMergedInto, unit).Scan(&now)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	if now == "" {
		now = unit
	}
	b.s.facts.units.put(unit, now)
	return now, nil
}

func (b *batch) pointUnit(point survey.PointID) (survey.UnitID, error) {
	if point == "" {
		return "", nil
	}
	if unit, known := b.s.facts.pointUnit.get(point); known {
		return unit, nil
	}
	var unit survey.UnitID
	err := b.row(selectPointUnit, point).Scan(&unit)
	if errors.Is(err, sql.ErrNoRows) {
		return "", missing(survey.CodePointUnknown, opSaveReceipt, "point", string(point))
	}
	if err == nil {
		unit, err = b.unitNow(unit)
	}
	if err == nil {
		b.s.facts.pointUnit.put(point, unit)
	}
	return unit, err
}

// flush writes what the receipts changed, each table in the order of its keys, and returns where their order of arrival could be read.
func (b *batch) flush() ([]Place, error) {
	places := b.places
	var fresh []*survey.Response
	for _, id := range slices.Sorted(maps.Keys(b.rows)) {
		at := b.rows[id]
		if at.now == at.stored {
			continue
		}
		places = append(places, Place{Table: TableResponse, ID: string(id)})
		if at.stored == nil {
			fresh = append(fresh, at.now)
			continue
		}
		if err := b.exec(updateResponse, append(responseRow(nil, at.now), id)...); err != nil {
			return nil, err
		}
	}
	err := b.insert(insertResponses, len(fresh), func(i int, args []any) []any { return responseRow(append(args, fresh[i].ID), fresh[i]) })
	if err != nil {
		return nil, err
	}
	slices.SortFunc(b.comments, func(x, y comment) int { return cmp.Compare(x.id, y.id) })
	err = b.insert(insertComments, len(b.comments), func(i int, args []any) []any {
		c := b.comments[i]
		places = append(places, Place{Table: TableComment, ID: c.id})
		return append(args, c.id, c.wave, c.unit, c.language, c.text)
	})
	if err != nil {
		return nil, err
	}
	moved, err := b.recount(b.tally)
	if err != nil {
		return nil, err
	}
	places = append(places, moved...)
	if err := b.flushCounts(); err != nil {
		return nil, err
	}
	return places, b.flushLedgers()
}

func (b *batch) flushCounts() error {
	days := slices.SortedFunc(maps.Keys(b.days), func(x, y dayKey) int {
		return cmp.Or(cmp.Compare(x.wave, y.wave), cmp.Compare(x.unit, y.unit), cmp.Compare(x.point, y.point), cmp.Compare(x.day, y.day))
	})
	err := b.insert(countDays, len(days), func(i int, args []any) []any {
		d := days[i]
		return append(args, d.wave, d.unit, d.point, d.day, b.days[d])
	})
	if err != nil {
		return err
	}
	signals := slices.SortedFunc(maps.Keys(b.signals), func(x, y signalKey) int {
		return cmp.Or(cmp.Compare(x.wave, y.wave), cmp.Compare(x.unit, y.unit), cmp.Compare(x.point, y.point),
			cmp.Compare(x.month, y.month), cmp.Compare(x.signal, y.signal))
	})
	return b.insert(countSignals, len(signals), func(i int, args []any) []any {
		k := signals[i]
		return append(args, k.wave, k.unit, k.point, k.month, k.signal, b.signals[k])
	})
}

// responseRow appends the columns of a response but its id.
func responseRow(args []any, r *survey.Response) []any {
	text := survey.AppendModules(make([]byte, 0, 256), r.Modules)
	modules := len(text)
	text = survey.AppendAnswers(text, r.Answers)
	return append(args,
		r.Wave, r.Instrument.ID, r.Instrument.Version, r.Mode, r.Source, r.Class, r.Unit, r.Month,
		r.Language, string(text[:modules]), r.Revision, r.Disposition, string(text[modules:]), flag(r.Suspect), r.ContentHash, r.Sitting)
}

// SaveReceipts stores many receipts in one transaction, each by the rule of survey.Resolve, all or none: for loads that are made
// on the server itself, where nobody waits for a single acknowledgement.
func (s *Store) SaveReceipts(ctx context.Context, receipts []survey.Receipt) error {
	s.receiving.Lock()
	defer s.receiving.Unlock()
	var places []Place
	err := s.write(ctx, opSaveReceipt, func(tx *sql.Tx) error {
		b := s.newBatch(ctx, tx)
		ids := make([]survey.ResponseID, len(receipts))
		for i := range receipts {
			ids[i] = receipts[i].Response.ID
		}
		if err := b.load(ids); err != nil {
			return err
		}
		for i := range receipts {
			if _, err := b.take(&receipts[i]); err != nil {
				return err
			}
		}
		var err error
		places, err = b.flush()
		return err
	})
	if err != nil {
		s.forget()
		return err
	}
	s.answered(places)
	return nil
}

// answered tells the engine that answers were written, and where their order could be read.
func (s *Store) answered(places []Place) {
	if s.engine.Answered != nil {
		s.engine.Answered(places)
	}
}
