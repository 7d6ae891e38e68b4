package web

import (
	"encoding/json"
	"io"
	"mime"
	"net/http"

	"sipas/survey"
	"sipas/templates/i18n"
	"sipas/templates/pages"
)

// highestRevision bounds how often one sitting may send: after each tap, with Back and again, many times over.
const highestRevision = 1000

// pointOf returns the kiosk that a call comes from: the account's own, or in a demonstration the first there is.
func (s *Server) pointOf(c *call) (*survey.Point, error) {
	unknown := &survey.Error{Code: survey.CodePointUnknown, Op: "find kiosk"}
	if c.actor.Point != "" {
		p, err := s.store.Point(c.ctx(), c.actor.Point)
		if survey.IsCode(err, survey.CodeNotFound) || err == nil && p.Revoked {
			return nil, unknown
		}
		return p, err
	}
	if !s.cfg.DemoKiosk {
		return nil, unknown
	}
	all, err := s.store.Points(c.ctx())
	if err != nil {
		return nil, err
	}
	for i := range all {
		if !all[i].Revoked {
			return &all[i], nil
		}
	}
	return nil, unknown
}

// kiosk shows the page that fills a kiosk's screen. Where no answer can be given it says why, in the place of the questions.
func (s *Server) kiosk(c *call) error {
	v := pages.KioskView{Lang: c.lang, StartPath: "/kiosk/start", AnswersPath: "/kiosk/answers"}
	closed := func(err error) error {
		switch code := survey.CodeOf(err); code {
		case survey.CodePointUnknown, survey.CodeWaveClosed:
			v.Closed = string(code)
			return c.page(http.StatusOK, pages.Kiosk(v))
		}
		return err
	}
	p, err := s.pointOf(c)
	if err != nil {
		return closed(err)
	}
	w, in, err := s.openWave(c.ctx(), p.Unit, survey.ModeKiosk)
	if err != nil {
		return closed(err)
	}
	units, err := s.unitDirectory(c.ctx())
	if err != nil {
		return err
	}
	v.Point, v.AsksForCode = p.Name, true
	v.Office = map[i18n.Lang]string{}
	for _, l := range i18n.Languages() {
		v.Office[l] = units.name(w.Province, l)
	}
	if in.Comment != nil {
		v.CommentMax = in.Comment.Max
	}
	return c.page(http.StatusOK, pages.Kiosk(v))
}

// sitting is one answer at a kiosk, with a code or without.
type sitting struct {
	point *survey.Point
	who   *invitee // nil without a code
	id    survey.ResponseID
	wave  survey.WaveID
	key   survey.WaveKey
}

// draw returns the number by which the sitting's module is drawn. It depends on the id or the code alone, so loading the
// questionnaire again never draws again.
func (t *sitting) draw() float64 {
	if t.who != nil {
		return t.key.ModuleDraw(t.who.token)
	}
	return survey.ModuleDrawOf(t.id)
}

// kioskStart draws the questions of one answer. Whether a code was used is not looked at: only sending tells.
func (s *Server) kioskStart(c *call) error {
	var req pages.KioskStartRequest
	point, err := s.kioskCall(c, &req, func() string { return req.Language })
	if err != nil {
		return err
	}
	t := &sitting{point: point}
	var in *survey.Instrument
	base := 0
	if req.Token != "" {
		if t.who, err = s.invited(c, req.Token, survey.ModeKiosk); err != nil {
			return err
		}
		t.wave, t.key, t.id, in = t.who.wave.ID, t.who.key, t.who.key.ResponseID(t.who.token), t.who.in
		stored, err := s.store.Response(c.ctx(), t.id)
		switch {
		case err == nil:
			base = stored.Revision
		case !survey.IsCode(err, survey.CodeNotFound):
			return err
		}
	} else {
		var w *survey.Wave
		if w, in, err = s.openWave(c.ctx(), point.Unit, survey.ModeKiosk); err != nil {
			return err
		}
		if t.key, err = s.keys.Key(w.ID); err != nil {
			return err
		}
		t.wave, t.id = w.ID, survey.NewResponseID()
	}
	sealed, err := ticket{Instrument: in.Ref(), Base: base}.seal(t.key, t.wave, t.id)
	if err != nil {
		return err
	}
	reply := pages.KioskStartReply{Ticket: sealed, Items: kioskItems(in, in.DrawModules(t.draw())), Comment: in.Comment != nil}
	if t.who == nil {
		reply.ID = string(t.id)
	}
	return c.json(http.StatusOK, reply)
}

// kioskAnswers stores what is answered so far, and replies when it is on disk.
func (s *Server) kioskAnswers(c *call) error {
	const op = "send answers"
	var req pages.KioskAnswersRequest
	point, err := s.kioskCall(c, &req, func() string { return req.Language })
	if err != nil {
		return err
	}
	c.secret(req.Comment)
	t := &sitting{point: point}
	if t.wave, err = ticketWave(req.Ticket); err != nil {
		return err
	}
	if req.Revision < 1 || req.Revision > highestRevision {
		return survey.Errorf(survey.CodeBadRequest, op, "revision %d", req.Revision)
	}
	if req.Token != "" {
		if t.who, err = s.invited(c, req.Token, survey.ModeKiosk); err != nil {
			return err
		}
		if t.who.wave.ID != t.wave {
			return survey.Errorf(survey.CodeBadRequest, op, "the ticket is of another wave")
		}
		t.key, t.id = t.who.key, t.who.key.ResponseID(t.who.token)
	} else {
		id, ok := survey.ParseResponseID(req.ID)
		if !ok {
			return survey.Errorf(survey.CodeBadRequest, op, "neither an id nor a code")
		}
		t.id = id
		c.secret(string(id))
		if _, err := s.store.Wave(c.ctx(), t.wave); err != nil {
			return survey.Errorf(survey.CodeBadRequest, op, "%w", err)
		}
		if t.key, err = s.keys.Key(t.wave); err != nil {
			return err
		}
	}
	issued, err := openTicket(req.Ticket, t.key, t.id)
	if err != nil {
		return err
	}
	in, err := s.instrument(c.ctx(), issued.Instrument)
	if err != nil {
		return err
	}
	if err := s.saveSitting(c, t, in, issued.Base, req); err != nil {
		return err
	}
	return c.json(http.StatusOK, pages.KioskAnswersReply{Revision: req.Revision})
}

// saveSitting checks the answers against the questionnaire that was handed out, and stores them exactly once.
func (s *Server) saveSitting(c *call, t *sitting, in *survey.Instrument, base int, req pages.KioskAnswersRequest) error {
	modules := in.DrawModules(t.draw())
	sent, err := survey.CheckSubmission(in, modules, survey.Submission{
		Revision: req.Revision, Disposition: survey.Disposition(req.Disposition), Language: c.lang,
		Answers: req.Answers, Comment: req.Comment,
	})
	if err != nil {
		return err
	}
	now := s.clock()
	r := survey.Response{
		ID: t.id, Wave: t.wave, Instrument: in.Ref(), Mode: survey.ModeKiosk, Source: survey.WalkIn,
		Unit: t.point.Unit, Month: survey.DayOf(now).Month(), Language: sent.Language, Modules: modules,
		Revision: base + sent.Revision, Disposition: sent.Disposition, Answers: sent.Answers,
	}
	if r.Answers == nil {
		r.Answers = map[string]int{}
	}
	if t.who != nil {
		r.Source, r.Class, r.Unit, r.Month = survey.Invited, t.who.class, "", ""
	}
	r.ContentHash = t.key.ContentHash(&r, sent.Comment)
	_, err = s.store.SaveReceipt(c.ctx(), survey.Receipt{Response: r, Comment: sent.Comment, Point: t.point.ID, Day: survey.DayOf(now)})
	if t.who != nil && (survey.IsCode(err, survey.CodeResponseComplete) || survey.IsCode(err, survey.CodeResponseConflict)) {
		return &survey.Error{Code: survey.CodeTokenUsed, Op: "send answers", Err: err}
	}
	return err
}

// kioskCall does what every call of a kiosk's script begins with: which kiosk it is, not too often, and what it sent.
func (s *Server) kioskCall(c *call, into any, language func() string) (*survey.Point, error) {
	point, err := s.pointOf(c)
	if err != nil {
		return nil, err
	}
	if c.actor.Point != "" {
		if err := s.limited(s.limits.point, "answer at kiosk", string(point.ID)); err != nil {
			return nil, err
		}
	}
	if err := decodeJSON(c.request(), into); err != nil {
		return nil, err
	}
	l, ok := survey.ParseLang(language())
	if !ok {
		return nil, survey.Errorf(survey.CodeBadRequest, "read request", "no language of ours")
	}
	c.lang = l
	return point, nil
}

// decodeJSON reads one JSON object and nothing behind it. A form of another site cannot send this content type unasked.
func decodeJSON(r *http.Request, into any) error {
	const op = "read request"
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return survey.Errorf(survey.CodeBadRequest, op, "the body is not declared as JSON")
	}
	d := json.NewDecoder(r.Body)
	if err := d.Decode(into); err != nil {
		return survey.Errorf(survey.CodeBadRequest, op, "%w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return survey.Errorf(survey.CodeBadRequest, op, "text after the object: %w", err)
	}
	return nil
}

// kioskItems lists the questions in every language, so that the language can change half-way.
func kioskItems(in *survey.Instrument, modules []string) []pages.KioskItem {
	asked := in.Asked(modules)
	items := make([]pages.KioskItem, 0, len(asked))
	for _, it := range asked {
		item := pages.KioskItem{Code: it.Code, Required: it.Required, Text: inEvery(it.Text)}
		scale, _ := in.Scale(it.Scale)
		for i, level := range scale.Levels {
			item.Options = append(item.Options, pages.KioskOption{Code: level.Code, Face: face(scale, i), Text: inEvery(level.Label)})
		}
		for _, level := range scale.Missing {
			item.Options = append(item.Options, pages.KioskOption{Code: level.Code, Text: inEvery(level.Label)})
		}
		items = append(items, item)
	}
	return items
}

func inEvery(t survey.Text) map[string]string {
	all := make(map[string]string, len(survey.Languages()))
	for _, l := range survey.Languages() {
		all[string(l)] = t.In(l)
	}
	return all
}

// receiptCode is the word by which a kiosk's script knows what is wrong with the code of a receipt.
func receiptCode(code survey.Code) string {
	switch code {
	case survey.CodeTokenUnknown:
		return "unknown"
	case survey.CodeTokenUsed:
		return "used"
	case survey.CodeWaveClosed, survey.CodeKeyMissing:
		return "closed"
	}
	return string(code)
}
