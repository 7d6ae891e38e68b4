package storetest

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"sipas/survey"
)

// By is who does the acts of the suite.
var By = survey.Actor{User: "u-1", Name: "An", Role: survey.Analyst}

// The units of the suite: a province and three communes.
const (
	Province survey.UnitID = "80@2025-07-01"
	UnitA    survey.UnitID = "25001@2025-07-01"
	UnitB    survey.UnitID = "25002@2025-07-01"
	UnitC    survey.UnitID = "25003@2025-07-01"
)

// WaveID and PointID name the wave and the kiosk of the suite.
const (
	WaveID  survey.WaveID  = "2026-q3"
	PointID survey.PointID = "kiosk-1"
)

// Units returns the units of the suite.
func Units() []survey.Unit {
	unit := func(id survey.UnitID, code string, kind survey.UnitKind, name string, parent survey.UnitID) survey.Unit {
		return survey.Unit{ID: id, Code: code, Kind: kind, Name: survey.Text{survey.Vietnamese: name}, Parent: parent, From: "2025-07-01"}
	}
	return []survey.Unit{
		unit(Province, "80", survey.KindProvince, "Tây Ninh", ""),
		unit(UnitA, "25001", survey.KindCommune, "Tân Ninh", Province),
		unit(UnitB, "25002", survey.KindCommune, "Bình Minh", Province),
		unit(UnitC, "25003", survey.KindCommune, "Ninh Thạnh", Province),
	}
}

const scale = `"scales":[{"id":"sat","levels":[
	{"code":5,"label":{"vi":"Rất hài lòng"}},{"code":4,"label":{"vi":"Hài lòng"}},{"code":3,"label":{"vi":"Bình thường"}},
	{"code":2,"label":{"vi":"Không hài lòng"}},{"code":1,"label":{"vi":"Rất không hài lòng"}}],
	"missing":[{"code":-1,"label":{"vi":"Không biết"}}]}]`

const items = `"items":[{"code":"overall","scale":"sat","required":true,"text":{"vi":"Chung"},"short":{"vi":"Chung"}},
	{"code":"s24","scale":"sat","text":{"vi":"Một"},"short":{"vi":"1"}},{"code":"s25","scale":"sat","text":{"vi":"Hai"},"short":{"vi":"2"}},
	{"code":"s26","scale":"sat","text":{"vi":"Ba"},"short":{"vi":"3"}},{"code":"s27","scale":"sat","text":{"vi":"Bốn"},"short":{"vi":"4"}}]`

// InstrumentDocuments returns the questionnaires of the suite: a kiosk's with two modules of which one is drawn, and the web's.
func InstrumentDocuments() [][]byte {
	doc := func(id, mode string, draw int, chance string) []byte {
		return fmt.Appendf(nil, `{"id":%q,"version":1,"mode":%q,"wording":"unapproved","title":{"vi":"Khảo sát"},"intro":{"vi":"Xin chào"},
			%s,"core":["overall"],"modules":[{"code":"m1","title":{"vi":"A"},"chance":%s,"items":["s24","s25"]},
			{"code":"m2","title":{"vi":"B"},"chance":%s,"items":["s26","s27"]}],"draw":%d,%s,"comment":{"text":{"vi":"Góp ý"},"max":1000}}`,
			id, mode, scale, chance, chance, draw, items)
	}
	return [][]byte{doc("kiosk", "kiosk", 1, "0.5"), doc("web", "web", 0, "1")}
}

// FrameworkDocument returns the framework of the suite: the mean of two shares.
func FrameworkDocument() []byte {
	return []byte(`{"id":"sipas-small","version":1,"title":{"vi":"Chỉ số"},"source":"suite","measure":"percent",
		"root":{"code":"sipas","kind":"index","label":{"vi":"Chỉ số"},"combine":"mean_of_leaves","missing":"drop","children":[
		{"code":"s24","kind":"indicator","label":{"vi":"Một"},"value":{"kind":"share","item":"s24","codes":[4,5]}},
		{"code":"s25","kind":"indicator","label":{"vi":"Hai"},"value":{"kind":"share","item":"s25","codes":[4,5]}}]}}`)
}

// Wave returns the wave of the suite.
func Wave() *survey.Wave {
	return &survey.Wave{
		ID: WaveID, Title: survey.Text{survey.Vietnamese: "Quý III"}, Province: Province, From: "2026-07-01", To: "2026-09-30",
		Instruments: []survey.InstrumentRef{{ID: "kiosk", Version: 1}, {ID: "web", Version: 1}},
		Frameworks:  []survey.FrameworkRef{{ID: "sipas-small", Version: 1}},
		Targets:     survey.Targets{"sipas-small": {Indicator: 90}},
		Rules:       survey.DefaultRules(), State: survey.WaveOpen,
	}
}

// Transactions returns a register of n transactions over the communes, the same every time.
func Transactions(n int) []survey.Transaction {
	units := []survey.UnitID{UnitA, UnitB, UnitC}
	ts := make([]survey.Transaction, n)
	for i := range ts {
		ts[i] = survey.Transaction{
			Dossier: fmt.Sprintf("000.80.%02d.H53-2607%02d-%06d", i%7, i%28+1, i), Procedure: "1.001612", Field: "business", Unit: units[i%3],
			Channel: survey.ChannelCounter, Received: survey.Day(fmt.Sprintf("2026-07-%02d", i%28+1)),
			Due: survey.Day(fmt.Sprintf("2026-08-%02d", i%28+1)), Returned: survey.Day(fmt.Sprintf("2026-08-%02d", (i*5)%28+1)),
		}
	}
	return ts
}

// Sample draws every k-th transaction of each unit into a class of the unit, and returns the draw, its invitations in order of
// dossier, and the tokens, which only the office would have. Tokens come from the seed, so that a failure can be seen again.
func Sample(ts []survey.Transaction, number, k int, seed uint64) (*survey.Draw, []survey.Invitation, map[string]survey.Token) {
	d := &survey.Draw{Wave: WaveID, Number: number, Fraction: 1 / float64(k), Seed: seed, Map: []byte(`{"root":"unit"}`), AsOf: "2026-09-30",
		Covered: map[string]survey.ClassID{}}
	rng := rand.New(rand.NewPCG(seed, uint64(number)))
	class := map[survey.UnitID]*survey.Class{}
	for _, t := range ts {
		if class[t.Unit] == nil {
			class[t.Unit] = &survey.Class{Wave: WaveID, Draw: number,
				Labels: [survey.Dims]string{string(t.Unit), "*", "*", "*", "*", "*"}}
		}
	}
	for i, unit := range slices.Sorted(maps.Keys(class)) {
		class[unit].ID = survey.ClassID(fmt.Sprintf("%d.%d", number, i+1))
	}
	var invitations []survey.Invitation
	tokens := map[string]survey.Token{}
	for _, t := range ts {
		c := class[t.Unit]
		d.Covered[t.Dossier] = c.ID
		c.Population++
		if c.Population%k != 0 {
			continue
		}
		c.Invited++
		var b [16]byte
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
		tokens[t.Dossier] = survey.TokenFromBytes(b)
		invitations = append(invitations, survey.Invitation{TokenHash: tokens[t.Dossier].Hash(), Wave: WaveID, Dossier: t.Dossier, Class: c.ID})
	}
	for _, unit := range slices.Sorted(maps.Keys(class)) {
		d.Classes = append(d.Classes, *class[unit])
	}
	return d, invitations, tokens
}

// Prepare puts the units, documents, the wave and the kiosk into an empty store.
func Prepare(t testing.TB, s survey.Store) {
	t.Helper()
	ctx := context.Background()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("prepare: %v", err)
		}
	}
	_, err := s.PutUnits(ctx, By, Units())
	must(err)
	for _, doc := range InstrumentDocuments() {
		_, err = s.PublishInstrument(ctx, By, doc)
		must(err)
	}
	_, err = s.PublishFramework(ctx, By, FrameworkDocument())
	must(err)
	must(s.CreateWave(ctx, By, Wave()))
	must(s.AddPoint(ctx, By, survey.Point{ID: PointID, Unit: UnitA, Name: "Quầy 1"}))
}

// PrepareSample puts a register of n transactions and a draw of every k-th of them into a prepared store.
func PrepareSample(t testing.TB, s survey.Store, n, k int) (*survey.Draw, []survey.Invitation, map[string]survey.Token) {
	t.Helper()
	Prepare(t, s)
	ctx := context.Background()
	ts := Transactions(n)
	if _, err := s.PutTransactions(ctx, By, WaveID, ts); err != nil {
		t.Fatalf("register: %v", err)
	}
	d, invitations, tokens := Sample(ts, 1, k, 7)
	if err := s.SaveDraw(ctx, By, d, invitations, nil); err != nil {
		t.Fatalf("draw: %v", err)
	}
	return d, invitations, tokens
}

// Key is the wave's key of the suite.
var Key = survey.WaveKey{1, 2, 3}

// Receipt makes a whole receipt of a response by filling in the content hash.
func Receipt(r survey.Response, comment string, point survey.PointID, day survey.Day) survey.Receipt {
	r.ContentHash = Key.ContentHash(&r, comment)
	return survey.Receipt{Response: r, Comment: comment, Point: point, Day: day}
}

// InvitedResponse is a complete answer on the web to an invitation of a class.
func InvitedResponse(id survey.ResponseID, class survey.ClassID) survey.Response {
	return survey.Response{
		ID: id, Wave: WaveID, Instrument: survey.InstrumentRef{ID: "web", Version: 1}, Mode: survey.ModeWeb, Source: survey.Invited,
		Class: class, Language: survey.Vietnamese, Modules: []string{"m1", "m2"}, Revision: 1, Disposition: survey.Complete,
		Answers: map[string]int{"overall": 4, "s24": 5, "s25": 4, "s26": 3, "s27": -1},
	}
}

// WalkInResponse is a complete answer at a kiosk without a token.
func WalkInResponse(id survey.ResponseID, unit survey.UnitID) survey.Response {
	return survey.Response{
		ID: id, Wave: WaveID, Instrument: survey.InstrumentRef{ID: "kiosk", Version: 1}, Mode: survey.ModeKiosk, Source: survey.WalkIn,
		Unit: unit, Month: "2026-08", Language: survey.English, Modules: []string{"m1"}, Revision: 1, Disposition: survey.Complete,
		Answers: map[string]int{"overall": 2, "s24": 1, "s25": 2},
	}
}

// Kiosk is a device of the suite.
type Kiosk struct {
	Unit   survey.UnitID
	Point  survey.PointID
	Device survey.DeviceID
	Queue  survey.QueueID
}

// PrepareFleet enrols so many kiosks, spread over so many communes of their own, in a prepared store.
func PrepareFleet(t testing.TB, s survey.Store, kiosks, communes int) []Kiosk {
	t.Helper()
	ctx := context.Background()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("fleet: %v", err)
		}
	}
	units := Units()
	for i := range communes {
		code := fmt.Sprintf("26%03d", i)
		u := units[1]
		u.ID, u.Code = survey.UnitID(code+"@2025-07-01"), code
		units = append(units, u)
	}
	_, err := s.PutUnits(ctx, By, units)
	must(err)
	own := units[len(units)-communes:]
	fleet := make([]Kiosk, kiosks)
	for i := range fleet {
		k := Kiosk{Unit: own[i%communes].ID, Point: survey.PointID(fmt.Sprintf("fleet-%03d", i)), Queue: survey.QueueID(survey.NewResponseID())}
		must(s.AddPoint(ctx, By, survey.Point{ID: k.Point, Unit: k.Unit, Name: string(k.Point)}))
		k.Device = EnrolAt(t, s, k.Point, Enrolled).ID
		fleet[i] = k
	}
	return fleet
}

// Enrolled is when the devices of the suite are enrolled.
var Enrolled = time.Date(2026, 7, 1, 1, 0, 0, 0, time.UTC)

// EnrolAt makes a code for a point and spends it.
func EnrolAt(t testing.TB, s survey.Store, point survey.PointID, at time.Time) *survey.Device {
	t.Helper()
	ctx := context.Background()
	code, id := string(survey.NewResponseID()), survey.NewDeviceID()
	e := survey.Enrolment{CodeHash: code, Point: point, PIN: survey.PIN{Salt: "0a", Iterations: 200_000, Hash: "0b"}, Expires: at.Add(10 * time.Minute)}
	if err := s.AddEnrolment(ctx, By, e); err != nil {
		t.Fatalf("code for %s: %v", point, err)
	}
	d, err := s.Enrol(ctx, code, survey.Device{ID: id, CredentialHash: "credential of " + string(id), Enrolled: at})
	if err != nil {
		t.Fatalf("enrol at %s: %v", point, err)
	}
	return d
}
