package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sipas/analysis/sample"
	"sipas/survey"
	"sipas/survey/export"
)

// inviteCmd draws a sample and writes its tokens.
type inviteCmd struct {
	dataFlag
	Wave     survey.WaveID `required:"" placeholder:"WAVE" help:"The wave whose register is drawn from."`
	Fraction float64       `required:"" placeholder:"F" help:"Share of the transactions to invite, above 0 and at most 1."`
	Seed     uint64        `required:"" placeholder:"N" help:"Seed of the draw: the same seed and register draw the same transactions. Tokens never come from it."`
	Out      string        `placeholder:"FILE" help:"Where the list of tokens is written; it must not be there yet. Default: DIR/invitations/WAVE-DRAW.csv."`
	BaseURL  string        `name:"base-url" placeholder:"URL" default:"http://127.0.0.1:8080" help:"The address under which citizens reach the program; links begin with it."`
	AsOf     string        `placeholder:"DAY" help:"The day as of which a dossier is late. Default: the last day of the register."`
}

func (c *inviteCmd) Run(ctx context.Context, a *app) error {
	if math.IsNaN(c.Fraction) || c.Fraction <= 0 || c.Fraction > 1 {
		return usagef("--fraction: %v is not above 0 and at most 1.", c.Fraction)
	}
	base, err := url.Parse(strings.TrimRight(c.BaseURL, "/"))
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" || base.RawQuery != "" || base.Fragment != "" {
		return usagef("--base-url: %q is not an address such as https://khaosat.tayninh.gov.vn.", c.BaseURL)
	}
	return withStored(ctx, a, c.Data, func(d *dataDir) error {
		p, err := c.plan(ctx, d)
		if err != nil {
			return err
		}
		path := c.Out
		if path == "" {
			path = filepath.Join(d.dir, invitationName, fmt.Sprintf("%s-%d.csv", c.Wave, p.draw.Number))
		}
		list, invitations := p.tokens(base.String())
		if err := d.saveDraw(ctx, p.draw, invitations, path, list); err != nil {
			return err
		}
		p.report(a, path)
		if base.Hostname() == "127.0.0.1" || base.Hostname() == "localhost" {
			fmt.Fprintln(a.stderr, "The links lead to this machine only: give the address that citizens use with --base-url.")
		}
		return nil
	})
}

// plan reads what the draw needs and draws.
func (c *inviteCmd) plan(ctx context.Context, d *dataDir) (*plan, error) {
	w, err := d.wave(ctx, c.Wave)
	if err != nil {
		return nil, err
	}
	ts, err := d.db.Transactions(ctx, c.Wave)
	if err != nil {
		return nil, err
	}
	if len(ts) == 0 {
		return nil, &survey.Error{Code: survey.CodeRegisterEmpty, Op: "invite", Params: map[string]string{"wave": string(c.Wave)}}
	}
	asOf, err := dayFlag("--as-of", c.AsOf, latest(ts))
	if err != nil {
		return nil, err
	}
	covered, err := d.db.Covered(ctx, c.Wave)
	if err != nil {
		return nil, err
	}
	draws, err := d.db.Draws(ctx, c.Wave)
	if err != nil {
		return nil, err
	}
	units, err := d.db.Units(ctx)
	if err != nil {
		return nil, err
	}
	p := &plan{wave: w, units: units, asOf: asOf, fraction: c.Fraction, seed: c.Seed, number: len(draws) + 1}
	for _, t := range ts {
		if _, before := covered[t.Dossier]; !before {
			p.register = append(p.register, t)
		}
	}
	if err := p.make(); err != nil {
		return nil, err
	}
	return p, nil
}

// plan is a draw on its way: what it is drawn from, and what came out.
type plan struct {
	wave     *survey.Wave
	register []survey.Transaction // that no earlier draw covered
	units    []survey.Unit
	asOf     survey.Day
	fraction float64
	seed     uint64
	number   int

	draw    *survey.Draw
	invited []chosen // in order of dossier code
}

// chosen is a transaction that was drawn.
type chosen struct {
	dossier string
	class   survey.ClassID
}

// make fixes the coarsening map and draws the transactions. It uses no randomness but the seed's.
func (p *plan) make() error {
	const op = "invite"
	if len(p.register) == 0 {
		return &survey.Error{Code: survey.CodeNothingToInvite, Op: op, Params: map[string]string{"wave": string(p.wave.ID)}}
	}
	cases := make([]sample.Case, len(p.register))
	for i, t := range p.register {
		cases[i] = sample.Case{ID: t.Dossier, Labels: labelsOf(t, p.asOf)}
	}
	kinds := make(map[string]string, len(p.units))
	for _, u := range p.units {
		kinds[string(u.ID)] = string(u.Kind)
	}
	m, err := sample.Build(cases, sample.Rule{
		Fraction: p.fraction, Min: p.wave.Rules.MinInvited, Kind: func(unit string) string { return kinds[unit] },
	})
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	if smallest := slices.MinFunc(m.Classes, func(a, b sample.Class) int { return a.Invite - b.Invite }); smallest.Invite < p.wave.Rules.MinInvited {
		return tellf("%s times %v invite only %d: at least %d must share a class, or an answer could be traced. Load more transactions, or invite a larger share.",
			count(len(cases), "transaction"), p.fraction, smallest.Invite, p.wave.Rules.MinInvited)
	}
	drawn, err := m.Draw(cases, p.seed)
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	doc, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	p.draw = &survey.Draw{
		Wave: p.wave.ID, Number: p.number, Fraction: p.fraction, Seed: p.seed, Map: doc, AsOf: p.asOf,
		Covered: make(map[string]survey.ClassID, len(cases)),
	}
	for i, c := range m.Classes {
		p.draw.Classes = append(p.draw.Classes, survey.Class{
			ID: p.class(i), Wave: p.wave.ID, Draw: p.number, Labels: [survey.Dims]string(c.Labels), Population: c.N, Invited: c.Invite,
		})
	}
	for _, c := range cases {
		i, ok := m.Assign(c.Labels)
		if !ok {
			return survey.Errorf(survey.CodeInternal, op, "the map does not know the labels it was made of")
		}
		p.draw.Covered[c.ID] = p.class(i)
	}
	for _, s := range drawn {
		for _, id := range s.IDs {
			p.invited = append(p.invited, chosen{id, p.class(s.Class)})
		}
	}
	slices.SortFunc(p.invited, func(a, b chosen) int { return strings.Compare(a.dossier, b.dossier) })
	return nil
}

// class names a class of the draw, so that names sort as numbers do.
func (p *plan) class(i int) survey.ClassID {
	return survey.ClassID(fmt.Sprintf("%d.%05d", p.number, i+1))
}

// labelsOf are the labels of a transaction, top to bottom of the coarsening tree. Fields have no groups above them in a
// register, so that dimension is given up from the start; small fields are pooled with each other all the same.
func labelsOf(t survey.Transaction, asOf survey.Day) sample.Labels {
	return sample.Labels{
		sample.Unit: string(t.Unit), sample.Lateness: string(t.Lateness(asOf)), sample.FieldGroup: "*",
		sample.Field: t.Field, sample.Channel: string(t.Channel), sample.Month: t.Month(),
	}
}

// tokens draws a token for each chosen transaction from the system's randomness.
func (p *plan) tokens(base string) ([]export.TokenLink, []survey.Invitation) {
	list := make([]export.TokenLink, len(p.invited))
	invitations := make([]survey.Invitation, len(p.invited))
	for i, c := range p.invited {
		token := survey.NewToken()
		list[i] = export.TokenLink{Dossier: c.dossier, Token: token, Link: base + "/s/" + string(token)}
		invitations[i] = survey.Invitation{TokenHash: token.Hash(), Wave: p.wave.ID, Dossier: c.dossier, Class: c.class}
	}
	return list, invitations
}

// saveDraw writes the list of tokens, synced, and then commits the draw. When the draw is not stored, the list goes too: its
// tokens are nobody's.
func (d *dataDir) saveDraw(ctx context.Context, draw *survey.Draw, invitations []survey.Invitation, path string, list []export.TokenLink) error {
	return d.commitDraw(ctx, draw, invitations, path, func(w io.Writer) error { return export.Tokens(w, list) })
}

func (d *dataDir) commitDraw(ctx context.Context, draw *survey.Draw, invitations []survey.Invitation, path string, write func(io.Writer) error) error {
	written, unwritten := false, error(nil)
	err := d.db.SaveDraw(ctx, survey.CommandLine(), draw, invitations, func() error {
		unwritten = export.CreateFile(path, write)
		written = unwritten == nil
		return unwritten
	})
	switch {
	case err == nil:
		return nil
	case errors.Is(unwritten, fs.ErrExist):
		return tellf("%s is there already, and lists of tokens are never overwritten: name another file with --out. Nothing was drawn.", path)
	case unwritten != nil:
		return tellf("The list of tokens cannot be written: %w. Nothing was drawn.", unwritten)
	case !written:
		return err
	}
	// The commit failed, or its answer was lost. Only what the database says is sure; a list that may be needed stays.
	draws, looked := d.db.Draws(context.WithoutCancel(ctx), draw.Wave)
	stored := slices.ContainsFunc(draws, func(s survey.Draw) bool { return s.Number == draw.Number })
	if looked != nil || stored {
		return errors.Join(err, looked)
	}
	return errors.Join(err, os.Remove(path))
}

// report says what was drawn.
func (p *plan) report(a *app, path string) {
	classes := slices.Clone(p.draw.Classes)
	smallest := slices.MinFunc(classes, func(x, y survey.Class) int { return x.Invited - y.Invited })
	fmt.Fprintf(a.stdout, "Draw %d of wave %s: %d of %s invited, in %d classes; the smallest has %d invited of %d.\n",
		p.number, p.wave.ID, len(p.invited), count(len(p.register), "transaction"), len(classes), smallest.Invited, smallest.Population)
	fmt.Fprintf(a.stdout, "Late as of %s. Tokens and links: %s\n", p.asOf, path)
	fmt.Fprintln(a.stdout, "Deliver the list and delete it: the database keeps only hashes of the tokens, so the list cannot be made again.")
}
