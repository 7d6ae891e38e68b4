package web

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"sipas/static"
	"sipas/survey"
	"sipas/survey/export"
	"sipas/templates/i18n"
	"sipas/templates/layout"
	"sipas/templates/pages"
	"sipas/templates/ui"
)

//go:embed release_schema.json
var releaseSchema []byte

// Caching of public pages. The JSON of a numbered release never changes. Its page does once, when another release takes its place, and its
// table when a later program writes further columns.
const (
	keepForEver = "public, max-age=31536000, immutable"
	askEachTime = "no-cache"
)

// listedRelease is what lists say of a published release: some kilobytes, kept for as long as the program runs.
type listedRelease struct {
	survey.Publication
	madeAt        time.Time
	reason        string
	supersedes    int
	context       survey.Context // without what only the release itself needs
	place         survey.Text    // the province's name
	headlineOf    ui.FigureProps
	headlineLabel survey.Text
	doc, csv      fileFacts
}

// fileFacts are what is known of a file without it.
type fileFacts struct {
	size int
	sum  string // SHA-256
}

// openRelease is a published release, read once and never changed: pages share it.
type openRelease struct {
	*listedRelease
	release   *survey.Release
	board     *board
	files     map[string]*openFile // by ending
	units     *directory           // as they were named when it was published
	documents []*survey.Framework  // in the order of the release
	asked     []*survey.Instrument
	nodes     map[[2]string]survey.NamedNode
}

// openFile is a file as it is served, compressed once however often it is asked for.
type openFile struct {
	body     []byte
	squeezed func() []byte
}

func newOpenFile(body []byte) *openFile {
	return &openFile{body: body, squeezed: sync.OnceValue(func() []byte { return static.Gzip(body, gzip.BestCompression) })}
}

// weight is about how many bytes of memory a release takes: its files, the compressed ones too, and its figures.
func (o *openRelease) weight() int {
	const figure = 1 << 10
	return (o.doc.size+o.csv.size)*5/4 + len(o.release.Figures)*figure
}

// mostOpen is about how many bytes the open releases take, but for the newest of them, which is there however large it is.
const mostOpen = 128 << 20

// openReleases keeps what lists say of every release, and the releases themselves that were looked at last. One is read at a time: who
// waits finds it, and whoever asks for many old ones at once has one core and one release's memory of the program, and no more.
type openReleases struct {
	reading chan struct{} // holds a value while a release is being read
	mu      sync.Mutex
	listed  map[string]*listedRelease // by seal
	open    []*openRelease            // the last looked at last
	most    int                       // bytes that they take
}

func newOpenReleases() openReleases {
	return openReleases{reading: make(chan struct{}, 1), listed: map[string]*listedRelease{}, most: mostOpen}
}

// look returns an open release, which is then the last looked at, or nil.
func (r *openReleases) look(seal string) *openRelease {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := slices.IndexFunc(r.open, func(o *openRelease) bool { return o.Seal == seal })
	if i < 0 {
		return nil
	}
	o := r.open[i]
	r.open = append(slices.Delete(r.open, i, i+1), o)
	return o
}

// keep makes room for a release and keeps it.
func (r *openReleases) keep(o *openRelease) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.listed[o.Seal] = o.listedRelease
	all := 0
	r.open = append(r.open, o)
	for i, other := range slices.Backward(r.open) {
		if all += other.weight(); all > r.most && other != o {
			r.open = slices.Clone(r.open[i+1:])
			return
		}
	}
}

// listedRelease returns what lists say of a release, which is read for it once.
func (s *Server) listedRelease(ctx context.Context, p survey.Publication) (*listedRelease, error) {
	s.public.mu.Lock()
	l := s.public.listed[p.Seal]
	s.public.mu.Unlock()
	if l != nil {
		return l, nil
	}
	o, err := s.openRelease(ctx, p)
	if err != nil {
		return nil, err
	}
	return o.listedRelease, nil
}

// openRelease reads a published release. Nothing of it comes from live figures, so these pages cannot show one.
func (s *Server) openRelease(ctx context.Context, p survey.Publication) (*openRelease, error) {
	if o := s.public.look(p.Seal); o != nil {
		return o, nil
	}
	select {
	case s.public.reading <- struct{}{}:
		defer func() { <-s.public.reading }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if o := s.public.look(p.Seal); o != nil {
		return o, nil
	}
	stored, err := s.store.Published(ctx, p.Wave, p.Number)
	if err != nil {
		return nil, err
	}
	o, err := newOpenRelease(stored)
	if err != nil {
		return nil, err
	}
	for _, f := range o.release.Context.Frameworks {
		// A version of a framework never changes, so what is read of it is what the release was made by.
		document, err := s.framework(ctx, survey.FrameworkRef{ID: f.ID, Version: f.Version})
		if err != nil {
			return nil, err
		}
		o.documents = append(o.documents, document)
	}
	for _, d := range o.release.Recipe.Instruments {
		document, err := s.instrument(ctx, survey.InstrumentRef{ID: d.ID, Version: d.Version})
		if err != nil {
			return nil, err
		}
		o.asked = append(o.asked, document)
	}
	s.public.keep(o)
	return o, nil
}

func newOpenRelease(stored *survey.Published) (*openRelease, error) {
	const op = "read published release"
	r, err := stored.Decode()
	if err != nil {
		return nil, err
	}
	if r.Context == nil {
		// A program before this one published it. It has no names, so codes stand in.
		r.Context = &survey.Context{Title: survey.Text{survey.Vietnamese: string(r.Wave)}}
	}
	if r.Recipe == nil {
		r.Recipe = &survey.Recipe{}
	}
	o := &openRelease{
		listedRelease: &listedRelease{
			Publication: stored.Publication, madeAt: r.MadeAt, reason: r.Reason, supersedes: r.Supersedes, context: *r.Context,
		},
		release: r, board: newBoard(r), nodes: map[[2]string]survey.NamedNode{},
	}
	o.context.Units, o.context.Frameworks = nil, nil
	doc, err := survey.PublicJSON(stored.Document)
	if err != nil {
		return nil, survey.Errorf(survey.CodeInternal, op, "%w", err)
	}
	var csv bytes.Buffer
	if err := export.Figures(&csv, r, export.NamesIn(r.Context)); err != nil {
		return nil, survey.Errorf(survey.CodeInternal, op, "%w", err)
	}
	table := bytes.TrimPrefix(csv.Bytes(), []byte(byteOrderMark))
	o.doc, o.csv = fileFacts{len(doc), sumOf(doc)}, fileFacts{len(table), sumOf(table)}
	o.files = map[string]*openFile{".json": newOpenFile(doc), ".csv": newOpenFile(table)}
	var units []survey.Unit
	for _, u := range r.Context.Units {
		units = append(units, survey.Unit{ID: u.ID, Code: u.Code, Kind: u.Kind, Name: u.Name})
	}
	o.units = newDirectory(units)
	for _, f := range r.Context.Frameworks {
		for _, n := range f.Nodes {
			o.nodes[[2]string{f.ID, n.Code}] = n
		}
	}
	province, _ := o.units.unit(r.Context.Province)
	o.place = province.Name
	h := r.Context.Headline
	o.headlineOf, o.headlineLabel = noFigure("", survey.Percent, r.Rules), o.nodes[[2]string{h.Framework, h.Node}].Label
	if f, ok := o.board.figure(h.Framework, h.Node, survey.Domain{}, survey.Weighted, survey.BasisInvited); ok {
		o.headlineOf = figureProps(f, "", r.Rules)
	}
	return o, nil
}

func sumOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// path is the address of the release for ever.
func (o *listedRelease) path() string {
	return "/releases/" + url.PathEscape(string(o.Wave)) + "/" + strconv.Itoa(o.Number)
}

func (o *listedRelease) headline(l survey.Lang) ui.FigureProps {
	p := o.headlineOf
	p.Label = o.headlineLabel.In(l)
	return p
}

func (o *openRelease) placeName(l survey.Lang) string {
	name := o.units.name(o.release.Context.Province, l)
	// The name stands within a sentence.
	for _, kind := range []string{"Tỉnh ", "Thành phố "} {
		if rest, ok := strings.CutPrefix(name, kind); ok && l == survey.Vietnamese {
			return strings.ToLower(kind) + rest
		}
	}
	return name
}

// allReleases lists every published release in the order of the chain.
func (s *Server) allReleases(ctx context.Context) ([]*listedRelease, error) {
	chain, err := s.store.Publications(ctx)
	if err != nil {
		return nil, err
	}
	all := make([]*listedRelease, len(chain))
	for i, p := range chain {
		if all[i], err = s.listedRelease(ctx, p); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// next is the release that took the place of another one, or nil.
func next(all []*listedRelease, o *listedRelease) *listedRelease {
	for _, other := range all {
		if other.Wave == o.Wave && other.Number == o.Number+1 {
			return other
		}
	}
	return nil
}

// publicLang is the language of these pages, which exist in the languages of the data.
func publicLang(l survey.Lang) survey.Lang {
	if slices.Contains(i18n.StaffLanguages(), l) {
		return l
	}
	return survey.English
}

func (s *Server) publicShell(c *call, about *listedRelease, index bool) layout.Public {
	c.lang = publicLang(c.lang)
	v := layout.Public{Lang: c.lang, Languages: languageLinks(c, c.lang, i18n.StaffLanguages()), Index: index, Demo: s.cfg.Demo}
	if about != nil && about.context.License != "" {
		v.Publisher, v.License = about.context.Publisher.In(c.lang), about.context.License
		v.LicenseName = licenseName(v.License)
	}
	return v
}

// licenseName is the short name of a license: that of Creative Commons from its address, or else the address.
func licenseName(address string) string {
	_, rest, ok := strings.Cut(address, "creativecommons.org/licenses/")
	parts := strings.Split(strings.Trim(rest, "/"), "/")
	if !ok || len(parts) < 2 {
		return address
	}
	return "CC " + strings.ToUpper(parts[0]) + " " + parts[1]
}

// fresh sets the headers of caching and reports whether the caller has the same already.
func fresh(c *call, tag, caching string) bool {
	h := c.header()
	h.Set("ETag", `"`+tag+`"`)
	h.Set("Cache-Control", caching)
	for _, known := range strings.Split(c.request().Header.Get("If-None-Match"), ",") {
		known = strings.TrimPrefix(strings.TrimSpace(known), "W/")
		if known == `"`+tag+`"` || known == "*" {
			return true
		}
	}
	return false
}

// publicTag is the tag of a page that depends on the language of the reader.
func (s *Server) publicTag(c *call, parts ...string) string {
	h := sha256.New()
	fmt.Fprintln(h, s.cfg.Program, s.cfg.Demo, c.lang, strings.Join(parts, " "))
	return hex.EncodeToString(h.Sum(nil))[:32]
}

// releaseIndex lists everything that is published, the newest first.
func (s *Server) releaseIndex(c *call) error {
	all, err := s.allReleases(c.ctx())
	if err != nil {
		return err
	}
	var newest *listedRelease
	v := pages.ReleasesView{JSONHref: "/releases.json", CatalogHref: "/catalog.jsonld"}
	if len(all) > 0 {
		newest = all[len(all)-1]
		v.Head = newest.Seal
	}
	v.Shell = s.publicShell(c, newest, true)
	c.header().Add("Vary", "Cookie, Accept-Language")
	if fresh(c, s.publicTag(c, v.Head), askEachTime) {
		return c.echo.NoContent(http.StatusNotModified)
	}
	for _, o := range slices.Backward(all) {
		row := pages.ReleaseRow{
			Wave: o.context.Title.In(c.lang), Number: o.Number, Href: o.path(), MadeAt: o.madeAt.In(survey.Zone),
			Headline: o.headline(c.lang), Reason: o.reason,
		}
		if by := next(all, o); by != nil {
			row.Replaced = by.Number
		}
		v.Rows = append(v.Rows, row)
	}
	return c.page(http.StatusOK, pages.Releases(v))
}

// releaseEntry is a release in the list for machines. The record lets everybody check the chain.
type releaseEntry struct {
	survey.Publication
	Title        survey.Text `json:"title"`
	MadeAt       time.Time   `json:"made_at"`
	Reason       string      `json:"reason,omitempty"`
	Supersedes   int         `json:"supersedes,omitempty"`
	SupersededBy int         `json:"superseded_by,omitempty"`
	HTML         string      `json:"html"`
	JSON         string      `json:"json"`
	CSV          string      `json:"csv"`
}

// releaseList is the list for machines, in the order of the chain.
func (s *Server) releaseList(c *call) error {
	all, err := s.allReleases(c.ctx())
	if err != nil {
		return err
	}
	out := struct {
		Schema   string         `json:"$schema"`
		Head     string         `json:"head"`
		Releases []releaseEntry `json:"releases"`
	}{Schema: "/releases/schema.json", Releases: []releaseEntry{}}
	for _, o := range all {
		e := releaseEntry{
			Publication: o.Publication, Title: o.context.Title, MadeAt: o.madeAt, Reason: o.reason,
			Supersedes: o.supersedes, HTML: o.path(), JSON: o.path() + ".json", CSV: o.path() + ".csv",
		}
		if by := next(all, o); by != nil {
			e.SupersededBy = by.Number
		}
		out.Head = o.Seal
		out.Releases = append(out.Releases, e)
	}
	if fresh(c, "list-"+out.Head, askEachTime) {
		return c.echo.NoContent(http.StatusNotModified)
	}
	return c.json(http.StatusOK, out)
}

// releaseSchemaFile describes the JSON of a release.
func (s *Server) releaseSchemaFile(c *call) error {
	if fresh(c, "schema-"+sumOf(releaseSchema)[:32], askEachTime) {
		return c.echo.NoContent(http.StatusNotModified)
	}
	return c.blob(http.StatusOK, "application/schema+json; charset=utf-8", releaseSchema)
}

// The files of a release, by the ending of its address.
var releaseEndings = []string{".json", ".csv"}

// cutEnding takes the ending of a file off an address.
func cutEnding(name string) (string, string) {
	for _, ending := range releaseEndings {
		if rest, ok := strings.CutSuffix(name, ending); ok {
			return rest, ending
		}
	}
	return name, ""
}

// releaseNewest leads to the newest release of a wave, in the form that is asked for.
func (s *Server) releaseNewest(c *call) error {
	chain, err := s.store.Publications(c.ctx())
	if err != nil {
		return err
	}
	lead := func(wave, ending string) (bool, error) {
		for _, p := range slices.Backward(chain) {
			if string(p.Wave) == wave {
				c.header().Set("Cache-Control", askEachTime)
				return true, c.redirect("/releases/" + url.PathEscape(wave) + "/" + strconv.Itoa(p.Number) + ending)
			}
		}
		return false, nil
	}
	// A wave's own id may end like a file.
	if done, err := lead(c.param("wave"), ""); done {
		return err
	}
	wave, ending := cutEnding(c.param("wave"))
	if done, err := lead(wave, ending); done {
		return err
	}
	return survey.Errorf(survey.CodeNotFound, "show release", "nothing is published of this wave")
}

// release shows a published release as a page, or sends one of its files.
func (s *Server) release(c *call) error {
	const op = "show release"
	text, ending := cutEnding(c.param("number"))
	number, err := strconv.Atoi(text)
	if err != nil || strconv.Itoa(number) != text {
		return survey.Errorf(survey.CodeNotFound, op, "a release has a number")
	}
	all, err := s.store.Publications(c.ctx())
	if err != nil {
		return err
	}
	find := func(n int) int {
		return slices.IndexFunc(all, func(p survey.Publication) bool { return string(p.Wave) == c.param("wave") && p.Number == n })
	}
	at := find(number)
	if at < 0 {
		return survey.Errorf(survey.CodeNotFound, op, "the wave has no release of this number")
	}
	if ending != "" {
		return s.sendFile(c, all[at], ending)
	}
	o, err := s.listedRelease(c.ctx(), all[at])
	if err != nil {
		return err
	}
	var by *listedRelease
	if after := find(number + 1); after >= 0 {
		if by, err = s.listedRelease(c.ctx(), all[after]); err != nil {
			return err
		}
	}
	shell := s.publicShell(c, o, false)
	c.header().Add("Vary", "Cookie, Accept-Language")
	c.header().Add("Link", fmt.Sprintf(`<%s.json>; rel="alternate"; type="application/json", <%s.csv>; rel="alternate"; type="text/csv"`, o.path(), o.path()))
	if fresh(c, o.ContentHash[:32]+"-"+s.publicTag(c, o.Seal, strconv.FormatBool(by != nil)), askEachTime) {
		return c.echo.NoContent(http.StatusNotModified)
	}
	whole, err := s.openRelease(c.ctx(), all[at])
	if err != nil {
		return err
	}
	return c.page(http.StatusOK, pages.Release(whole.view(shell, by)))
}

// byteOrderMark is what Excel takes a table for UTF-8 by. Programs stumble over it, so the table has it only where "?excel" asks for it.
const byteOrderMark = "\ufeff"

// sendFile sends a file of a release. Who has it already is told so without the release being read.
func (s *Server) sendFile(c *call, p survey.Publication, ending string) error {
	o, err := s.listedRelease(c.ctx(), p)
	if err != nil {
		return err
	}
	kind, tag, caching := "application/json; charset=utf-8", o.ContentHash, keepForEver
	excel := false
	if ending == ".csv" {
		kind, tag, caching = "text/csv; charset=utf-8; header=present", o.csv.sum, askEachTime
		if excel = c.request().URL.Query().Has("excel"); excel {
			tag += "-excel"
		}
		c.header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s-%d.csv"`, o.Wave, o.Number))
	}
	links := `</releases/schema.json>; rel="describedby"`
	if l := o.context.License; l != "" {
		links += fmt.Sprintf(`, <%s>; rel="license"`, l)
	}
	c.header().Set("Link", links)
	if fresh(c, tag, caching) {
		return c.echo.NoContent(http.StatusNotModified)
	}
	whole, err := s.openRelease(c.ctx(), p)
	if err != nil {
		return err
	}
	file := whole.files[ending]
	if excel {
		return c.blob(http.StatusOK, kind, slices.Concat([]byte(byteOrderMark), file.body))
	}
	return c.squeezable(http.StatusOK, kind, file.body, file.squeezed)
}

// releaseOptions answers the question of a browser that asks before it reads from another site.
func (s *Server) releaseOptions(c *call) error {
	h := c.header()
	h.Set("Allow", "GET, HEAD, OPTIONS")
	h.Set("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS")
	h.Set("Access-Control-Allow-Headers", "If-None-Match")
	h.Set("Access-Control-Max-Age", "86400")
	return c.echo.NoContent(http.StatusNoContent)
}

// readable opens a route to scripts of every site: what it serves is published, and cookies are never looked at for it.
func readable(c *call) {
	h := c.header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Expose-Headers", "ETag, Link")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Del("X-Robots-Tag") // published figures are there to be found
}

// view lays a release out.
func (o *openRelease) view(shell layout.Public, by *listedRelease) pages.ReleaseView {
	r, l := o.release, shell.Lang
	v := pages.ReleaseView{
		Shell: shell, Wave: r.Context.Title.In(l), Place: o.placeName(l), From: dayTime(r.Context.From), To: dayTime(r.Context.To),
		Number: o.Number, MadeAt: r.MadeAt.In(survey.Zone), Rules: r.Rules, Headline: o.headline(l),
		Respondents: r.Weighting.Respondents, Invited: r.Weighting.Invited, Register: r.Weighting.Register, WalkIns: r.Weighting.WalkIns,
		Documents: slices.Concat(r.Recipe.Frameworks, r.Recipe.Instruments), Program: r.Program, DataHash: r.DataHash, WeightsHash: r.WeightsHash,
		ContentHash: o.ContentHash, Seal: o.Seal,
		Notes: notesIn(l, r.Weighting.Notes, noteWords(o.units, moduleTitles(o.asked, l), l)),
	}
	v.Files = ui.Files{CSV: o.path() + ".csv", JSON: o.path() + ".json", Name: fmt.Sprintf("%s-%d", o.Wave, o.Number)}
	if by != nil {
		v.By = &pages.Superseder{Number: by.Number, Href: by.path(), Reason: by.reason, MadeAt: by.madeAt.In(survey.Zone)}
	}
	if r.Supersedes > 0 {
		v.Before = &pages.Superseder{Number: r.Supersedes, Href: strings.TrimSuffix(o.path(), strconv.Itoa(o.Number)) + strconv.Itoa(r.Supersedes), Reason: r.Reason}
	}
	for _, m := range r.Recipe.Method {
		v.Method = append(v.Method, m.In(l))
	}
	h := r.Context.Headline
	if f, ok := o.board.figure(h.Framework, h.Node, survey.Domain{}, survey.Weighted, survey.BasisWithWalkIns); ok && r.Weighting.WalkIns > 0 && f.Reason != survey.ReasonUndefined {
		v.WithWalk = figureProps(f, i18n.T(l, "scores.with_walk"), r.Rules)
	}
	for _, f := range o.documents {
		root, _ := o.board.tree(l, f, &f.Root, survey.Domain{}, o.targets(), nil) // nothing is added that could fail
		v.Trees = append(v.Trees, pages.ReleaseTree{Title: f.Title.In(l), Root: root})
		if node, ok := f.Node(h.Node); ok && f.ID == h.Framework {
			v.Units = o.board.unitSet(l, f, node, o.units, o.targets(), nil)
			v.Units.Wave = v.Wave
		}
	}
	for i := range r.Flags {
		if f := &r.Flags[i]; f.State != survey.FlagTooFew {
			v.Flags = append(v.Flags, o.flag(f, l))
		}
	}
	v.Withheld, v.Shown = o.withheld()
	return v
}

// targets are what the wave aimed at when it was published.
func (o *openRelease) targets() survey.Targets { return o.release.Recipe.Targets }

func (o *openRelease) flag(f *survey.Flag, l survey.Lang) pages.ReleaseFlag {
	row := pages.ReleaseFlag{
		Unit:      o.units.name(f.Figure.Domain.Unit, l),
		Indicator: cmp.Or(o.nodes[[2]string{f.Figure.Framework, f.Figure.Node}].Label.In(l), f.Figure.Node),
		Figure:    figureProps(&f.Figure, "", o.release.Rules), State: f.State,
	}
	row.Figure.Target = targetOf(row.Figure, o.targets(), f.Figure.Framework, f.Figure.Node)
	for _, reason := range f.Reasons {
		row.Reasons = append(row.Reasons, flagReason(reason, row.Figure, ""))
	}
	return row
}

// withheld counts the main figures that are withheld by their reason, and those that are shown.
func (o *openRelease) withheld() (by []pages.ReleaseWithheld, shown int) {
	count := map[string]int{}
	for i := range o.release.Figures {
		switch f := &o.release.Figures[i]; {
		case f.Weighting != survey.Weighted || f.Basis != survey.BasisInvited:
		case f.State == survey.StateWithheld:
			count[f.Reason]++
		case f.State == survey.StatePublished:
			shown++
		}
	}
	for _, reason := range []string{survey.ReasonFewAnswers, survey.ReasonComplementary, survey.ReasonNoAnswers, survey.ReasonUndefined} {
		if count[reason] > 0 {
			by = append(by, pages.ReleaseWithheld{Reason: reason, N: count[reason]})
		}
	}
	return by, shown
}

// catalog describes what is published in the vocabulary of data portals: DCAT 3 as JSON-LD.
func (s *Server) catalog(c *call) error {
	all, err := s.allReleases(c.ctx())
	if err != nil {
		return err
	}
	body, err := json.MarshalIndent(catalogOf(s.baseURL(c), all), "", "  ")
	if err != nil {
		return survey.Errorf(survey.CodeInternal, "write catalog", "%w", err)
	}
	if fresh(c, "dcat-"+sumOf(body)[:32], askEachTime) {
		return c.echo.NoContent(http.StatusNotModified)
	}
	return c.blob(http.StatusOK, "application/ld+json; charset=utf-8", append(body, '\n'))
}

// baseURL is where the program is reached: as it was told, or else as the caller says.
func (s *Server) baseURL(c *call) string {
	if s.cfg.URL != "" {
		return s.cfg.URL
	}
	scheme := "http"
	if s.cfg.Secure {
		scheme = "https"
	}
	return scheme + "://" + c.request().Host
}
