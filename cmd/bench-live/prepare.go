package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"sipas/data"
	"sipas/survey"
	"sipas/survey/store/sqlite"
)

// The made province.
const (
	wave     = survey.WaveID("2026-q3")
	province = "80@2025-07-01"
	database = "sipas.db"
)

const waveDocument = `{
  "id": "2026-q3",
  "title": {"vi": "Quý III năm 2026", "en": "Third quarter of 2026"},
  "province": "80@2025-07-01", "from": "2026-07-01", "to": "2026-09-30",
  "instruments": [{"id": "kiosk-2026", "version": 1}, {"id": "web-2026", "version": 1}],
  "frameworks": [{"id": "sipas-2022", "version": 1}, {"id": "papi-style", "version": 1}, {"id": "one-stop-2018", "version": 1}],
  "targets": {"sipas-2022": {"indicator": 85}}
}
`

// office is a data directory with a wave that is answered.
type office struct {
	bench   *bench
	dir     string
	db      *sqlite.DB
	key     survey.WaveKey
	units   []survey.UnitID
	classes []survey.Class
	pick    []int // a class for each hundred transactions or so, so that large ones are met more often
	doc     map[survey.Mode]*survey.Instrument
	rng     *rand.Rand
	cookie  string // of a signed-in analyst
}

// newOffice makes the wave with the program's own commands, as an administrator would: the register and the draw are real, and
// everybody is invited. Only the sizes of the classes are multiplied afterwards, in the database, so that as many people as are to
// answer can have been invited: a register and invitations of ten million would be larger than the answers, and no page reads them.
func (b *bench) newOffice(ctx context.Context, dir string, answers int) (o *office, err error) {
	o = &office{bench: b, dir: dir, rng: rand.New(rand.NewPCG(b.seed, uint64(answers))), doc: map[survey.Mode]*survey.Instrument{}}
	aside := dir + "-lists"
	if err := os.MkdirAll(aside, 0o700); err != nil {
		return nil, err
	}
	var codes []string
	for _, u := range data.Units() {
		if u.Parent == province && len(codes) < b.communes {
			codes, o.units = append(codes, u.Code), append(o.units, survey.UnitID(u.ID))
		}
	}
	document, register, list := filepath.Join(aside, "wave.json"), filepath.Join(aside, "register.csv"), filepath.Join(aside, "tokens.csv")
	err = errors.Join(os.WriteFile(document, []byte(waveDocument), 0o600), os.WriteFile(register, b.transactions(codes), 0o600))
	if err != nil {
		return nil, err
	}
	for _, args := range [][]string{
		{"wave", "create", document},
		{"import", "transactions", register, "--wave", string(wave)},
		{"invite", "--wave", string(wave), "--fraction", "1", "--seed", "1", "--out", list},
	} {
		if out, err := exec.CommandContext(ctx, b.program, append(args, "--data", dir)...).CombinedOutput(); err != nil {
			return nil, fmt.Errorf("sipas %s: %w\n%s", strings.Join(args, " "), err, out)
		}
	}
	if err := o.enlarge(ctx, 2*answers/b.register+1); err != nil {
		return nil, err
	}
	raw, err := os.ReadFile(filepath.Join(dir, "keys", string(wave)+".key"))
	if err != nil {
		return nil, err
	}
	copy(o.key[:], raw)
	for _, id := range []string{"kiosk-2026", "web-2026"} {
		text, _ := data.Instrument(id)
		doc, err := survey.ParseInstrument(text)
		if err != nil {
			return nil, err
		}
		o.doc[doc.Mode] = doc
	}
	if err := o.openStore(ctx, false); err != nil {
		return nil, err
	}
	if o.classes, err = o.db.Classes(ctx, wave); err == nil {
		err = o.signIn(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, o.db.Close())
	}
	for i, c := range o.classes {
		for range 1 + c.Invited/100 {
			o.pick = append(o.pick, i)
		}
	}
	return o, nil
}

func (o *office) openStore(ctx context.Context, beside bool) error {
	db, err := sqlite.Open(ctx, filepath.Join(o.dir, database), sqlite.Options{Beside: beside})
	if err != nil {
		return err
	}
	o.db = db
	return nil
}

// reopen closes the store, which waits for all that it still does, and opens it again beside the server.
func (o *office) reopen(ctx context.Context) error {
	if err := o.db.Close(); err != nil {
		return err
	}
	return o.openStore(ctx, true)
}

// transactions is a register of six fields in all communes, two channels, some of it late.
func (b *bench) transactions(codes []string) []byte {
	rng := rand.New(rand.NewPCG(b.seed, 3))
	fields, channels := []string{"Đất đai", "Hộ tịch", "Xây dựng", "Chứng thực", "Đầu tư", "Môi trường"}, []string{"counter", "online"}
	var out bytes.Buffer
	out.WriteString("dossier,procedure,field,unit,channel,received,due,returned\n")
	for i := range b.register {
		received := time.Date(2026, 7, 1+rng.IntN(80), 0, 0, 0, 0, time.UTC)
		due := received.AddDate(0, 0, 10)
		fmt.Fprintf(&out, "H39.%07d,1.004222,%s,%s,%s,%s,%s,%s\n", i, fields[rng.IntN(len(fields))], codes[rng.IntN(len(codes))], channels[rng.IntN(2)],
			received.Format(time.DateOnly), due.Format(time.DateOnly), due.AddDate(0, 0, rng.IntN(12)-9).Format(time.DateOnly))
	}
	return out.Bytes()
}

// enlarge multiplies the classes.
func (o *office) enlarge(ctx context.Context, times int) (err error) {
	db, err := sql.Open("sqlite", filepath.Join(o.dir, database))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	_, err = db.ExecContext(ctx, `UPDATE class SET population = population * $1, invited = invited * $1`, times)
	return err
}

// signIn makes an account and a session, past the page whose slowness is on purpose.
func (o *office) signIn(ctx context.Context) error {
	o.cookie = string(survey.NewToken())
	h := sha256.Sum256([]byte(o.cookie))
	now := time.Now()
	u := survey.User{ID: "analyst", Name: "analyst", Role: survey.Analyst, PasswordHash: "none"}
	if err := o.db.AddUser(ctx, survey.CommandLine(), u); err != nil {
		return err
	}
	return o.db.AddSession(ctx, survey.Session{Hash: hex.EncodeToString(h[:]), User: u.ID, Created: now, Expires: now.Add(24 * time.Hour)})
}

// batch is how many answers are stored in one transaction.
const batch = 200_000

// fill stores n answers through the store, as a load on the server itself does: in large transactions and in order of their ids, which
// are spread evenly, so that the file grows at its end. Answers that come later find their places in between.
func (o *office) fill(ctx context.Context, n int) error {
	ready, life := make(chan []survey.Receipt, 1), ctx.Done()
	go func() {
		defer close(ready)
		step := ^uint64(0)/uint64(n) - 1
		for from := 0; from < n; from += batch {
			all := make([]survey.Receipt, 0, batch)
			for i := from; i < min(n, from+batch); i++ {
				all = append(all, o.receipt(uint64(i)*step+o.rng.Uint64N(step)))
			}
			select {
			case ready <- all:
			case <-life:
				return
			}
		}
	}()
	done, begun, told := 0, time.Now(), time.Now()
	for all := range ready {
		if err := o.db.SaveReceipts(ctx, all); err != nil {
			return err
		}
		done += len(all)
		if time.Since(told) > 10*time.Second {
			told = time.Now()
			fmt.Fprintf(o.bench.said, "  %d of %d answers stored, %.0f a second\n", done, n, float64(done)/time.Since(begun).Seconds())
		}
	}
	return ctx.Err()
}

// receipt makes an answer. One in ten is a walk-in; the others are of a class, six in ten on the web. Late dossiers and some units are
// less satisfied, and the answers of a person hang together.
func (o *office) receipt(high uint64) survey.Receipt {
	var id [16]byte
	binary.BigEndian.PutUint64(id[:], high)
	binary.BigEndian.PutUint64(id[8:], o.rng.Uint64())
	class := o.classes[o.pick[o.rng.IntN(len(o.pick))]]
	mode, satisfied := survey.ModeKiosk, 0.80
	if o.rng.IntN(10) < 6 {
		mode = survey.ModeWeb
	}
	r := survey.Response{
		ID: survey.ResponseID(hex.EncodeToString(id[:])), Wave: wave, Source: survey.Invited, Class: class.ID, Language: survey.Vietnamese,
		Revision: 1, Disposition: survey.Complete, Answers: map[string]int{},
	}
	unit := class.Labels[survey.DimUnit]
	if o.rng.IntN(10) == 0 {
		mode, unit = survey.ModeKiosk, string(o.units[o.rng.IntN(len(o.units))])
		r.Source, r.Class, r.Unit, r.Month = survey.WalkIn, "", survey.UnitID(unit), "2026-08"
	} else if class.Labels[survey.DimLateness] == string(survey.Late) {
		satisfied -= 0.2
	}
	satisfied += 0.15 * float64(sha256.Sum256([]byte(unit))[0]) / 255
	doc := o.doc[mode]
	r.Mode, r.Instrument, r.Modules = mode, doc.Ref(), doc.DrawModules(o.rng.Float64())
	mood := o.rng.Float64()
	for _, item := range doc.Asked(r.Modules) {
		luck := mood
		if o.rng.IntN(2) == 0 {
			luck = o.rng.Float64()
		}
		scale, _ := doc.Scale(item.Scale)
		r.Answers[item.Code] = answer(scale, luck, satisfied)
	}
	r.ContentHash = o.key.ContentHash(&r, "")
	return survey.Receipt{Response: r, Day: "2026-08-14"}
}

// answer takes one of the two best levels when luck is good.
func answer(s survey.Scale, luck, satisfied float64) int {
	codes := make([]int, 0, len(s.Levels))
	for _, l := range s.Levels {
		codes = append(codes, l.Code)
	}
	best, n := max(codes[0], codes[len(codes)-1]), len(codes)
	switch {
	case luck < satisfied/2:
		return best
	case luck < satisfied:
		return best - 1
	}
	return best - 2 - int((luck-satisfied)/(1-satisfied)*float64(n-2)*0.999)
}
