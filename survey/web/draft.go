package web

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"sipas/survey"
	"sipas/survey/export"
	"sipas/survey/report"
	"sipas/templates/i18n"
	"sipas/templates/pages"
)

func faultsIn(err error) survey.Faults {
	var faults survey.Faults
	errors.As(err, &faults)
	return faults
}

// editing is a draft with what came back of a form.
type editing struct {
	draft     *survey.Draft
	framework *survey.Framework
	faults    survey.Faults
	place     []int // of the node whose form is open
	open      bool
	typed     url.Values        // what was written into that form, where it could not be taken
	wrong     map[string]string // and why, by field
	refused   bool
	stale     bool        // somebody else changed the draft since the form was made: what was written stands over what they made of it
	names     survey.Text // what was written for the framework's names, where it could not be taken
	jsonText  string
	jsonError string
	preview   []pages.PreviewRow
	problem   string
}

// draft shows the editor.
func (s *Server) draft(c *call) error {
	e, err := s.openDraft(c)
	if err != nil {
		return err
	}
	if place := c.query("node"); place != "" {
		if e.place, e.open = parsePlace(place); !e.open {
			return survey.Errorf(survey.CodeNotFound, "edit draft", "no node %q", place)
		}
		if _, there := e.framework.At(e.place); !there {
			return survey.Errorf(survey.CodeNotFound, "edit draft", "no node %q", place)
		}
	}
	return s.draftPage(c, http.StatusOK, e)
}

func (s *Server) openDraft(c *call) (*editing, error) {
	d, err := s.store.Draft(c.ctx(), c.param("draft"))
	if err != nil {
		return nil, err
	}
	e := &editing{draft: d}
	e.framework, e.faults, err = survey.ParseDraft(d.Document)
	return e, err
}

// A place is written "0.2.1" with the root as "r".
func parsePlace(text string) ([]int, bool) {
	place := []int{}
	if text == "r" {
		return place, true
	}
	for _, part := range strings.Split(text, ".") {
		i, err := strconv.Atoi(part)
		if err != nil || len(place) > 64 {
			return nil, false
		}
		place = append(place, i)
	}
	return place, true
}

func placeText(place []int) string {
	if len(place) == 0 {
		return "r"
	}
	parts := make([]string, len(place))
	for i, p := range place {
		parts[i] = strconv.Itoa(p)
	}
	return strings.Join(parts, ".")
}

// maxTable is the largest table that is tried out.
const maxTable = 512 << 10

// draftChange does one thing to a draft: each button of the editor is a form of its own.
func (s *Server) draftChange(c *call) error {
	const op = "change draft"
	r := c.request()
	var err error
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
		err = r.ParseMultipartForm(maxTable)
	} else {
		err = r.ParseForm()
	}
	if err != nil {
		return badForm(op, err)
	}
	form := r.PostForm
	e, err := s.openDraft(c)
	if survey.IsCode(err, survey.CodeNotFound) && form.Get("op") == "publish" {
		return s.publishedAlready(c, form, err)
	}
	if err != nil {
		return err
	}
	if form.Get("revision") != strconv.Itoa(e.draft.Revision) {
		return s.draftStale(c, form)
	}
	e.place, e.open = parsePlace(form.Get("place"))
	err = s.draftAct(c, e, form)
	if survey.IsCode(err, survey.CodeConflict) {
		return s.draftStale(c, form) // somebody was faster by a moment
	}
	return err
}

// publishedAlready answers who presses twice: the first press published the version that the form speaks of, and took the draft away.
func (s *Server) publishedAlready(c *call, form url.Values, gone error) error {
	version, err := strconv.Atoi(form.Get("version"))
	if err != nil {
		return gone
	}
	f, err := s.framework(c.ctx(), survey.FrameworkRef{ID: c.param("draft"), Version: version})
	if err != nil {
		return gone
	}
	return c.redirect(frameworkPath(f.Ref()))
}

// draftStale shows the draft as somebody else left it, with what was written into the form that came too late. It can be sent again: the
// form has the new revision.
func (s *Server) draftStale(c *call, form url.Values) error {
	e, err := s.openDraft(c)
	if err != nil {
		return err
	}
	e.stale = true
	switch form.Get("op") {
	case "json":
		e.jsonText = form.Get("json")
	case "names":
		e.names = textOf(form, "name")
	case "node":
		// The place may be another node's by now, or nobody's; the code tells.
		place, ok := parsePlace(form.Get("place"))
		if n, there := e.framework.At(place); ok && there && n.Code == form.Get("of") {
			e.place, e.open, e.typed = place, true, form
		}
	}
	return s.draftPage(c, http.StatusConflict, e)
}

// draftAct does what the button of a form says.
func (s *Server) draftAct(c *call, e *editing, form url.Values) error {
	const op = "change draft"
	var err error
	switch form.Get("op") {
	case "node":
		return s.draftNode(c, e, form)
	case "names":
		e.framework.Title, e.open = textOf(form, "name"), false
		return s.saveDraft(c, e)
	case "add":
		if e.place, err = e.framework.AddChild(e.place); err != nil {
			return err
		}
		return s.saveDraft(c, e)
	case "up", "down":
		by := map[string]int{"up": -1, "down": 1}[form.Get("op")]
		if e.place, err = e.framework.MoveNode(e.place, by); err != nil {
			return err
		}
		return s.saveDraft(c, e)
	case "remove":
		if err := e.framework.RemoveNode(e.place); err != nil {
			return err
		}
		e.open = false
		return s.saveDraft(c, e)
	case "json":
		return s.draftJSON(c, e, form.Get("json"))
	case "preview":
		return s.draftPreview(c, e)
	case "publish":
		return s.draftPublish(c, e)
	case "discard":
		if err := s.store.DropDraft(c.ctx(), c.actor, e.draft.ID, e.draft.Revision); err != nil {
			return err
		}
		return c.redirect(frameworksPath)
	}
	return survey.Errorf(survey.CodeBadRequest, op, "nothing is called %q", form.Get("op"))
}

// saveDraft stores the framework and shows the editor anew.
func (s *Server) saveDraft(c *call, e *editing) error {
	// The id is the draft's and the version comes with publishing: neither is a matter of the text.
	e.framework.ID = e.draft.ID
	next, err := s.nextVersion(c.ctx(), e.draft.ID)
	if err != nil {
		return err
	}
	e.framework.Version = next
	doc, err := e.framework.Document()
	if err != nil {
		return err
	}
	if _, _, err := survey.ParseDraft(doc); err != nil {
		return err
	}
	if _, err := s.store.SaveDraft(c.ctx(), c.actor, survey.Draft{ID: e.draft.ID, Revision: e.draft.Revision, Document: doc}); err != nil {
		return err
	}
	path := draftPath(e.draft.ID)
	if e.open {
		path += "?node=" + placeText(e.place) + "#node-form"
	}
	return c.redirect(path)
}

// draftNode takes a node's form.
func (s *Server) draftNode(c *call, e *editing, form url.Values) error {
	n, there := e.framework.At(e.place)
	if !e.open || !there {
		return survey.Errorf(survey.CodeNotFound, "change draft", "no node %q", form.Get("place"))
	}
	wrong := applyNode(n, form, c.lang)
	if len(wrong) == 0 {
		return s.saveDraft(c, e)
	}
	kept, err := s.openDraft(c)
	if err != nil {
		return err
	}
	kept.place, kept.open, kept.typed, kept.wrong = e.place, true, form, wrong
	return s.draftPage(c, http.StatusUnprocessableEntity, kept)
}

// draftJSON takes the whole text. What cannot be read is given back as it was written.
func (s *Server) draftJSON(c *call, e *editing, text string) error {
	f, _, err := survey.ParseDraft([]byte(text))
	if survey.IsCode(err, survey.CodeDocumentInvalid) {
		e.jsonText, e.jsonError, e.open = text, errors.Unwrap(err).Error(), false
		return s.draftPage(c, http.StatusUnprocessableEntity, e)
	}
	if err != nil {
		return err
	}
	e.framework, e.open = f, false
	return s.saveDraft(c, e)
}

// draftPublish makes the next version of a draft that nothing is wrong with.
func (s *Server) draftPublish(c *call, e *editing) error {
	faults, _, problem, err := s.faultsOf(c.ctx(), e.framework, e.faults)
	if err != nil {
		return err
	}
	if len(faults) > 0 || problem != "" {
		e.refused, e.open = true, false
		return s.draftPage(c, http.StatusUnprocessableEntity, e)
	}
	if e.framework.Version, err = s.nextVersion(c.ctx(), e.draft.ID); err != nil {
		return err
	}
	doc, err := e.framework.Document()
	if err != nil {
		return err
	}
	f, err := s.store.PublishDraft(c.ctx(), c.actor, e.draft.ID, e.draft.Revision, doc)
	if err != nil {
		return err
	}
	return c.redirect(frameworkPath(f.Ref()))
}

// draftPreview computes the draft on a table that is not kept.
func (s *Server) draftPreview(c *call, e *editing) error {
	file, head, err := c.request().FormFile("table")
	if err != nil {
		return badForm("preview draft", err)
	}
	defer func() { _ = file.Close() }()
	e.open = false
	if head.Size > maxTable {
		return survey.Errorf(survey.CodeTooLarge, "preview draft", "%d bytes", head.Size)
	}
	if e.preview, err = preview(e.framework, file, c.lang); err != nil {
		e.problem = err.Error()
		return s.draftPage(c, http.StatusUnprocessableEntity, e)
	}
	return s.draftPage(c, http.StatusOK, e)
}

func preview(f *survey.Framework, table io.Reader, l survey.Lang) ([]pages.PreviewRow, error) {
	scorer, err := report.NewScorer(f)
	if err != nil {
		return nil, err
	}
	var columns []export.ValueColumn
	for _, col := range scorer.Columns() {
		columns = append(columns, export.ValueColumn{Name: col.Name, Bounds: col.Bounds, Words: col.Words, Also: col.Also})
	}
	t, bad, _, err := export.Values(table, "table.csv", export.ValueKey{Names: []string{"unit"}}, columns)
	if err != nil {
		return nil, err
	}
	plan := scorer.Plan(t.Columns)
	var rows []pages.PreviewRow
	for _, row := range t.Rows {
		readings, faults := plan.Read(report.TableRow{Numbers: row.Numbers, Words: row.Words})
		if len(faults) > 0 {
			bad = append(bad, t.Fault(row.Line, faults[0].Column, faults[0].Value, faults[0].Reason))
			continue
		}
		score, err := scorer.Score(row.Key, readings)
		if err != nil {
			return nil, err
		}
		out := pages.PreviewRow{Unit: row.Key, Total: i18n.Unknown}
		if score.Total != nil {
			out.Total = i18n.Number(l, *score.Total, max(f.Decimals, pointDecimals))
		}
		if i := slices.IndexFunc(score.Nodes, func(n report.NodeScore) bool { return n.Code == f.Root.Code }); i >= 0 {
			out.Reason = i18n.Notes(l, score.Nodes[i].Because, i18n.NoteWords{})
		}
		rows = append(rows, out)
	}
	if len(bad) > 0 {
		return nil, errors.New(badLineText(l, bad[0]))
	}
	if len(rows) == 0 {
		return nil, errors.New(i18n.T(l, "framework.preview_empty"))
	}
	return rows, nil
}

// badLineText says which cell of a table is wrong, and why.
func badLineText(l survey.Lang, b export.BadLine) string {
	text := i18n.T(l, "table_fault.at", "line", b.Line)
	if b.Column != "" {
		text += ", " + i18n.T(l, "table_fault.column", "column", b.Column)
	}
	if b.Value != "" {
		text += ", “" + b.Value + "”"
	}
	key := "table_fault." + string(b.Reason)
	if !i18n.Has(l, key) {
		return text + ": " + b.Sentence() // of lines of other tables
	}
	var args []any
	for k, v := range b.Params {
		if k == "max" && strings.Trim(v, "-.0123456789") != "" {
			v = "∞" // it is said in words where there is no upper bound
		}
		args = append(args, k, v)
	}
	text += ": " + i18n.T(l, key, args...)
	if b.Params["hint"] != "" {
		text += " – " + i18n.T(l, "table_fault.per_cent")
	}
	return text
}

// draftPage shows the editor with what is wrong beside each node.
func (s *Server) draftPage(c *call, status int, e *editing) error {
	shell, _, err := s.editorShell(c, draftPath(e.draft.ID))
	if err != nil {
		return err
	}
	faults, remarks, problem, err := s.faultsOf(c.ctx(), e.framework, e.faults)
	if err != nil {
		return err
	}
	v := pages.DraftView{
		Shell: shell, ID: e.draft.ID, Name: e.framework.Title.In(c.lang), Revision: e.draft.Revision, Changed: e.draft.Changed.In(survey.Zone), By: e.draft.By,
		Action: draftPath(e.draft.ID), BackHref: frameworksPath, Refused: e.refused, Stale: e.stale, Count: len(faults),
		Names: textFields("name", e.framework.Title, c.lang), JSON: string(e.draft.Document), JSONError: e.jsonError, Preview: e.preview, Problem: e.problem,
	}
	if v.Name == "" {
		v.Name = e.draft.ID
	}
	if e.jsonText != "" {
		v.JSON, v.JSONOpen = e.jsonText, true
	}
	if e.names != nil {
		v.Names = textFields("name", e.names, c.lang)
	}
	if v.Next, err = s.nextVersion(c.ctx(), e.draft.ID); err != nil {
		return err
	}
	if problem != "" {
		v.Count++
		v.General = append(v.General, problem)
	}
	s.draftRows(c, e, &v, faults, remarks)
	if e.open {
		if v.Node, err = s.nodeForm(c, e, v.Rows); err != nil {
			return err
		}
		for _, f := range v.Node.Fields {
			if f.Error != "" {
				v.Errors = append(v.Errors, fieldError(f))
			}
		}
	}
	return c.page(status, pages.Draft(v))
}

// draftRows puts the faults beside the nodes that they concern, and the others first.
func (s *Server) draftRows(c *call, e *editing, v *pages.DraftView, faults, remarks survey.Faults) {
	v.Rows = nodeRows(e.framework, c.lang)
	at, path := map[string]int{}, make([]int, 0, 8)
	i := 0
	var walk func(n *survey.Node, codes string)
	walk = func(n *survey.Node, codes string) {
		codes += n.Code
		if _, taken := at[codes]; !taken {
			at[codes] = i
		}
		v.Rows[i].Href = draftPath(e.draft.ID) + "?node=" + placeText(path) + "#node-form"
		v.Rows[i].Current = e.open && slices.Equal(path, e.place)
		i++
		for k := range n.Children {
			path = append(path, k)
			walk(&n.Children[k], codes+"/")
			path = path[:len(path)-1]
		}
	}
	walk(&e.framework.Root, "")
	for _, f := range faults {
		if row, found := at[f.Path]; found {
			v.Rows[row].Faults = append(v.Rows[row].Faults, faultText(c.lang, f))
			continue
		}
		where := i18n.T(c.lang, "framework.document")
		if f.Path != "" {
			where = i18n.T(c.lang, "framework.at", "path", f.Path)
		}
		v.General = append(v.General, where+": "+faultText(c.lang, f))
	}
	for _, f := range remarks {
		if row, found := at[f.Path]; found {
			v.Rows[row].Remarks = append(v.Rows[row].Remarks, faultText(c.lang, f))
		}
	}
}
