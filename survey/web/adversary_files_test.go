package web

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"sipas/survey"
	"sipas/survey/export"
	"sipas/survey/report/adversary"
	"sipas/templates/i18n"
)

// reader is somebody with an account who takes along everything that a wave shows, live and published, and holds every number against the
// release that it is of.
type reader struct {
	*site
	test                        *testing.T
	inside, outside, department *browser
	wave                        survey.WaveID
	frameworks                  []*survey.Framework
	domains                     []survey.Domain
	adversary                   *adversary.Adversary
	units                       map[string]survey.UnitID // by the name that pages have
	earlier                     map[survey.FigureKey]*survey.Figure
	files                       map[string]string // of published releases, as they were first read
	live                        *survey.Release
	figures                     map[survey.FigureKey]*survey.Figure
	lines                       map[string]int // read of each page
}

// headings of the columns of a figure, by what the tests call them.
func headings() map[string]string {
	t := func(key string) string { return i18n.T(i18n.EN, key) }
	return map[string]string{
		t("files.value"): "value", t("files.low"): "low", t("files.high"): "high", t("files.se"): "se", "n": "n", "N": "population",
		t("files.n_eff"): "n_eff", t("files.df"): "df", t("files.target"): "target", t("files.state"): "state",
		"estimate": "value", "ci_low": "low", "ci_high": "high", // of the table of a published release
	}
}

func numbersOf(f *survey.Figure) map[string]float64 {
	e := f.Estimate
	return map[string]float64{
		"value": e.Value, "low": e.Interval.Low, "high": e.Interval.High, "se": e.SE, "n": float64(e.N), "population": e.Population,
		"n_eff": e.EffectiveN, "df": e.DF,
	}
}

// hold compares a line of a file with the figure that it is of, and returns what the line says: nil where it says that nothing is shown.
func (r *reader) hold(where string, f *survey.Figure, key survey.FigureKey, line map[string]string) *survey.Figure {
	shown := f != nil && f.State != survey.StateWithheld && f.State != survey.StateNotComparable
	seen := map[string]float64{}
	for name := range numbersOf(new(survey.Figure)) {
		text, has := line[name]
		x, err := strconv.ParseFloat(text, 64)
		switch {
		case !has || name == "population" && key.Weighting == survey.Unweighted: // it stands for the weighted one
		case !shown && err == nil && f != nil && f.State == survey.StateNotComparable && name == "n" && x == 0: // what cannot be had
		case !shown && err == nil:
			r.t.Errorf("%s: %s says %s = %s, and it is not shown", where, key, name, text)
		case shown:
			want := numbersOf(f)[name]
			if err != nil {
				x = math.NaN()
			}
			if x != want && !(math.IsNaN(x) && (math.IsNaN(want) || math.IsInf(want, 0))) {
				r.t.Errorf("%s: %s says %s = %q, its release %v", where, key, name, text, want)
			}
			seen[name] = x
		}
	}
	for _, name := range []string{"shares", i18n.T(i18n.EN, "files.place"), i18n.T(i18n.EN, "history.change"), i18n.T(i18n.EN, "flags.priority"), i18n.T(i18n.EN, "flags.gain")} {
		if _, err := strconv.ParseFloat(line[name], 64); !shown && (err == nil || name == "shares" && line[name] != "") {
			r.t.Errorf("%s: %s says %s = %s, and it is not shown", where, key, name, line[name])
		}
	}
	if !shown {
		return nil
	}
	if state, has := line["state"]; has && state != string(f.State) {
		r.t.Errorf("%s: %s is %s, in its release %s", where, key, state, f.State)
	}
	if len(seen) < 7 {
		return nil // too little for a figure by itself; what it says is in the release
	}
	told := &survey.Figure{FigureKey: key, State: f.State}
	e := &told.Estimate
	e.Value, e.SE, e.Interval.Low, e.Interval.High, e.N, e.EffectiveN, e.DF = seen["value"], seen["se"], seen["low"], seen["high"], int(seen["n"]), seen["n_eff"], seen["df"]
	for _, part := range strings.Split(line["shares"], "; ") {
		if code, percent, ok := strings.Cut(part, ": "); ok {
			share := survey.Share{}
			share.Code, _ = strconv.Atoi(code)
			share.Percent, _ = strconv.ParseFloat(percent, 64)
			told.Shares = append(told.Shares, share)
		}
	}
	return told
}

// table reads a table as lines by the names of columns.
func (r *reader) table(body string) []map[string]string {
	r.t.Helper()
	rows := readCSV(r.test, body)
	known := headings()
	var out []map[string]string
	for _, row := range rows[1:] {
		line := map[string]string{}
		for i, text := range row {
			name := rows[0][i]
			if known[name] != "" {
				name = known[name]
			}
			line[name] = text // of two states the figure's own comes last
		}
		out = append(out, line)
	}
	return out
}

// open reads a page or file of the wave and notes what its release is now.
func (r *reader) open(who *browser, path string) reply {
	r.t.Helper()
	page := who.get(path)
	id, err := r.db.ReleaseID(context.Background(), r.wave, survey.StateProvisional)
	must(r.t, err)
	if r.live == nil || r.live.ID != id {
		r.live, err = r.db.Release(context.Background(), r.wave, survey.StateProvisional)
		must(r.t, err)
		r.figures = byFigureKey(r.live)
	}
	return page
}

func byFigureKey(release *survey.Release) map[survey.FigureKey]*survey.Figure {
	out := map[survey.FigureKey]*survey.Figure{}
	for i := range release.Figures {
		out[release.Figures[i].FigureKey] = &release.Figures[i]
	}
	return out
}

// download reads a table of a live page. key says which figure a line is of, and whether of the wave itself.
func (r *reader) download(name string, query url.Values, key func(map[string]string) (survey.FigureKey, bool)) (told []survey.Figure) {
	r.t.Helper()
	query.Set("lang", "en")
	where := name + ".csv?" + query.Encode()
	file := r.open(r.inside, "/waves/"+string(r.wave)+"/"+where)
	if file.status == http.StatusNotFound && (query.Has("unit") || query.Has("field")) {
		return nil // a part of the register without figures yet
	}
	file.want(r.t, http.StatusOK)
	for _, line := range r.table(file.body) {
		k, own := key(line)
		if !own {
			r.hold(where, r.earlier[k], k, line)
			continue
		}
		if f := r.hold(where, r.figures[k], k, line); f != nil {
			told = append(told, *f)
		}
		r.lines[name]++
	}
	return told
}

// liveFiles takes along the tables of live pages: the scores of every part of the register, and where all is asked for, or in their turn, those
// of every page and framework under every filter.
func (r *reader) liveFiles(turn int, all bool) {
	r.t.Helper()
	var told []survey.Figure
	code, headline := i18n.T(i18n.EN, "files.code"), r.frameworks[0]
	weighted := func(framework, node string, d survey.Domain) survey.FigureKey {
		return survey.FigureKey{Framework: framework, Node: node, Domain: d, Weighting: survey.Weighted, Basis: survey.BasisInvited}
	}
	ofUnit := func(node string) func(map[string]string) (survey.FigureKey, bool) {
		return func(line map[string]string) (survey.FigureKey, bool) {
			unit, ok := r.units[line[i18n.T(i18n.EN, "heatmap.unit")]]
			if !ok {
				unit = "nowhere" // on the map, and no unit of the register
			}
			return weighted(headline.ID, node, survey.Domain{Unit: unit}), true
		}
	}
	for place, d := range r.domains {
		filter := func() url.Values {
			q := url.Values{}
			if d.Unit != "" {
				q.Set("unit", string(d.Unit))
				q.Set("field", r.domains[len(r.domains)-1].Field) // the crossing has no figures: the unit stands
			} else if d.Field != "" {
				q.Set("field", d.Field)
			}
			return q
		}
		for i, f := range r.frameworks {
			if i > 0 && !all && (place != turn%len(r.domains) || i != 1+turn%2) {
				continue
			}
			q := filter()
			q.Set("framework", f.ID)
			told = append(told, r.download("scores", q, func(line map[string]string) (survey.FigureKey, bool) {
				k := weighted(f.ID, line[code], d)
				switch line[i18n.T(i18n.EN, "files.weighting")] {
				case i18n.T(i18n.EN, "scores.unweighted"):
					k.Weighting = survey.Unweighted
				case i18n.T(i18n.EN, "scores.with_walk"):
					k.Basis = survey.BasisWithWalkIns
				}
				return k, true
			})...)
			if d.Field == "" && (all && i == 0 || place == turn%4) {
				told = append(told, r.download("index", q, func(line map[string]string) (survey.FigureKey, bool) {
					return weighted(f.ID, line[code], d), true
				})...)
			}
		}
		if d.Field == "" && (all || place == turn%4) {
			q := filter()
			q.Set("indicator", "s29")
			told = append(told, r.download("history", q, func(line map[string]string) (survey.FigureKey, bool) {
				return weighted(headline.ID, "s29", d), line[i18n.T(i18n.EN, "filter.wave")] == string(r.wave)
			})...)
		}
	}
	for i, node := range []string{"II", "s24", "s36"} {
		if !all && i != turn%3 {
			continue
		}
		q := url.Values{"indicator": {node}}
		told = append(told, r.download("units", q, ofUnit(node))...)
		told = append(told, r.download("map", q, ofUnit(node))...)
	}
	told = append(told, r.download("flags", url.Values{}, func(line map[string]string) (survey.FigureKey, bool) {
		return ofUnit(line[code])(line)
	})...)
	r.heatmap(weighted)
	r.adversary.Look(&survey.Release{State: survey.StateProvisional, Figures: told})
}

// heatmap reads the table that has a column for each indicator.
func (r *reader) heatmap(key func(framework, node string, d survey.Domain) survey.FigureKey) {
	file := r.open(r.inside, "/waves/"+string(r.wave)+"/heatmap.csv?lang=en")
	file.want(r.t, http.StatusOK)
	for _, line := range r.table(file.body) {
		unit := r.units[line[i18n.T(i18n.EN, "heatmap.unit")]]
		for name, text := range line {
			node, _, _ := strings.Cut(name, " ")
			if _, item := r.frameworks[0].Node(node); !item || strings.HasSuffix(name, " · n") {
				continue
			}
			k := key(r.frameworks[0].ID, node, survey.Domain{Unit: unit})
			r.hold("heatmap.csv", r.figures[k], k, map[string]string{"value": text, "n": line[name+" · n"]})
			r.lines["heatmap"]++
		}
	}
}

var answersOnPage = regexp.MustCompile(`n = (\d+)`)

// livePages reads the pages and pictures, all of them or some in their turn. What they say of n some figure of the releases has.
func (r *reader) livePages(turn int, all bool) {
	r.t.Helper()
	at := "/waves/" + string(r.wave)
	unit := func(i int) string { return url.QueryEscape(string(unitID(i))) }
	insidePaths := []string{
		at, at + "/signals", at + "/compare?with=" + string(testWave), at + "/compare?unit=" + unit(0) + "&against=" + unit(1),
		at + "/compare?with=" + string(testWave) + "&unit=" + unit(1), at + "/publish", "/waves",
	}
	for _, name := range []string{"index", "scores", "units", "heatmap", "map", "history", "flags"} {
		insidePaths = append(insidePaths, at+"/"+name, at+"/"+name+".svg")
	}
	bodies := map[string]string{}
	for i, path := range insidePaths {
		if i > 0 && !all && i%4 != turn%4 {
			continue
		}
		page := r.open(r.inside, path)
		if page.status == http.StatusNotFound && strings.Contains(path, "unit=") {
			continue
		}
		page.want(r.t, http.StatusOK)
		bodies[path] = page.body
	}
	bodies["/repair"] = r.open(r.department, "/repair").body
	bodies["/repair of the wave"] = r.open(r.department, "/repair?wave="+string(r.wave)).body
	for path, body := range bodies {
		r.counts(path, body, r.live)
	}
}

func (r *reader) counts(where, body string, release *survey.Release) {
	r.t.Helper()
	known := []int{release.Weighting.Respondents, release.Weighting.Invited, release.Weighting.WalkIns}
	for _, m := range answersOnPage.FindAllStringSubmatch(body, -1) {
		n, _ := strconv.Atoi(m[1])
		fits := func(f survey.Figure) bool {
			return f.Estimate.N == n && f.State != survey.StateWithheld && f.State != survey.StateNotComparable
		}
		before := func(f *survey.Figure) bool { return fits(*f) }
		if !slices.Contains(known, n) && !slices.ContainsFunc(release.Figures, fits) && !slices.ContainsFunc(slices.Collect(maps.Values(r.earlier)), before) {
			r.t.Errorf("%s says n = %d, which no figure of its release has", where, n)
		}
	}
}

// respondentsOf is a count of those who answered within words, as the notes on weights have it.
var respondentsOf = regexp.MustCompile(`(\d+) (?:respondents|responded|answers)`)

// published takes along the files and the page of a release that everybody may read.
func (r *reader) published(number int) {
	r.t.Helper()
	path := fmt.Sprintf("/releases/%s/%d", r.wave, number)
	doc, table, page := r.outside.get(path+".json"), r.outside.get(path+".csv"), r.outside.get(path)
	for _, file := range []reply{doc, table, page} {
		file.want(r.t, http.StatusOK)
	}
	r.files[path+".json"], r.files[path+".csv"] = doc.body, table.body
	release := new(survey.Release)
	must(r.t, json.Unmarshal([]byte(doc.body), release))
	stored, err := r.db.Release(context.Background(), r.wave, survey.StatePublished)
	must(r.t, err)
	own, figures := byFigureKey(stored), byFigureKey(release)
	if stored.Number != number || len(figures) != len(own) {
		r.t.Errorf("%s has %d figures, release %d %d", path, len(figures), stored.Number, len(own))
	}
	if len(release.Weighting.Strata) > 0 || release.Disclosed != nil || release.Answers != nil {
		r.t.Errorf("%s.json has the response of single classes, or what is kept of earlier pages", path)
	}
	for k, f := range figures {
		line := map[string]string{"state": string(f.State)}
		for name, x := range numbersOf(f) {
			if !math.IsNaN(x) && !(name == "n" && x == 0) {
				line[name] = strconv.FormatFloat(x, 'g', -1, 64)
			}
		}
		if f.State == survey.StateWithheld && len(f.Shares) > 0 {
			r.t.Errorf("%s.json has shares of %s", path, k)
		}
		r.hold(path+".json", own[k], k, line)
		r.lines["json"]++
	}
	var told []survey.Figure
	for _, line := range r.table(table.body) {
		k := survey.FigureKey{
			Framework: line["framework"], Node: line["node"], Domain: survey.Domain{Unit: survey.UnitID(line["unit"]), Field: line["field"]},
			Weighting: survey.Weighting(line["weighting"]), Basis: survey.Basis(line["basis"]),
		}
		if f := r.hold(path+".csv", figures[k], k, line); f != nil {
			if len(f.Shares) != len(figures[k].Shares) {
				r.t.Errorf("%s.csv: %s has other shares than the JSON", path, k)
			}
			told = append(told, *f)
		}
		r.lines["csv"]++
	}
	r.counts(path, page.body, release)
	weighting, err := json.Marshal(release.Weighting)
	must(r.t, err)
	for _, m := range respondentsOf.FindAllStringSubmatch(string(weighting)+page.body, -1) {
		if n, _ := strconv.Atoi(m[1]); n > 0 && n < release.Rules.MinAnswers {
			r.t.Errorf("%s tells everybody of %q", path, m[0])
		}
	}
	r.adversary.Look(release)
	r.adversary.Look(&survey.Release{State: survey.StatePublished, Figures: told})
}

// same reports whether everything published is still what it was.
func (r *reader) same() {
	r.t.Helper()
	for path, body := range r.files {
		if r.outside.get(path).body != body {
			r.t.Errorf("%s is another than it was", path)
		}
	}
}

// workbooks holds the workbooks of live pages against their other tables.
func (r *reader) workbooks() {
	r.t.Helper()
	for _, name := range []string{"index", "scores", "units", "heatmap", "map", "history", "flags"} {
		at := "/waves/" + string(r.wave) + "/" + name
		rows := readCSV(r.test, r.open(r.inside, at+".csv?lang=en").body)
		for sheet, cells := range readWorkbook(r.test, r.open(r.inside, at+".xlsx?lang=en").body) {
			if sheet != export.MethodSheet {
				sameCells(r.test, name, rows, cells)
			}
		}
	}
}
