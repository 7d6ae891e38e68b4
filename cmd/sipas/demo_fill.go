package main

import (
	"encoding/hex"
	"fmt"

	"sipas/data"
	"sipas/survey"
)

// demoWaveID names the demonstration's wave.
const demoWaveID = survey.WaveID("2026-q3")

// demoFraction of the register is invited: 20,000 of 60,000.
const demoFraction = 1.0 / 3

// demoWave is the demonstration's survey period.
func demoWave() *survey.Wave {
	return &survey.Wave{
		ID: demoWaveID,
		Title: survey.Text{
			survey.Vietnamese: "Tây Ninh, quý III năm 2026 (số liệu minh họa)",
			survey.English:    "Tây Ninh, third quarter of 2026 (made data)",
			survey.Chinese:    "西宁省2026年第三季度（演示数据）",
		},
		Province: survey.NewUnitID(demoProvince, data.CurrentFrom),
		From:     demoFrom, To: demoTo,
		Instruments: []survey.InstrumentRef{{ID: "kiosk-2026", Version: 1}, {ID: "web-2026", Version: 1}},
		Frameworks: []survey.FrameworkRef{
			{ID: "sipas-2022", Version: 1}, {ID: "papi-style", Version: 1}, {ID: "one-stop-2018", Version: 1},
		},
		Targets: survey.Targets{"sipas-2022": {Indicator: 80}},
		Rules:   survey.DefaultRules(),
		State:   survey.WaveOpen,
	}
}

// letter is an invitation with the token that its applicant got.
type letter struct {
	Dossier string
	Class   survey.ClassID
	Token   survey.Token
}

// answering turns what people of the world do into receipts, as the pages do.
type answering struct {
	world *world
	wave  survey.WaveID
	key   survey.WaveKey
	forms map[survey.Mode]*survey.Instrument
	days  []survey.Day
}

// invited answers the letters. unanswered are the letters whose applicants stay silent, for visitors to try.
func (a *answering) invited(d dice, letters []letter) (receipts []survey.Receipt, unanswered []letter, err error) {
	for _, l := range letters {
		i, known := a.world.byCode[l.Dossier]
		if !known {
			return nil, nil, fmt.Errorf("dossier %s is not in the demonstration's register", l.Dossier)
		}
		mode, answers := a.world.reply(d, i)
		if !answers {
			unanswered = append(unanswered, l)
			continue
		}
		form := a.forms[mode]
		r := survey.Response{
			ID: a.key.ResponseID(l.Token), Wave: a.wave, Instrument: form.Ref(), Mode: mode, Source: survey.Invited,
			Class: l.Class, Modules: form.DrawModules(a.key.ModuleDraw(l.Token)),
		}
		sent := a.world.fillIn(d, i, form, r.Modules, true)
		receipt, err := a.receipt(d, r, sent)
		if err != nil {
			return nil, nil, fmt.Errorf("answer to %s: %w", l.Dossier, err)
		}
		if mode == survey.ModeKiosk {
			receipt.Point = pointOf(a.world.Offices[a.world.kioskFor(a.world.office[i])].Unit)
		}
		receipts = append(receipts, receipt)
	}
	return receipts, unanswered, nil
}

// walkIns answers n times at the kiosks of the large offices.
func (a *answering) walkIns(d dice, n int) ([]survey.Receipt, error) {
	var receipts []survey.Receipt
	form := a.forms[survey.ModeKiosk]
	for len(receipts) < n {
		i := d.below(len(a.world.Register))
		t := &a.world.Register[i]
		unit := a.world.Offices[a.world.office[i]].Unit
		// Only who comes to the counter passes the kiosk, and who is angry about a late dossier mostly passes it by.
		if t.Channel != survey.ChannelCounter || t.Returned == "" || !a.world.hasKiosk(a.world.office[i]) ||
			a.world.late[i] == survey.Late && d.hits(7000) {
			continue
		}
		id := d.bytes16()
		r := survey.Response{
			ID: survey.ResponseID(hex.EncodeToString(id[:])), Wave: a.wave, Instrument: form.Ref(), Mode: survey.ModeKiosk,
			Source: survey.WalkIn, Unit: t.Unit, Month: t.Returned.Month(),
		}
		r.Modules = form.DrawModules(survey.ModuleDrawOf(r.ID))
		receipt, err := a.receipt(d, r, a.world.walkIn(d, i, form, r.Modules))
		if err != nil {
			return nil, fmt.Errorf("walk-in at %s: %w", t.Unit, err)
		}
		receipt.Point, receipt.Day = pointOf(unit), t.Returned
		receipts = append(receipts, receipt)
	}
	return receipts, nil
}

// receipt checks what was sent, as the pages do, and completes the response.
func (a *answering) receipt(d dice, r survey.Response, sent survey.Submission) (survey.Receipt, error) {
	s, err := survey.CheckSubmission(a.forms[r.Mode], r.Modules, sent)
	if err != nil {
		return survey.Receipt{}, err
	}
	r.Language, r.Revision, r.Disposition, r.Answers = s.Language, s.Revision, s.Disposition, s.Answers
	r.ContentHash = a.key.ContentHash(&r, s.Comment)
	return survey.Receipt{Response: r, Comment: s.Comment, Day: a.days[d.below(len(a.days))]}, nil
}

// kioskFrom is how many transactions an office has in a quarter to be given a kiosk.
const kioskFrom = 1000

func (w *world) hasKiosk(office int) bool { return w.Offices[office].Size >= kioskFrom }

// kioskFor is the office whose kiosk the people of an office use: its own, or the one in the first of the departments, at the
// province's administrative center.
func (w *world) kioskFor(office int) int {
	if w.hasKiosk(office) {
		return office
	}
	return 0
}

// pointOf names the kiosk of a unit.
func pointOf(u survey.Unit) survey.PointID { return survey.PointID("kiosk-" + u.Code) }
