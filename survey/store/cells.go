package store

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"sipas/survey"
)

const (
	selectStratum = `SELECT counts FROM stratum WHERE id = $1`
	deleteStratum = `DELETE FROM stratum WHERE id = $1`
	// The strata of a wave lie between its name with a blank and its name with the character after a blank.
	selectStrata      = `SELECT id, counts FROM stratum WHERE id >= $1 AND id < $2 ORDER BY id`
	insertAnswerState = `INSERT INTO answer_state (wave, invited, walk_ins, changes) VALUES ($1, 0, 0, 0)`
	selectAnswerState = `SELECT invited, walk_ins, changes FROM answer_state WHERE wave = $1`
	moveAnswerState   = `UPDATE answer_state SET invited = invited + $1, walk_ins = walk_ins + $2, changes = $3 WHERE wave = $4`
)

// putStrata begins strata and changes them.
var putStrata = newMulti(`INSERT INTO stratum (id, counts)`, `ON CONFLICT (id) DO UPDATE SET counts = excluded.counts`, 2, 8)

// CellsOf returns the cells that one response counts in, each with N = 1: one for the response itself, one for each answer.
func CellsOf(r *survey.Response) []survey.Cell {
	stratum := survey.Cell{Source: r.Source, Class: r.Class, Unit: r.Unit, Month: r.Month, Mode: r.Mode, N: 1}
	cells := make([]survey.Cell, 0, 1+len(r.Answers))
	whole := stratum
	whole.Disposition = r.Disposition
	cells = append(cells, whole)
	for _, item := range slices.Sorted(maps.Keys(r.Answers)) {
		c := stratum
		c.Item, c.Code = item, r.Answers[item]
		cells = append(cells, c)
	}
	return cells
}

// stratum is what cells lie under. They are kept together, in one row.
type stratum struct {
	wave   survey.WaveID
	source survey.Source
	class  survey.ClassID
	unit   survey.UnitID
	month  string
	mode   survey.Mode
}

func stratumOf(r *survey.Response) stratum {
	return stratum{r.Wave, r.Source, r.Class, r.Unit, r.Month, r.Mode}
}

// Names are written with blanks and ends of lines between them.
var (
	plainName  = strings.NewReplacer("%", "%25", " ", "%20", "\n", "%0A")
	writtenOut = strings.NewReplacer("%0A", "\n", "%20", " ", "%25", "%")
)

// id is the key of the stratum's row: the stratum itself.
func (s stratum) id() string {
	return strings.Join([]string{
		plainName.Replace(string(s.wave)), string(s.source), plainName.Replace(string(s.class)), plainName.Replace(string(s.unit)),
		plainName.Replace(s.month), plainName.Replace(string(s.mode)),
	}, " ")
}

func parseStratum(id string) (stratum, error) {
	parts := strings.Split(id, " ")
	if len(parts) != 6 {
		return stratum{}, fmt.Errorf("stratum %q has %d parts", id, len(parts))
	}
	for i := range parts {
		parts[i] = writtenOut.Replace(parts[i])
	}
	return stratum{
		survey.WaveID(parts[0]), survey.Source(parts[1]), survey.ClassID(parts[2]), survey.UnitID(parts[3]), parts[4], survey.Mode(parts[5]),
	}, nil
}

// count is one cell of a stratum: how many of its responses ended so (item ""), or gave a code to an item.
type count struct {
	item        string
	code        int
	disposition survey.Disposition
	n           int
}

func compareCounts(a, b count) int {
	return cmp.Or(cmp.Compare(a.item, b.item), cmp.Compare(a.code, b.code), cmp.Compare(a.disposition, b.disposition))
}

// counts are the cells of a stratum, sorted, none of them zero, and how long their text is that is stored, zero without a row.
type counts struct {
	all    []count
	length int
}

// add changes one count. None may fall below zero: what is taken off was counted.
func (c *counts) add(by count) error {
	i, found := slices.BinarySearchFunc(c.all, by, compareCounts)
	switch {
	case by.n == 0:
	case found:
		if c.all[i].n += by.n; c.all[i].n == 0 {
			c.all = slices.Delete(c.all, i, i+1)
		} else if c.all[i].n < 0 {
			return fmt.Errorf("a counted answer to %q has no cell", by.item)
		}
	case by.n < 0:
		return fmt.Errorf("a counted answer to %q has no cell", by.item)
	default:
		c.all = slices.Insert(c.all, i, by)
	}
	return nil
}

// text writes counts as they are stored.
func (c *counts) text() string {
	b := make([]byte, 0, c.length+16)
	for i, k := range c.all {
		if i == 0 || k.item != c.all[i-1].item {
			if i > 0 {
				b = append(b, '\n')
			}
			b = append(b, plainName.Replace(k.item)...)
		}
		b = append(b, ' ')
		if k.item == "" {
			b = append(b, k.disposition...)
		} else {
			b = strconv.AppendInt(b, int64(k.code), 10)
		}
		b = append(b, '=')
		b = strconv.AppendInt(b, int64(k.n), 10)
	}
	return string(b)
}

// parseCounts reads what is stored.
func parseCounts(text string) (*counts, error) {
	c := &counts{all: make([]count, 0, strings.Count(text, "=")), length: len(text)}
	for line := range strings.SplitSeq(text, "\n") {
		name, rest, _ := strings.Cut(line, " ")
		item := writtenOut.Replace(name)
		for field := range strings.SplitSeq(rest, " ") {
			key, number, _ := strings.Cut(field, "=")
			k := count{item: item}
			var err, badCode error
			k.n, err = strconv.Atoi(number)
			if item == "" {
				k.disposition = survey.Disposition(key)
			} else {
				k.code, badCode = strconv.Atoi(key)
			}
			if err := errors.Join(err, badCode); err != nil {
				return nil, fmt.Errorf("counts of %q: %w", item, err)
			}
			c.all = append(c.all, k)
		}
	}
	return c, nil
}

// tally collects by how much the counts of strata change in one transaction, so that many answers of a stratum cost one statement.
type tally struct {
	changes map[stratum][]count
	waves   map[survey.WaveID]*total // whose answers change
}

// total is by how much the number of answers of a wave changes.
type total struct{ invited, walkIns int }

func newTally() *tally {
	return &tally{changes: map[stratum][]count{}, waves: map[survey.WaveID]*total{}}
}

// move takes off what was stored and adds what is stored instead. Either may be nothing.
func (t *tally) move(was, now *survey.Response) {
	if was != nil {
		t.add(was, -1)
	}
	if now != nil {
		t.add(now, 1)
	}
}

func (t *tally) add(r *survey.Response, by int) {
	key := stratumOf(r)
	changes := append(t.changes[key], count{disposition: r.Disposition, n: by})
	for item, code := range r.Answers {
		changes = append(changes, count{item: item, code: code, n: by})
	}
	t.changes[key] = changes
	t.touch(r.Wave)
	if r.Source == survey.Invited {
		t.waves[r.Wave].invited += by
	} else {
		t.waves[r.Wave].walkIns += by
	}
}

// touch notes that the answers of a wave change, if only in a way that no cell counts.
func (t *tally) touch(wave survey.WaveID) {
	if t.waves[wave] == nil {
		t.waves[wave] = new(total)
	}
}

// recount writes a tally, in key order, and returns the strata whose rows may have moved.
func (b *batch) recount(t *tally) ([]Place, error) {
	byID := make(map[string]stratum, len(t.changes))
	for s := range t.changes {
		byID[s.id()] = s
	}
	var places []Place
	var changed []written
	for _, id := range slices.Sorted(maps.Keys(byID)) {
		now, was, err := b.recountStratum(id, byID[id], t.changes[byID[id]])
		if err != nil {
			return nil, err
		}
		switch {
		case now != "":
			changed = append(changed, written{id, now})
		case was > 0:
			if err := b.exec(deleteStratum, id); err != nil {
				return nil, err
			}
		}
		// An engine puts a row that has begun or that takes another number of bytes somewhere else, where it lies could tell when that was.
		if len(now) != was {
			places = append(places, Place{Table: TableStratum, ID: id})
		}
	}
	err := b.insert(putStrata, len(changed), func(i int, args []any) []any { return append(args, changed[i].id, changed[i].counts) })
	if err != nil {
		return nil, err
	}
	for _, wave := range slices.Sorted(maps.Keys(t.waves)) {
		changes := randomNumber()
		if err := b.exec(moveAnswerState, t.waves[wave].invited, t.waves[wave].walkIns, changes, wave); err != nil {
			return nil, err
		}
		b.s.facts.changes[wave] = changes
	}
	return places, nil
}

// written is a row of a stratum.
type written struct{ id, counts string }

// recountStratum changes the counts of a stratum, and returns what is to be stored of them, "" where none are left, and how long
// what is stored was, zero where nothing is.
func (b *batch) recountStratum(id string, s stratum, changes []count) (now string, was int, err error) {
	c, err := b.countsOf(id, s)
	if err != nil {
		return "", 0, err
	}
	// What is added comes first, so that no count falls below zero on the way.
	slices.SortFunc(changes, func(x, y count) int { return cmp.Compare(y.n, x.n) })
	for _, change := range changes {
		if err := c.add(change); err != nil {
			return "", 0, err
		}
	}
	if now, was = c.text(), c.length; now == "" {
		b.s.facts.strata.drop(s)
	}
	c.length = len(now)
	return now, was, nil
}

// countsOf returns the counts of a stratum, which the caller may change when it writes them.
func (b *batch) countsOf(id string, s stratum) (*counts, error) {
	if c, known := b.s.facts.strata.get(s); known {
		return c, nil
	}
	var text string
	err := b.row(selectStratum, id).Scan(&text)
	c := new(counts)
	if err == nil {
		c, err = parseCounts(text)
	}
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, err
	}
	b.s.facts.strata.put(s, c)
	return c, nil
}

// randomNumber is a number that says nothing.
func randomNumber() int64 {
	var b [8]byte
	_, _ = rand.Read(b[:])
	return int64(binary.BigEndian.Uint64(b[:]) >> 1)
}

// Cells returns the counts of answers, in key order.
func (s *Store) Cells(ctx context.Context, wave survey.WaveID) ([]survey.Cell, error) {
	var all []survey.Cell
	err := eachStratum(ctx, s.engine.Reader, wave, func(st stratum, c *counts) error {
		for _, k := range c.all {
			all = append(all, survey.Cell{
				Source: st.source, Class: st.class, Unit: st.unit, Month: st.month, Mode: st.mode,
				Item: k.item, Code: k.code, Disposition: k.disposition, N: k.n,
			})
		}
		return nil
	})
	return all, s.fail("read cells", err)
}

// eachStratum calls yield with the strata of a wave in key order.
func eachStratum(ctx context.Context, q querier, wave survey.WaveID, yield func(stratum, *counts) error) error {
	name := plainName.Replace(string(wave))
	return each(ctx, q, func(rows *sql.Rows) error {
		var id, text string
		if err := rows.Scan(&id, &text); err != nil {
			return err
		}
		st, err := parseStratum(id)
		if err != nil {
			return err
		}
		c, err := parseCounts(text)
		if err != nil {
			return err
		}
		return yield(st, c)
	}, selectStrata, name+" ", name+"!")
}

// AnswersState returns how many answers a wave has and whether they changed: one row, however many they are.
func (s *Store) AnswersState(ctx context.Context, wave survey.WaveID) (survey.AnswersState, error) {
	const op = "read state of answers"
	var a survey.AnswersState
	err := s.engine.Reader.QueryRowContext(ctx, selectAnswerState, wave).Scan(&a.Invited, &a.WalkIns, &a.Changes)
	if errors.Is(err, sql.ErrNoRows) {
		return a, missing(survey.CodeNotFound, op, "wave", string(wave))
	}
	return a, s.fail(op, err)
}
