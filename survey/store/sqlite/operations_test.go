package sqlite

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"sipas/survey"
	"sipas/survey/store"
	"sipas/survey/store/storetest"

	"github.com/google/go-cmp/cmp"
)

var operationsSeed = flag.Uint64("operations-seed", 20261122, "the seed of the random operations")

const (
	operations   = 10_000
	betweenLooks = 500
)

// world is a store under random operations, beside a model of a few maps that says what it should hold.
type world struct {
	t     testing.TB
	seed  uint64
	path  string
	db    *DB
	other *store.Store // what another process would be: it remembers its own facts
	did   string       // the last operation

	units   []survey.UnitID // communes
	waves   []survey.WaveID
	points  map[survey.PointID]survey.UnitID
	merged  map[survey.UnitID]survey.UnitID
	closed  map[survey.WaveID]bool
	rows    map[survey.ResponseID]survey.Response
	days    map[survey.DayCount]int // by wave in n's place
	ids     []survey.ResponseID
	origin  map[survey.ResponseID]survey.Response
	dirty   map[survey.WaveID]bool
	states  map[survey.WaveID]survey.AnswersState
	pending []survey.Receipt
	full    int // how many pending receipts go at once
}

var months = []string{"2026-07", "2026-08", "2026-09"}

func newWorld(t testing.TB, seed uint64) *world {
	t.Helper()
	content, err := template()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{
		t: t, seed: seed, path: filepath.Join(t.TempDir(), "sipas.db"), points: map[survey.PointID]survey.UnitID{},
		merged: map[survey.UnitID]survey.UnitID{}, closed: map[survey.WaveID]bool{}, rows: map[survey.ResponseID]survey.Response{},
		days: map[survey.DayCount]int{}, origin: map[survey.ResponseID]survey.Response{}, dirty: map[survey.WaveID]bool{},
		states: map[survey.WaveID]survey.AnswersState{}, full: 5,
	}
	if err := os.WriteFile(w.path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	w.open()
	storetest.PrepareSample(t, w.db, 150, 3)
	for _, k := range storetest.PrepareFleet(t, w.db, 20, 20) {
		w.units, w.points[k.Point] = append(w.units, k.Unit), k.Unit
	}
	for _, id := range []survey.WaveID{storetest.WaveID, "2026-q3-b", "2026"} {
		wave := storetest.Wave()
		wave.ID = id
		if err := w.db.CreateWave(bg, storetest.By, wave); err != nil {
			t.Fatal(err)
		}
		w.waves = append(w.waves, id)
	}
	return w
}

func (w *world) open() {
	w.t.Helper()
	var err error
	if w.db, err = Open(bg, w.path, Options{}); err != nil {
		w.t.Fatal(err)
	}
	w.other, err = store.New(bg, store.Engine{
		Name: "sqlite", Writer: w.db.writer, Reader: w.db.reader, Classify: classify, Prepared: positional, Answered: w.db.settler.answered,
	}, time.Now)
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) close() {
	w.t.Helper()
	if err := w.other.Close(); err != nil {
		w.t.Fatal(err)
	}
	if err := w.db.Close(); err != nil {
		w.t.Fatal(err)
	}
}

// now is what a unit counts for.
func (w *world) now(u survey.UnitID) survey.UnitID {
	if into := w.merged[u]; into != "" {
		return into
	}
	return u
}

// receipt makes up a sending: of a new response or of one that was sent before, mostly as it was, at times of another.
func (w *world) receipt(r *rand.Rand) survey.Receipt {
	var sent survey.Response
	if len(w.ids) > 0 && r.IntN(5) < 3 {
		sent = w.origin[w.ids[max(0, len(w.ids)-1-r.IntN(150))]]
	} else {
		id := survey.ResponseID(fmt.Sprintf("%016x%016x", r.Uint64(), r.Uint64()))
		sent = storetest.InvitedResponse(id, survey.ClassID(fmt.Sprintf("1.%d", 1+r.IntN(3))))
		if r.IntN(2) == 0 {
			sent = storetest.WalkInResponse(id, w.units[r.IntN(len(w.units))])
			sent.Wave, sent.Month = w.waves[r.IntN(len(w.waves))], months[r.IntN(len(months))]
		}
		w.ids = append(w.ids, id)
		w.origin[id] = sent
	}
	switch r.IntN(60) {
	case 0:
		sent.Wave = w.waves[r.IntN(len(w.waves))]
	case 1:
		sent.Class, sent.Unit = sent.Class+"9", sent.Unit+"9"
	}
	sent.Revision = 1 + r.IntN(4)
	sent.Disposition = []survey.Disposition{survey.Complete, survey.Complete, survey.Partial, survey.Partial, survey.TimedOut, survey.Refused}[r.IntN(6)]
	if sent.Source == survey.Invited && sent.Disposition != survey.Complete {
		sent.Sitting = []string{"", "one", "two"}[r.IntN(3)]
	}
	sent.Answers = map[string]int{}
	for _, item := range []string{"overall", "s24", "s 25%", "s26\n", "s27"}[:r.IntN(6)] {
		sent.Answers[item] = []int{-3, -1, 1, 2, 3, 4, 5}[r.IntN(7)]
	}
	comment, point := "", survey.PointID("")
	if r.IntN(10) == 0 {
		comment = "góp ý"
	}
	day := survey.Day(fmt.Sprintf("%s-%02d", months[r.IntN(len(months))], 1+r.IntN(28)))
	if sent.Source == survey.WalkIn {
		point = slices.Sorted(maps.Keys(w.points))[r.IntN(len(w.points))]
		day = survey.Day(fmt.Sprintf("%s-%02d", sent.Month, 1+r.IntN(28)))
	}
	return storetest.Receipt(sent, comment, point, day)
}

// take is what should become of a receipt.
func (w *world) take(r survey.Receipt) (survey.Outcome, survey.Code) {
	sent := r.Response
	switch {
	case w.closed[sent.Wave]:
		return "", survey.CodeWaveClosed
	case sent.Source == survey.WalkIn && !slices.Contains(w.units, sent.Unit):
		if sent.Class != "" {
			return "", survey.CodeBadRequest
		}
		return "", survey.CodeUnitUnknown
	case sent.Source == survey.Invited && sent.Unit != "":
		return "", survey.CodeBadRequest
	case sent.Source == survey.Invited && (sent.Wave != storetest.WaveID || len(sent.Class) != len("1.1")):
		return "", survey.CodeNotFound
	}
	sent.Unit = w.now(sent.Unit)
	var stored *survey.Response
	if was, there := w.rows[sent.ID]; there {
		stored = &was
		if was.Wave != sent.Wave || was.Source != sent.Source {
			return "", survey.CodeResponseConflict
		}
	}
	outcome, err := survey.Resolve(stored, &sent)
	if err != nil || outcome != survey.Stored && outcome != survey.Replaced {
		return outcome, survey.CodeOf(err)
	}
	if sent.Disposition == survey.Complete {
		sent.Sitting = ""
	}
	if outcome == survey.Stored {
		w.days[survey.DayCount{Unit: w.now(w.points[r.Point]), Point: r.Point, Day: r.Day, N: slices.Index(w.waves, sent.Wave)}]++
	}
	w.rows[sent.ID], w.dirty[sent.Wave] = sent, true
	return outcome, ""
}

// flush sends the pending receipts in one transaction, of which one that is refused leaves nothing.
func (w *world) flush(s survey.Store) (parted string) {
	if len(w.pending) == 0 {
		return ""
	}
	rows, days, dirty := maps.Clone(w.rows), maps.Clone(w.days), maps.Clone(w.dirty)
	var want survey.Code
	for _, r := range w.pending {
		if _, want = w.take(r); want != "" {
			w.rows, w.days, w.dirty = rows, days, dirty
			break
		}
	}
	err := s.SaveReceipts(bg, w.pending)
	w.pending = nil
	return w.verdict(want, err)
}

func (w *world) verdict(want survey.Code, err error) string {
	if survey.CodeOf(err) != want {
		return fmt.Sprintf("the error is %v, want code %q", err, want)
	}
	return ""
}

// do does the operation of a number and returns how store and model part, if they do.
func (w *world) do(i int) (parted string) {
	r := rand.New(rand.NewPCG(w.seed, uint64(i)))
	var s survey.Store = w.db
	if r.IntN(8) == 0 {
		s = w.other
	}
	kind := r.IntN(1000)
	if kind < 700 && i%(operations/10) != 0 {
		w.did = "a sending among others"
		if w.pending = append(w.pending, w.receipt(r)); len(w.pending) < w.full {
			return ""
		}
		w.full = 1 + r.IntN(14)
		return w.flush(s)
	}
	if parted = w.flush(s); parted != "" {
		return parted
	}
	switch {
	case i == operations/2 || kind == 999:
		w.did = "a restart"
		w.close()
		w.open()
	case i == operations*2/5, i == operations*4/5:
		wave := w.waves[i/(operations/2)+1]
		w.did, w.closed[wave] = "closing "+string(wave), true
		return w.verdict("", s.CloseWave(bg, storetest.By, wave))
	case kind < 940:
		return w.send(s, w.receipt(r))
	case kind < 990 && len(w.ids) > 0:
		return w.withdraw(s, w.ids[r.IntN(len(w.ids))])
	case kind < 997:
		return w.deleteWalkIns(s, w.waves[r.IntN(len(w.waves))], w.units[r.IntN(len(w.units))], months[r.IntN(len(months))])
	default:
		return w.merge(s, []survey.UnitID{w.units[r.IntN(len(w.units))], w.units[r.IntN(len(w.units))]}, w.units[r.IntN(len(w.units))])
	}
	return ""
}

func (w *world) send(s survey.Store, r survey.Receipt) string {
	want, code := w.take(r)
	got, err := s.SaveReceipt(bg, r)
	w.did = fmt.Sprintf("sending %s %s, revision %d, %s: %s%s", r.Response.Source, r.Response.ID, r.Response.Revision, r.Response.Disposition, want, code)
	if parted := w.verdict(code, err); parted != "" || got == want {
		return parted
	}
	return fmt.Sprintf("the outcome is %q, want %q", got, want)
}

func (w *world) withdraw(s survey.Store, id survey.ResponseID) string {
	w.did = "withdrawing " + string(id)
	was, there := w.rows[id]
	var want survey.Code
	switch {
	case !there:
		want = survey.CodeNotFound
	case w.closed[was.Wave]:
		want = survey.CodeWaveClosed
	default:
		w.dirty[was.Wave] = true
		delete(w.rows, id)
	}
	return w.verdict(want, s.WithdrawResponse(bg, id))
}

func (w *world) deleteWalkIns(s survey.Store, wave survey.WaveID, unit survey.UnitID, month string) string {
	w.did = fmt.Sprintf("deleting the walk-ins of %s, %s, %s", wave, unit, month)
	want, n := survey.Code(""), 0
	if w.closed[wave] {
		want = survey.CodeWaveClosed
	} else {
		for id, r := range w.rows {
			if r.Wave == wave && r.Source == survey.WalkIn && r.Unit == unit && r.Month == month {
				delete(w.rows, id)
				w.dirty[wave] = true
				n++
			}
		}
	}
	for d := range w.days {
		if n > 0 && w.waves[d.N] == wave && d.Unit == unit && d.Day.Month() == month {
			delete(w.days, d)
		}
	}
	got, err := s.DeleteWalkIns(bg, storetest.By, wave, unit, month, "thử máy")
	if parted := w.verdict(want, err); parted != "" || got == n {
		return parted
	}
	return fmt.Sprintf("%d were deleted, want %d", got, n)
}

func (w *world) merge(s survey.Store, from []survey.UnitID, into survey.UnitID) string {
	w.did = fmt.Sprintf("merging %v into %s", from, into)
	var want survey.Code
	if w.merged[into] != "" || slices.Contains(from, into) || slices.ContainsFunc(from, func(u survey.UnitID) bool { return w.merged[u] != "" && w.merged[u] != into }) {
		want = survey.CodeConflict
	} else {
		for _, u := range from {
			w.mergeOne(u, into)
		}
	}
	_, err := s.MergeUnits(bg, storetest.By, from, into, "2026-08-15")
	return w.verdict(want, err)
}

func (w *world) mergeOne(u, into survey.UnitID) {
	if w.merged[u] != "" {
		return
	}
	for _, wave := range w.waves {
		// The state of every open wave changes, so that whoever remembers units learns of it.
		w.dirty[wave] = w.dirty[wave] || !w.closed[wave]
	}
	w.merged[u] = into
	for was, now := range w.merged {
		if now == u {
			w.merged[was] = into
		}
	}
	for id, r := range w.rows {
		if r.Unit == u && !w.closed[r.Wave] {
			r.Unit = into
			w.rows[id] = r
		}
	}
	for d, n := range maps.Clone(w.days) {
		if d.Unit == u && !w.closed[w.waves[d.N]] {
			delete(w.days, d)
			d.Unit = into
			w.days[d] += n
		}
	}
	for p, unit := range w.points {
		if unit == u {
			w.points[p] = into
		}
	}
}

// look holds the store against the model, and its counts against its own rows.
func (w *world) look() (parted string) {
	if parted = w.flush(w.db); parted != "" {
		return parted
	}
	for i, wave := range w.waves {
		rows, want := map[survey.ResponseID]survey.Response{}, map[survey.ResponseID]survey.Response{}
		cells := map[survey.Cell]int{}
		state := survey.AnswersState{}
		err := w.db.EachResponse(bg, wave, func(r *survey.Response) error {
			one := *r
			one.Answers = maps.Clone(r.Answers)
			rows[r.ID] = one
			for _, c := range store.CellsOf(r) {
				c.N = 0
				cells[c]++
			}
			if r.Source == survey.Invited {
				state.Invited++
			} else {
				state.WalkIns++
			}
			return nil
		})
		if err != nil {
			return err.Error()
		}
		for id, r := range w.rows {
			if r.Wave == wave {
				want[id] = r
			}
		}
		// To compare is quick, to say where they differ is not.
		if !reflect.DeepEqual(want, rows) {
			d := cmp.Diff(want, rows)
			return fmt.Sprintf("rows of %s (-want +got):\n%s", wave, d)
		}
		got := map[survey.Cell]int{}
		all, err := w.db.Cells(bg, wave)
		if err != nil {
			return err.Error()
		}
		for _, c := range all {
			n := c.N
			c.N = 0
			got[c] += n
		}
		if !maps.Equal(cells, got) || len(got) != len(all) {
			d := cmp.Diff(cells, got)
			return fmt.Sprintf("cells of %s against its rows (-want +got):\n%s", wave, d)
		}
		is, err := w.db.AnswersState(bg, wave)
		last := w.states[wave]
		if err != nil || is.Invited != state.Invited || is.WalkIns != state.WalkIns || (is.Changes != last.Changes) != w.dirty[wave] {
			return fmt.Sprintf("state of %s is %+v, was %+v, changed %v, rows %+v, %v", wave, is, last, w.dirty[wave], state, err)
		}
		w.states[wave], w.dirty[wave] = is, false
		days, err := w.db.DayCounts(bg, wave)
		if err != nil {
			return err.Error()
		}
		counted, expected := map[survey.DayCount]int{}, map[survey.DayCount]int{}
		for _, d := range days {
			counted[survey.DayCount{Unit: d.Unit, Point: d.Point, Day: d.Day, N: i}] = d.N
		}
		for d, n := range w.days {
			if d.N == i {
				expected[d] = n
			}
		}
		if !maps.Equal(expected, counted) {
			d := cmp.Diff(expected, counted)
			return fmt.Sprintf("days of %s (-want +got):\n%s", wave, d)
		}
	}
	return ""
}

// run does operations from the first on, looks where it is told to, and returns the first at which store and model part.
func (w *world) run(look func(i int) bool) (at int, parted string) {
	defer w.close()
	for i := 1; i <= operations; i++ {
		if parted = w.do(i); parted == "" && look(i) {
			parted = w.look()
		}
		if parted != "" {
			return i, parted
		}
	}
	return 0, ""
}

// TestCellsEqualRowsAfterRandomOperations does ten thousand random operations: sendings of all kinds, alone and together, by this store and by
// another on the same database, withdrawals, deletions, mergers of units, closings and restarts. When store and model part, it does them
// again up to there, looking after each one, and names the operation.
func TestCellsEqualRowsAfterRandomOperations(t *testing.T) {
	t.Parallel()
	w := newWorld(t, *operationsSeed)
	last := 0
	at, parted := w.run(func(i int) bool { return i%betweenLooks == 0 })
	if parted == "" {
		t.Logf("%d responses, %d units merged, %d waves closed", len(w.rows), len(w.merged), len(w.closed))
		if len(w.rows) < operations/10 || len(w.merged) < 5 || len(w.closed) != 2 {
			t.Error("the operations did too little")
		}
		return
	}
	last = (at - 1) / betweenLooks * betweenLooks
	w = newWorld(t, *operationsSeed)
	if first, why := w.run(func(i int) bool { return i%betweenLooks == 0 || i > last }); why != "" {
		at, parted = first, why
	}
	t.Fatalf("-operations-seed %d: they part at operation %d, %s: %s", *operationsSeed, at, w.did, strings.TrimSpace(parted))
}
