package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strconv"
	"time"

	"sipas/data"
	"sipas/survey"
	"sipas/survey/store/sqlite"
	"sipas/survey/web"
)

// tortureKiosk is an enrolled device without a browser: what it must know to seal and send.
type tortureKiosk struct {
	point      survey.PointID
	queue      string
	credential string
	sealer     *web.Sealer
	keyID      string
	next       int
}

// readKey reads what the office's server and kiosks know.
func (x *torture) readKey() {
	x.t.Helper()
	key, err := keyRing{dir: filepath.Join(x.dir, keysName)}.Key(x.wave)
	if err != nil {
		x.t.Fatal(err)
	}
	x.key = key
	doc, ok := data.Instrument("kiosk-2026")
	if !ok {
		x.t.Fatal("no kiosk-2026 is shipped")
	}
	if x.in, err = survey.ParseInstrument(doc); err != nil {
		x.t.Fatal(err)
	}
}

// enrolKiosk stores a kiosk with an enrolled device, as the page for codes would.
func (x *torture) enrolKiosk(name, unit string) *tortureKiosk {
	x.t.Helper()
	ctx := context.Background()
	seal, err := keyRing{dir: filepath.Join(x.dir, keysName)}.seal()
	if err != nil {
		x.t.Fatal(err)
	}
	k := &tortureKiosk{point: survey.PointID("p-" + name), queue: string(survey.NewResponseID()), credential: string(survey.NewToken())}
	id, public := seal.Public()
	k.keyID = id
	if k.sealer, err = web.NewSealer(public); err != nil {
		x.t.Fatal(err)
	}
	db, err := sqlite.Open(ctx, filepath.Join(x.dir, databaseName), sqlite.Options{Beside: true})
	if err != nil {
		x.t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			x.t.Error(err)
		}
	}()
	var at survey.UnitID
	for _, u := range data.Units() {
		if u.Code == unit {
			at = survey.UnitID(u.ID)
		}
	}
	if err := db.AddPoint(ctx, survey.CommandLine(), survey.Point{ID: k.point, Unit: at, Name: name}); err != nil {
		x.t.Fatal(err)
	}
	code, hash := survey.NewEnrolmentCode(), sha256.Sum256([]byte(k.credential))
	if err := db.AddEnrolment(ctx, survey.CommandLine(), survey.Enrolment{CodeHash: code.Hash(), Point: k.point, Expires: time.Now().Add(time.Hour)}); err != nil {
		x.t.Fatal(err)
	}
	if _, err := db.Enrol(ctx, code.Hash(), survey.Device{
		ID: survey.NewDeviceID(), CredentialHash: hex.EncodeToString(hash[:]), Enrolled: time.Now(),
	}); err != nil {
		x.t.Fatal(err)
	}
	return k
}

// sittings lets n citizens begin: most at kiosks, every third of these with a token, some with a draft before the whole; the others
// on the web.
func (x *torture) sittings(n int) []*sitting {
	x.t.Helper()
	all := make([]*sitting, n)
	for i := range all {
		if x.src.IntN(5) == 0 && len(x.unused) > 0 {
			all[i] = x.webSitting()
		} else {
			all[i] = x.kioskSitting()
		}
	}
	x.answers = append(x.answers, all...)
	return all
}

func (x *torture) takeToken() string {
	token := x.unused[0]
	x.unused = x.unused[1:]
	return token
}

// webSitting answers a web form.
func (x *torture) webSitting() *sitting {
	s := &sitting{token: x.takeToken()}
	s.id = x.key.ResponseID(survey.Token(s.token))
	overall, item := 1+x.src.IntN(5), 1+x.src.IntN(5)
	one := sending{
		revision: 1, disposition: survey.Complete, form: form(strconv.Itoa(overall), strconv.Itoa(item)),
		answers: map[string]int{"overall": overall}, comment: x.remark(s),
	}
	one.form.Set("comment", one.comment)
	for i := 24; i <= 39; i++ {
		one.answers[fmt.Sprintf("s%d", i)] = item
	}
	s.sends = []sending{one}
	return s
}

// remark is a comment of its own for every third sitting.
func (x *torture) remark(s *sitting) string {
	if x.src.IntN(3) > 0 {
		return ""
	}
	return "góp ý " + string(s.id)
}

// kioskSitting answers at a kiosk.
func (x *torture) kioskSitting() *sitting {
	k := x.kiosks[x.src.IntN(len(x.kiosks))]
	k.next++
	id := survey.NewResponseID()
	s := &sitting{kiosk: k, seq: k.next, id: id}
	if x.src.IntN(3) == 0 && len(x.unused) > 0 {
		s.token = x.takeToken()
		s.id = x.key.ResponseID(survey.Token(s.token))
	}
	answers := map[string]int{}
	asked := x.in.Asked(x.in.DrawModules(survey.ModuleDrawOf(id)))
	comment := x.remark(s)
	draft := x.src.IntN(2) == 0
	for i, item := range asked {
		scale, _ := x.in.Scale(item.Scale)
		answers[item.Code] = scale.Levels[x.src.IntN(len(scale.Levels))].Code
		if draft && i == 0 || i == len(asked)-1 {
			one := sending{revision: 1 + i, disposition: survey.Partial, answers: map[string]int{}}
			for code, value := range answers {
				one.answers[code] = value
			}
			if i == len(asked)-1 {
				one.disposition, one.comment = survey.Complete, comment
			}
			one.body = x.seal(s, id, &one)
			s.sends = append(s.sends, one)
		}
	}
	return s
}

// seal makes the request of a sending.
func (x *torture) seal(s *sitting, id survey.ResponseID, one *sending) []byte {
	x.t.Helper()
	now := time.Now().UnixMilli()
	text, err := json.Marshal(web.KioskAnswer{
		ID: string(id), Token: s.token, Wave: x.wave, Instrument: x.in.Ref().String(), Revision: one.revision, Disposition: one.disposition,
		Language: survey.Vietnamese, Answers: one.answers, Comment: one.comment, At: now, Took: 30 + x.src.IntN(30),
	})
	if err != nil {
		x.t.Fatal(err)
	}
	sealed, err := s.kiosk.sealer.Seal(s.kiosk.queue, s.seq, text)
	if err != nil {
		x.t.Fatal(err)
	}
	body, err := json.Marshal(web.KioskEnvelope{Queue: s.kiosk.queue, Seq: s.seq, Sent: now, Key: s.kiosk.keyID, Sealed: sealed})
	if err != nil {
		x.t.Fatal(err)
	}
	return body
}
