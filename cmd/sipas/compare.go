package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"sipas/survey"
	"sipas/survey/report"
	"sipas/templates/i18n"
)

// compareCmd holds two releases, or two units of one, against each other.
type compareCmd struct {
	dataFlag
	Wave        survey.WaveID `required:"" placeholder:"WAVE" help:"The wave whose figures are looked at."`
	With        survey.WaveID `placeholder:"WAVE" help:"The wave that they are compared with. Default: the same one, for --with-unit, --live or two releases."`
	Release     int           `xor:"side" placeholder:"N" help:"Take this release of --wave. Default: the newest one that is published."`
	WithRelease int           `name:"with-release" placeholder:"N" help:"Take this release of --with, or of the same wave. Default: the newest one that is published."`
	Unit        string        `placeholder:"ID" help:"Only this unit, by id. Default: the whole wave, and every unit and field."`
	WithUnit    string        `name:"with-unit" placeholder:"ID" help:"Compare the unit with this one of the same release."`
	Framework   string        `placeholder:"ID" help:"Framework of either side. Default: the headline of the later one."`
	Live        bool          `xor:"side" help:"Take the provisional figures of --wave, as staff see them while answers come, and not its published ones."`
	Format      string        `enum:"table,json,csv" default:"table" help:"One of ${enum}."`
	Lang        string        `enum:"en,vi" default:"en" help:"Language of the words: ${enum}."`
}

// Help says what compares.
func (*compareCmd) Help() string {
	return strings.TrimSpace(`
Differences are --wave less --with. A pair is refused, and has no difference, where the framework, the words or the scale of a
question, the indicators that are there, the answers behind the figure or the unit are not the same, or where one of the figures is withheld;
what is refused of a question is refused of every index over it. A unit that was merged in between is compared with its parts, weighed by
the transactions that their figures speak for in the earlier release. Two releases of one wave, as --release 2 --with-release 1, show what a correction changed.
Everything that a reader must know beside a difference is printed with it.`)
}

// Run prints the changes.
func (c *compareCmd) Run(ctx context.Context, a *app) error {
	if c.With == "" {
		c.With = c.Wave
	}
	if c.Release < 0 || c.WithRelease < 0 {
		return usagef("releases of a wave are counted from 1.")
	}
	if c.With == c.Wave && c.WithUnit == "" && !c.Live && c.Release == c.WithRelease {
		return usagef("say with --with which wave to compare with, with --with-unit which unit, with --release and --with-release which two releases, or with --live that the current figures are compared with the published ones.")
	}
	if c.WithUnit != "" && (c.Unit == "" || c.With != c.Wave || c.WithRelease != 0) {
		return usagef("--with-unit compares two units of one release: name the other with --unit, and leave --with and --with-release out.")
	}
	return withStored(ctx, a, c.Data, func(d *dataDir) error {
		to, err := c.side(ctx, d, c.Wave, c.Release, c.Live)
		if err != nil {
			return err
		}
		units, err := d.db.Units(ctx)
		if err != nil {
			return err
		}
		names := map[survey.UnitID]survey.Text{}
		for _, u := range units {
			names[u.ID] = u.Name
		}
		for _, id := range []string{c.Unit, c.WithUnit} {
			if _, known := names[survey.UnitID(id)]; id != "" && !known {
				return &survey.Error{Code: survey.CodeUnitUnknown, Op: "compare", Params: map[string]string{"unit": id}}
			}
		}
		o := report.CompareOptions{
			Framework: c.Framework, Unit: survey.UnitID(c.Unit), Level: to.Rules.Level, Units: units, Find: report.FrameworksOf(to.Frameworks),
		}
		var all []survey.Change
		from := to
		if c.WithUnit != "" {
			all = report.CompareUnits(to, survey.UnitID(c.WithUnit), survey.UnitID(c.Unit), o)
		} else {
			if from, err = c.side(ctx, d, c.With, c.WithRelease, false); err != nil {
				return err
			}
			if from.ID == to.ID {
				return tellf("Both sides are release %d of wave %s: name another one with --release or --with-release.", to.Number, c.Wave)
			}
			all = report.Compare(from, to, o)
		}
		if len(all) == 0 {
			return c.nothing()
		}
		return c.write(a.stdout, from, to, all, names)
	})
}

// nothing says what was looked for in vain.
func (c *compareCmd) nothing() error {
	what := "figures of wave " + string(c.Wave)
	if c.Framework != "" {
		what += " by framework " + c.Framework
	}
	if c.Unit != "" {
		what += " for unit " + c.Unit
	}
	return tellf("There is nothing to compare: no %s.", what)
}

// side reads a release and what it was made by: the one of a number, or the newest.
func (c *compareCmd) side(ctx context.Context, d *dataDir, wave survey.WaveID, number int, live bool) (*report.Side, error) {
	if err := d.knownWave(ctx, wave); err != nil {
		return nil, err
	}
	if number > 0 {
		stored, err := d.db.Published(ctx, wave, number)
		if survey.IsCode(err, survey.CodeNotFound) {
			return nil, tellf("Wave %s has no published release %d.", wave, number)
		}
		if err != nil {
			return nil, err
		}
		r, err := stored.Decode()
		if err != nil {
			return nil, err
		}
		return report.LoadSide(ctx, d.db, r)
	}
	state := survey.StatePublished
	if live {
		state = survey.StateProvisional
	}
	r, err := d.db.Release(ctx, wave, state)
	if survey.IsCode(err, survey.CodeNotFound) && !live {
		return nil, tellf("Wave %s has no published release. Its current figures can stand on the side of --wave, with --live.", wave)
	}
	if survey.IsCode(err, survey.CodeNotFound) {
		return nil, tellf("Wave %s has no figures yet: \"sipas score --wave %s\" computes them.", wave, wave)
	}
	if err != nil {
		return nil, err
	}
	return report.LoadSide(ctx, d.db, r)
}

// sideName tells a side from every other: by its wave and the number of its release.
func sideName(lang survey.Lang, s *report.Side) string {
	say := papiTable{lang: lang}.say
	if s.State == survey.StateProvisional {
		return string(s.Release.Wave) + say(", live", ", tạm tính")
	}
	return fmt.Sprintf(say("%s, release %d", "%s, công bố lần %d"), s.Release.Wave, s.Number)
}

func (c *compareCmd) write(out io.Writer, from, to *report.Side, all []survey.Change, names map[survey.UnitID]survey.Text) error {
	lang := survey.Lang(c.Lang)
	switch c.Format {
	case "json":
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		return e.Encode(struct {
			Wave        survey.WaveID   `json:"wave"`
			Release     int             `json:"release,omitempty"` // none of live figures
			With        survey.WaveID   `json:"with"`
			WithRelease int             `json:"with_release,omitempty"`
			Unit        string          `json:"unit,omitempty"`
			WithUnit    string          `json:"with_unit,omitempty"`
			Changes     []survey.Change `json:"changes"`
		}{c.Wave, to.Number, c.With, from.Number, c.Unit, c.WithUnit, all})
	case "csv":
		return writeCompareCSV(out, all)
	}
	labels := map[string]string{}
	for _, f := range slices.Concat(from.Frameworks, to.Frameworks) {
		f.Walk(func(n *survey.Node, _ []*survey.Node) { labels[f.ID+"/"+n.Code] = n.Label.In(lang) })
	}
	then, now, where := sideName(lang, from), sideName(lang, to), ""
	if c.WithUnit != "" {
		where = now + ": "
		then, now = names[survey.UnitID(c.WithUnit)].In(lang), names[survey.UnitID(c.Unit)].In(lang)
		if then == now { // communes share names
			then, now = c.WithUnit, c.Unit
		}
	}
	notes, say := &footnotes{}, papiTable{lang: lang}.say
	rows := [][]string{{say("node", "chỉ tiêu"), then, now, say("change", "thay đổi"), say("interval", "khoảng tin cậy"), "p", ""}}
	unit := survey.Domain{Unit: "-"}
	shown := 0
	for _, x := range all {
		if x.Domain != unit {
			unit = x.Domain
			rows = append(rows, []string{"— " + compareWhere(lang, x.Domain, names), "", "", "", "", "", ""})
		}
		rows = append(rows, compareRow(lang, x, labels[x.Framework+"/"+x.Node], names, notes))
		if x.Change.Value != nil {
			shown++
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, say("%s%s less %s: %d of %d figures compare.\n\n", "%s%s trừ %s: %d trong %d số liệu so sánh được.\n\n"), where, now, then, shown, len(all))
	writeColumns(&b, "lrrrrrl", rows)
	notes.write(&b)
	_, err := io.WriteString(out, b.String())
	return err
}

func compareWhere(lang survey.Lang, d survey.Domain, names map[survey.UnitID]survey.Text) string {
	where := papiTable{lang: lang}.say("the whole wave", "toàn đợt")
	if d.Unit != "" {
		where = names[d.Unit].In(lang) + " (" + string(d.Unit) + ")"
	}
	if d.Field != "" {
		where += " · " + d.Field
	}
	return where
}

func compareRow(lang survey.Lang, x survey.Change, label string, names map[survey.UnitID]survey.Text, notes *footnotes) []string {
	number := func(v float64) string { return i18n.Number(lang, v, 2) }
	row := []string{x.Node + "  " + label, number(x.From.Estimate.Value), number(x.To.Estimate.Value), i18n.Unknown, "", "", ""}
	if v := x.Change.Value; v != nil {
		row[3] = i18n.Signed(lang, *v, 2)
	}
	if x.Change.Low != nil {
		row[4] = i18n.Signed(lang, *x.Change.Low, 2) + " … " + i18n.Signed(lang, *x.Change.High, 2)
		row[5] = i18n.Number(lang, *x.Change.P, 3)
	}
	var marks []string
	for _, r := range x.Reasons {
		marks = append(marks, notes.mark(compareSentence(lang, x, r, names)))
	}
	row[6] = strings.Join(marks, "")
	return row
}

// compareSentence is a reason in words, with the weights of parts.
func compareSentence(lang survey.Lang, x survey.Change, r survey.ChangeReason, names map[survey.UnitID]survey.Text) string {
	return i18n.CompareReason(lang, r, append(x.From.Parts, x.To.Parts...), func(id survey.UnitID) string { return names[id].In(lang) })
}

// writeCompareCSV writes one change a line, with every digit.
func writeCompareCSV(out io.Writer, all []survey.Change) error {
	w := csv.NewWriter(out)
	lines := [][]string{{
		"framework", "node", "unit", "field", "measure", "from_wave", "from_release", "from_number", "from_unit", "from", "from_se", "from_n",
		"to_wave", "to_release", "to_number", "to_unit", "to", "to_se", "to_n",
		"difference", "se", "ci_low", "ci_high", "confidence", "df", "p", "state", "reasons", "parts",
	}}
	for _, x := range all {
		var codes, parts []string
		for _, r := range x.Reasons {
			codes = append(codes, strings.Join(append([]string{r.Code}, r.About...), " "))
		}
		for _, p := range append(x.From.Parts, x.To.Parts...) {
			parts = append(parts, fmt.Sprintf("%s %s", p.Unit, digits(&p.Share)))
		}
		end := func(e survey.ChangeEnd) []string {
			v := e.Estimate
			number := ""
			if e.Number > 0 {
				number = strconv.Itoa(e.Number)
			}
			return []string{string(e.Wave), e.Release, number, string(e.Unit), digits(finiteOf(v.Value)), digits(finiteOf(v.SE)), strconv.Itoa(v.N)}
		}
		d := x.Change
		line := []string{x.Framework, x.Node, string(x.Domain.Unit), x.Domain.Field, string(x.Measure)}
		line = append(append(line, end(x.From)...), end(x.To)...)
		lines = append(lines, append(line, digits(d.Value), digits(d.SE), digits(d.Low), digits(d.High), digits(&d.Level), digits(d.DF), digits(d.P),
			string(x.State), strings.Join(codes, "|"), strings.Join(parts, "|")))
	}
	return w.WriteAll(lines)
}

func finiteOf(x float64) *float64 {
	if x != x || x-x != 0 {
		return nil
	}
	return &x
}
