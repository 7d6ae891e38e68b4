package web

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"sipas/data"
	"sipas/survey"
	"sipas/survey/report"
	"sipas/templates/i18n"
	"sipas/templates/layout"
	"sipas/templates/pages"
	"sipas/templates/ui"
)

// frameworksPath is the page of all frameworks.
const frameworksPath = "/admin/frameworks"

// draftBody is a form that holds the largest draft, each letter of it escaped.
const draftBody = 3*survey.MaxDraft + 64<<10

func frameworkPath(ref survey.FrameworkRef) string {
	return frameworksPath + "/" + url.PathEscape(ref.ID) + "/" + strconv.Itoa(ref.Version)
}

func draftPath(id string) string { return "/admin/drafts/" + url.PathEscape(id) }

// frameworkList shows what is published and what is being written.
func (s *Server) frameworkList(c *call) error {
	return s.frameworksPage(c, http.StatusOK, pages.CopyForm{}, "")
}

func (s *Server) frameworksPage(c *call, status int, form pages.CopyForm, from string) error {
	shell, waves, err := s.editorShell(c, frameworksPath)
	if err != nil {
		return err
	}
	refs, err := s.store.FrameworkRefs(c.ctx())
	if err != nil {
		return err
	}
	v := pages.FrameworksView{Shell: shell}
	form.Action = frameworksPath
	for _, ref := range refs {
		f, err := s.framework(c.ctx(), ref)
		if err != nil {
			return err
		}
		row := pages.FrameworkRow{
			Name: f.Title.In(c.lang), Ref: ref.String(), Href: frameworkPath(ref), Shipped: isShipped(ref.ID), Unofficial: f.Unofficial,
			Indicators: len(f.Root.Leaves()),
		}
		for _, w := range waves {
			if slices.Contains(w.Frameworks, ref) {
				row.Waves = append(row.Waves, w.Title.In(c.lang))
			}
		}
		v.Rows = append(v.Rows, row)
		form.From = append(form.From, layout.Choice{Value: ref.String(), Label: row.Name + " (" + row.Ref + ")", Selected: ref.String() == from})
	}
	// The office's own first, then those in use.
	slices.SortStableFunc(v.Rows, func(a, b pages.FrameworkRow) int {
		rank := func(r pages.FrameworkRow) int {
			switch {
			case !r.Shipped:
				return 0
			case len(r.Waves) > 0:
				return 1
			}
			return 2
		}
		return rank(a) - rank(b)
	})
	drafts, err := s.store.Drafts(c.ctx())
	if err != nil {
		return err
	}
	for _, d := range drafts {
		row := pages.DraftRow{Name: d.ID, ID: d.ID, Href: draftPath(d.ID), By: d.By, Changed: d.Changed.In(survey.Zone)}
		if f, faults, err := survey.ParseDraft(d.Document); err == nil {
			row.Faults = len(faults)
			if name := f.Title.In(c.lang); name != "" {
				row.Name = name
			}
		}
		v.Drafts = append(v.Drafts, row)
	}
	v.Copy = form
	return c.page(status, pages.Frameworks(v))
}

// editorShell is the frame of the pages of frameworks. A page that is the answer to a form cannot be asked for again, so the
// languages lead to the path.
func (s *Server) editorShell(c *call, path string) (layout.Staff, []*survey.Wave, error) {
	latest, waves, err := s.latestWave(c.ctx())
	if err != nil {
		return layout.Staff{}, nil, err
	}
	place := "frameworks"
	if c.actor.Can(survey.ActManage) {
		place = "admin"
	}
	shell := s.staffShell(c, place, latest)
	if c.request().Method != http.MethodGet {
		shell.Languages = languagesOf(c, path)
	}
	return shell, waves, nil
}

func isShipped(id string) bool { return slices.Contains(data.Frameworks(), id) }

// frameworkShow shows one published version.
func (s *Server) frameworkShow(c *call) error {
	version, err := strconv.Atoi(c.param("version"))
	ref := survey.FrameworkRef{ID: c.param("id"), Version: version}
	if err != nil {
		return survey.Errorf(survey.CodeNotFound, "show framework", "no version %q", c.param("version"))
	}
	f, err := s.framework(c.ctx(), ref)
	if err != nil {
		return err
	}
	shell, _, err := s.editorShell(c, frameworkPath(ref))
	if err != nil {
		return err
	}
	doc, err := f.Document()
	if err != nil {
		return err
	}
	form := pages.CopyForm{Action: frameworksPath, From: []layout.Choice{{Value: ref.String(), Label: f.Title.In(c.lang), Selected: true}}}
	if !isShipped(f.ID) {
		form.ID = f.ID
	}
	return c.page(http.StatusOK, pages.Framework(pages.FrameworkView{
		Shell: shell, Name: f.Title.In(c.lang), Ref: ref.String(), Source: i18n.SourceText(c.lang, f), Unofficial: f.Unofficial, BackHref: frameworksPath,
		Rows: nodeRows(f, c.lang), JSON: string(doc), Copy: form,
	}))
}

var draftID = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)

// frameworkCopy makes a draft of a published framework under an id of the office's own.
func (s *Server) frameworkCopy(c *call) error {
	const op = "copy framework"
	if err := c.request().ParseForm(); err != nil {
		return badForm(op, err)
	}
	form := c.request().PostForm
	v := pages.CopyForm{ID: strings.TrimSpace(form.Get("id"))}
	wrong := func(text string) { v.Errors = append(v.Errors, ui.FieldError{ID: "copy-id", Text: text}) }
	id, number, _ := strings.Cut(form.Get("from"), "/")
	version, err := strconv.Atoi(number)
	if err != nil {
		return survey.Errorf(survey.CodeNotFound, op, "no framework %q", form.Get("from"))
	}
	f, err := s.store.Framework(c.ctx(), survey.FrameworkRef{ID: id, Version: version})
	if err != nil {
		return err
	}
	switch {
	case !draftID.MatchString(v.ID):
		wrong(i18n.T(c.lang, "framework.id_bad"))
	case isShipped(v.ID):
		wrong(i18n.T(c.lang, "framework.id_shipped", "id", v.ID))
	default:
		next, err := s.nextVersion(c.ctx(), v.ID)
		if err != nil {
			return err
		}
		f.ID, f.Version = v.ID, next
		doc, err := f.Document()
		if err != nil {
			return err
		}
		_, err = s.store.SaveDraft(c.ctx(), c.actor, survey.Draft{ID: v.ID, Document: doc})
		if err == nil {
			return c.redirect(draftPath(v.ID))
		}
		if !survey.IsCode(err, survey.CodeConflict) {
			return err
		}
		wrong(i18n.T(c.lang, "framework.id_draft", "id", v.ID))
	}
	return s.frameworksPage(c, http.StatusUnprocessableEntity, v, form.Get("from"))
}

// nextVersion is the version that a framework of an id would have.
func (s *Server) nextVersion(ctx context.Context, id string) (int, error) {
	refs, err := s.store.FrameworkRefs(ctx)
	if err != nil {
		return 0, err
	}
	next := 1
	for _, ref := range refs {
		if ref.ID == id {
			next = max(next, ref.Version+1)
		}
	}
	return next, nil
}

// nodeRows lays a tree out as rows, in its order.
func nodeRows(f *survey.Framework, l survey.Lang) []pages.NodeRow {
	var rows []pages.NodeRow
	f.Walk(func(n *survey.Node, above []*survey.Node) {
		row := pages.NodeRow{
			Depth: len(above), Code: n.Code, Name: n.Label.In(l), Kind: kindWord(l, string(n.Kind)), How: howOf(n, l), Scale: scaleOf(n.Nominal, l),
		}
		if len(above) > 0 && n.Coefficient != 0 {
			row.Weight = digitsOf(l, n.Coefficient)
		}
		rows = append(rows, row)
	})
	return rows
}

// wordOf is the word of a choice, or the choice as it is written where there is none.
func wordOf(l survey.Lang, key, choice string) string {
	if choice != "" && i18n.Has(l, key) {
		return i18n.T(l, key)
	}
	return choice
}

// The words of what a node's form offers to choose from.
func kindWord(l survey.Lang, c string) string      { return wordOf(l, "framework.kind."+c, c) }
func combineWord(l survey.Lang, c string) string   { return wordOf(l, "framework.combine."+c, c) }
func missingWord(l survey.Lang, c string) string   { return wordOf(l, "framework.missing."+c, c) }
func roundingWord(l survey.Lang, c string) string  { return wordOf(l, "framework.rounding."+c, c) }
func valueWord(l survey.Lang, c string) string     { return wordOf(l, "framework.value."+c, c) }
func directionWord(l survey.Lang, c string) string { return wordOf(l, "framework.direction."+c, c) }
func sourceWord(l survey.Lang, c string) string    { return wordOf(l, "assessment.points_from."+c, c) }

// howOf says in a few words how a node comes about.
func howOf(n *survey.Node, l survey.Lang) string {
	var parts []string
	switch v := n.Value; {
	case v == nil:
		parts = append(parts, combineWord(l, string(n.Combine)))
	default:
		parts = append(parts, valueWord(l, v.Kind))
		if items := slices.Concat(v.Items, []string{v.Item}); strings.Join(items, "") != "" {
			parts = append(parts, strings.Trim(strings.Join(items, " "), " "))
		}
		if v.Bounds != nil {
			parts = append(parts, scaleOf(v.Bounds, l))
		}
	}
	return strings.Join(parts, " · ")
}

func scaleOf(b *survey.Bounds, l survey.Lang) string {
	if b == nil {
		return ""
	}
	return digitsOf(l, b.Min) + "–" + digitsOf(l, b.Max)
}

// digitsOf writes all digits of a number of a document.
func digitsOf(l survey.Lang, x float64) string {
	text := strconv.FormatFloat(x, 'f', -1, 64)
	_, fraction, _ := strings.Cut(text, ".")
	return i18n.Number(l, x, len(fraction))
}

// faultText says what is wrong and what to do.
func faultText(l survey.Lang, f survey.Fault) string {
	args := make([]any, 0, 2*len(f.Params))
	plain := strings.NewReplacer("-Inf", "−∞", "+Inf", "∞", " to ", "–")
	for k, v := range f.Params {
		args = append(args, k, plain.Replace(v))
	}
	return i18n.T(l, "fault."+string(f.Code), args...)
}

// faultsOf are all that keeps a draft from being published, and what its author should look at: indicators that are bound to an item
// that no published questionnaire asks, which can still be a column of a file.
func (s *Server) faultsOf(ctx context.Context, f *survey.Framework, faults survey.Faults) (survey.Faults, survey.Faults, string, error) {
	problem := ""
	if len(faults) == 0 {
		if _, err := report.NewScorer(f); err != nil {
			if found := faultsIn(err); len(found) > 0 {
				faults = found
			} else {
				problem = err.Error()
			}
		}
	}
	refs, err := s.store.InstrumentRefs(ctx)
	if err != nil {
		return nil, nil, "", err
	}
	asked := map[string]bool{}
	for _, ref := range refs {
		in, err := s.instrument(ctx, ref)
		if err != nil {
			return nil, nil, "", err
		}
		for _, it := range in.Items {
			asked[it.Code] = true
		}
	}
	return faults, f.Unasked(func(item string) bool { return item == "" || asked[item] }), problem, nil
}
