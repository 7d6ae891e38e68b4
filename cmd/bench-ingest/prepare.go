package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"sipas/data"
	"sipas/survey"
	"sipas/survey/store/sqlite"
	"sipas/survey/web"
)

// The made province.
const (
	wave      = survey.WaveID("2026-q3")
	province  = "80@2025-07-01"
	communes  = 12
	devices   = 200
	database  = "sipas.db"
	keys      = "keys"
	questions = "kiosk-2026"
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

// office is a data directory before the first answer, and what the kiosks of its province know.
type office struct {
	dir     string
	program string // the program, built
	key     survey.WaveKey
	seal    *web.SealKey
	tokens  []survey.Token
	kiosks  []kiosk
	units   []survey.UnitID
	in      *survey.Instrument
}

// kiosk is one enrolled device.
type kiosk struct {
	point      survey.Point
	device     survey.DeviceID
	queue      string
	credential string
	sealer     *web.Sealer
}

// newOffice makes a wave whose register has as many transactions as tokens are wanted, all invited, with the program's own commands,
// as an administrator would; and a kiosk with one enrolled device for each of the devices.
func newOffice(ctx context.Context, program, dir string, tokens int) (*office, error) {
	o := &office{dir: dir, program: program}
	aside := filepath.Join(filepath.Dir(dir), "lists")
	if err := os.MkdirAll(aside, 0o700); err != nil {
		return nil, err
	}
	codes, err := o.communes()
	if err != nil {
		return nil, err
	}
	document, register, list := filepath.Join(aside, "wave.json"), filepath.Join(aside, "register.csv"), filepath.Join(aside, "tokens.csv")
	if err := os.WriteFile(document, []byte(waveDocument), 0o600); err != nil {
		return nil, err
	}
	if err := os.WriteFile(register, transactions(codes, max(tokens, 3000)), 0o600); err != nil {
		return nil, err
	}
	for _, args := range [][]string{
		{"wave", "create", document},
		{"import", "transactions", register, "--wave", string(wave)},
		{"invite", "--wave", string(wave), "--fraction", "1", "--seed", "1", "--out", list},
	} {
		if out, err := exec.CommandContext(ctx, program, append(args, "--data", dir)...).CombinedOutput(); err != nil {
			return nil, fmt.Errorf("sipas %s: %w\n%s", strings.Join(args, " "), err, out)
		}
	}
	if o.tokens, err = readTokens(list); err != nil {
		return nil, err
	}
	return o, errors.Join(o.readKeys(), o.enrol(ctx))
}

// communes picks the units where the kiosks stand.
func (o *office) communes() (codes []string, err error) {
	for _, u := range data.Units() {
		if u.Parent == province && len(codes) < communes {
			codes = append(codes, u.Code)
			o.units = append(o.units, survey.UnitID(u.ID))
		}
	}
	if len(codes) < communes {
		return nil, fmt.Errorf("%d communes are known, %d are needed", len(codes), communes)
	}
	return codes, nil
}

// transactions is a register of three fields, two channels, some of it late.
func transactions(codes []string, n int) []byte {
	var b bytes.Buffer
	b.WriteString("dossier,procedure,field,unit,channel,received,due,returned\n")
	fields, channels := []string{"Đất đai", "Hộ tịch", "Xây dựng"}, []string{"counter", "online"}
	for i := range n {
		received := time.Date(2026, 7, 1+i%25, 0, 0, 0, 0, time.UTC)
		due := received.AddDate(0, 0, 10)
		returned := due.AddDate(0, 0, i/7%5-3)
		fmt.Fprintf(&b, "H39.%06d,1.004222,%s,%s,%s,%s,%s,%s\n", i, fields[i/12%3], codes[i%len(codes)], channels[i/36%2],
			received.Format(time.DateOnly), due.Format(time.DateOnly), returned.Format(time.DateOnly))
	}
	return b.Bytes()
}

func readTokens(path string) ([]survey.Token, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	rows, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(text, []byte("\ufeff")))).ReadAll()
	if err != nil {
		return nil, err
	}
	tokens := make([]survey.Token, 0, len(rows))
	for _, row := range rows[1:] {
		t, ok := survey.ParseToken(row[1])
		if !ok {
			return nil, fmt.Errorf("%s: %q is no token", path, row[1])
		}
		tokens = append(tokens, t)
	}
	return tokens, nil
}

// readKeys reads what the kiosks seal to and what names the answers to invitations, and the questionnaire.
func (o *office) readKeys() error {
	raw, err := os.ReadFile(filepath.Join(o.dir, keys, string(wave)+".key"))
	if err != nil {
		return err
	}
	if copy(o.key[:], raw) != len(o.key) || len(raw) != len(o.key) {
		return errors.New("the key of the wave has another length")
	}
	scalar, err := os.ReadFile(filepath.Join(o.dir, keys, sealFile))
	if err != nil {
		return err
	}
	if o.seal, err = web.SealKeyOf(scalar); err != nil {
		return err
	}
	doc, _ := data.Instrument(questions)
	o.in, err = survey.ParseInstrument(doc)
	return err
}

// enrol stores the kiosks and their devices. Codes are typed by people, so that the page for them is slow on purpose; the
// benchmark goes past it.
func (o *office) enrol(ctx context.Context) error {
	db, err := sqlite.Open(ctx, filepath.Join(o.dir, database), sqlite.Options{})
	if err != nil {
		return err
	}
	for i := range devices {
		k := kiosk{
			point:  survey.Point{ID: survey.PointID(fmt.Sprintf("p-%03d", i)), Unit: o.units[i%len(o.units)], Name: fmt.Sprintf("Quầy %d", i+1)},
			device: survey.NewDeviceID(), queue: string(survey.NewResponseID()), credential: string(survey.NewToken()),
		}
		now := time.Now()
		code := survey.NewEnrolmentCode()
		err := db.AddPoint(ctx, survey.CommandLine(), k.point)
		if err == nil {
			err = db.AddEnrolment(ctx, survey.CommandLine(), survey.Enrolment{CodeHash: code.Hash(), Point: k.point.ID, Expires: now.Add(time.Minute)})
		}
		if err == nil {
			_, err = db.Enrol(ctx, code.Hash(), survey.Device{ID: k.device, CredentialHash: credentialHash(k.credential), Enrolled: now})
		}
		if err != nil {
			return errors.Join(err, db.Close())
		}
		o.kiosks = append(o.kiosks, k)
	}
	return db.Close()
}

// What a kiosk's browser keeps, and what the database keeps of it.
const cookieName = "sipas_kiosk"

func credentialHash(value string) string {
	h := sha256.Sum256([]byte(value))
	return hex.EncodeToString(h[:])
}

// sealFile is the file of the key that kiosks seal to, among the keys.
const sealFile = "kiosk.seal"
