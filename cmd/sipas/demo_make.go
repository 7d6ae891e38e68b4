package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"sipas/survey"
	"sipas/survey/export"
	"sipas/survey/report"
)

// visitors is how many unanswered tokens are kept at hand.
const visitors = 300

// demoListName is the list of all tokens, as "sipas invite" writes it.
const demoListName = string(demoWaveID) + "-1.csv"

// The days on which the invited answer.
const (
	demoAnswersFrom = survey.Day("2026-10-01")
	demoAnswersTo   = survey.Day("2026-10-20")
)

// fill puts the demonstration into a fresh data directory, by the steps that an office takes: units, wave, register, invitations,
// answers, accounts, scores.
func fill(ctx context.Context, a *app, d *dataDir) error {
	f := &filling{app: a, data: d, by: survey.CommandLine(), wave: demoWave(), deliveries: map[survey.PointID]*survey.Delivery{}}
	for _, step := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"making a province and its quarter", f.imagine},
		{"units and survey period", f.found},
		{fmt.Sprintf("register of %d transactions", demoRegister), f.load},
		{"invitations to a third of them", f.invite},
		{"kiosks and accounts", f.admit},
		{"answers of the invited and at the kiosks", f.answer},
		{"an assessment with its evidence", f.assess},
		{"weights, scores and flags, published", f.score},
	} {
		if err := ctx.Err(); err != nil {
			return err
		}
		began := time.Now()
		fmt.Fprintf(a.stderr, "%s … ", step.what)
		if err := step.do(ctx); err != nil {
			fmt.Fprintln(a.stderr)
			return fmt.Errorf("demonstration: %s: %w", step.what, err)
		}
		fmt.Fprintf(a.stderr, "%.1f s\n", time.Since(began).Seconds())
	}
	return nil
}

// filling is a demonstration on its way into the database.
type filling struct {
	app  *app
	data *dataDir
	by   survey.Actor
	wave *survey.Wave

	world   *world
	plan    *plan
	answers answering
	letters []letter

	points     []survey.PointID                    // in the order in which they were added
	deliveries map[survey.PointID]*survey.Delivery // the last of each kiosk
}

func (f *filling) imagine(context.Context) error {
	f.world = newWorld(demoSeed)
	return nil
}

// found stores the offices and the wave. The wave's key is seeded, unlike any other's: the modules at the kiosk are drawn by
// it, and the demonstration should be the same each time.
func (f *filling) found(ctx context.Context) error {
	if _, err := f.data.db.PutUnits(ctx, f.by, f.world.Units); err != nil {
		return err
	}
	d := newDice(demoSeed, streamKey)
	first, second := d.bytes16(), d.bytes16()
	err := export.CreateFile(f.data.keys.path(f.wave.ID), func(w io.Writer) error {
		_, err := w.Write(append(first[:], second[:]...))
		return err
	})
	if err != nil {
		return err
	}
	if _, err := f.data.createWave(ctx, f.wave); err != nil {
		return err
	}
	f.answers = answering{
		world: f.world, wave: f.wave.ID, days: workdaysBetween(demoAnswersFrom, demoAnswersTo),
		forms: map[survey.Mode]*survey.Instrument{},
	}
	if f.answers.key, err = f.data.keys.Key(f.wave.ID); err != nil {
		return err
	}
	for _, ref := range f.wave.Instruments {
		in, err := f.data.db.Instrument(ctx, ref)
		if err != nil {
			return err
		}
		f.answers.forms[in.Mode] = in
	}
	return nil
}

// load stores the register. Meanwhile the other core draws from it, as "sipas invite" does.
func (f *filling) load(ctx context.Context) error {
	f.plan = &plan{
		wave: f.wave, register: f.world.Register, units: f.world.Units, asOf: demoTo,
		fraction: demoFraction, seed: demoSeed, number: 1,
	}
	drawn := make(chan error, 1)
	go func() { drawn <- f.plan.make() }()
	_, err := f.data.db.PutTransactions(ctx, f.by, f.wave.ID, f.world.Register)
	return errors.Join(err, <-drawn)
}

// invite stores the draw. Its tokens come from a seed, as nowhere else.
func (f *filling) invite(ctx context.Context) error {
	p := f.plan
	d := newDice(demoSeed, streamTokens)
	list := make([]export.TokenLink, len(p.invited))
	invitations := make([]survey.Invitation, len(p.invited))
	f.letters = make([]letter, len(p.invited))
	for i, c := range p.invited {
		token := survey.TokenFromBytes(d.bytes16())
		f.letters[i] = letter{c.dossier, c.class, token}
		list[i] = export.TokenLink{Dossier: c.dossier, Token: token, Link: "http://127.0.0.1:8080/s/" + string(token)}
		invitations[i] = survey.Invitation{TokenHash: token.Hash(), Wave: f.wave.ID, Dossier: c.dossier, Class: c.class}
	}
	return f.data.saveDraw(ctx, p.draw, invitations, filepath.Join(f.data.dir, invitationName, demoListName), list)
}

// answer stores what people answer. They answer in another order than they stand in the register.
func (f *filling) answer(ctx context.Context) error {
	receipts, unanswered, err := f.answers.invited(newDice(demoSeed, streamAnswers), f.letters)
	if err != nil {
		return err
	}
	d := newDice(demoSeed, streamWalkIns)
	fromHall, err := f.answers.walkIns(d, walkIns)
	if err != nil {
		return err
	}
	receipts = append(receipts, fromHall...)
	d.r.Shuffle(len(receipts), func(i, j int) { receipts[i], receipts[j] = receipts[j], receipts[i] })
	f.number(receipts)
	if err := f.data.db.SaveReceipts(ctx, receipts); err != nil {
		return err
	}
	d.r.Shuffle(len(unanswered), func(i, j int) { unanswered[i], unanswered[j] = unanswered[j], unanswered[i] })
	return writeLinks(f.data.dir, unanswered, visitors)
}

// addPoints stores the kiosks of the large offices, each with its device.
func (f *filling) addPoints(ctx context.Context) error {
	for i, o := range f.world.Offices {
		if !f.world.hasKiosk(i) {
			continue
		}
		p := survey.Point{ID: pointOf(o.Unit), Unit: o.Unit.ID, Name: "Kiosk " + o.Unit.Name[survey.Vietnamese]}
		if err := f.data.db.AddPoint(ctx, f.by, p); err != nil {
			return err
		}
		if err := f.enrolDevice(ctx, p.ID); err != nil {
			return err
		}
	}
	return nil
}

// admit stores the kiosks and the accounts.
func (f *filling) admit(ctx context.Context) error {
	if err := f.addPoints(ctx); err != nil {
		return err
	}
	for _, u := range demoAccounts(f.world) {
		if err := f.data.addUser(ctx, &u, u.Name, demoPassword); err != nil {
			return err
		}
	}
	return nil
}

// score publishes what is known, so that the public pages have something to show, and shows the same live: the answers that visitors
// give come on top.
func (f *filling) score(ctx context.Context) error {
	o := report.PublishOptions{Program: programVersion()}
	answers, err := f.data.db.AnswersState(ctx, f.wave.ID)
	if err != nil {
		return err
	}
	r, _, err := report.Publish(ctx, f.data.db, f.by, f.wave.ID, o, f.app.now(), nil)
	if err != nil {
		return err
	}
	live := report.LiveOf(r)
	live.Answers = &answers
	return f.data.db.SaveRelease(ctx, f.by, live)
}
