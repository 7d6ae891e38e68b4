package web

import (
	"context"
	"crypto/hmac"
	"errors"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"sipas/survey"
	"sipas/templates/i18n"
	"sipas/templates/layout"
	"sipas/templates/pages"
)

// invitee is who a link was made for: all that the server may know of them.
type invitee struct {
	token   survey.Token
	class   survey.ClassID
	wave    *survey.Wave
	key     survey.WaveKey
	in      *survey.Instrument
	modules []string
}

// longestToken bounds what is looked up: a token typed with spaces, or a whole pasted link.
const longestToken = 200

// invited finds out where a link leads. It changes nothing and does not look whether the link was used. What is no token at all is
// looked up like any other, so that it takes as long and reads the same.
func (s *Server) invited(c *call, raw string, mode survey.Mode) (*invitee, error) {
	const op = "open link"
	if len(raw) > longestToken {
		raw = raw[:longestToken]
	}
	token, ok := survey.ParseToken(raw)
	if !ok {
		token = survey.Token(raw)
	}
	c.secret(raw, string(token), string(token.Hash()))
	inv, err := s.store.Invitation(c.ctx(), token.Hash())
	if err != nil {
		return nil, s.guessed(err)
	}
	w, err := s.store.Wave(c.ctx(), inv.Wave)
	if err != nil {
		return nil, err
	}
	if w.State == survey.WaveClosed {
		return nil, &survey.Error{Code: survey.CodeWaveClosed, Op: op}
	}
	key, err := s.keys.Key(w.ID)
	if err != nil {
		return nil, err
	}
	in, err := s.waveInstrument(c.ctx(), w, mode)
	if err != nil {
		return nil, err
	}
	c.secret(string(key.ResponseID(token)))
	return &invitee{
		token: token, class: inv.Class, wave: w, key: key, in: in, modules: in.DrawModules(key.ModuleDraw(token)),
	}, nil
}

// form shows the questionnaire of a link.
func (s *Server) form(c *call) error {
	if err := s.limited(s.limits.open, "open link", tokenKey(c.param("token"))); err != nil {
		return err
	}
	who, err := s.invited(c, c.param("token"), survey.ModeWeb)
	if err != nil {
		return s.linkProblem(c, err)
	}
	v, err := s.formView(c, who, survey.Submission{}, nil)
	if err != nil {
		return err
	}
	return c.page(http.StatusOK, pages.Form(v))
}

// formSend takes the answers of a link. Sending the same again is thanked again.
func (s *Server) formSend(c *call) error {
	if err := s.limited(s.limits.send, "send answers", tokenKey(c.param("token"))); err != nil {
		return err
	}
	if err := c.request().ParseForm(); err != nil {
		return badForm("send answers", err)
	}
	who, err := s.invited(c, c.param("token"), survey.ModeWeb)
	if err != nil {
		return s.linkProblem(c, err)
	}
	sent := decodeForm(c.request().PostForm, c.lang)
	c.secret(sent.Comment)
	c.lang = sent.Language // the form speaks the language that it was filled in
	if show, ok := survey.ParseLang(c.request().PostForm.Get("show")); ok {
		return s.formIn(c, who, sent, show)
	}
	checked, err := survey.CheckSubmission(who.in, who.modules, sent)
	var faults survey.FieldErrors
	if errors.As(err, &faults) {
		return s.formAgain(c, who, sent, faults)
	}
	if err != nil {
		return err
	}
	receipt, err := s.saveForm(c.ctx(), who, checked)
	if err != nil {
		return s.linkProblem(c, err)
	}
	return s.thank(c, who, receipt)
}

// thank says thank you, and offers to withdraw the answer. It is the answer to the sending itself: the receipt stands in no address, which the
// browser's history and the logs of others keep, and closing the page is the end of it.
func (s *Server) thank(c *call, who *invitee, receipt string) error {
	c.secret(receipt)
	return c.page(http.StatusOK, pages.Thanks(pages.ThanksView{
		Shell: s.citizenShell(c, ""), Receipt: receipt, Withdraw: "/s/" + string(who.token) + "/withdraw",
	}))
}

// formWithdraw takes an answer out again for who has its receipt. It answers alike whether there was one, so that nobody learns from it
// that a link was used, and without a receipt that fits it does nothing.
func (s *Server) formWithdraw(c *call) error {
	if err := s.limited(s.limits.send, "withdraw answers", tokenKey(c.param("token"))); err != nil {
		return err
	}
	if err := c.request().ParseForm(); err != nil {
		return badForm("withdraw answers", err)
	}
	receipt := c.request().PostForm.Get("receipt")
	c.secret(receipt)
	who, err := s.invited(c, c.param("token"), survey.ModeWeb)
	if err != nil {
		return s.linkProblem(c, err)
	}
	stored, err := s.store.Response(c.ctx(), who.key.ResponseID(who.token))
	if err == nil && hmac.Equal([]byte(receipt), []byte(who.key.Withdrawal(stored))) {
		err = s.store.WithdrawResponse(c.ctx(), stored.ID)
	}
	if err != nil && !survey.IsCode(err, survey.CodeNotFound) {
		return s.linkProblem(c, err)
	}
	return c.page(http.StatusOK, pages.Withdrawn(pages.WithdrawnView{Shell: s.citizenShell(c, "")}))
}

// tokenKey counts the calls of one link together, however it is written. It is a hash, so no list of links lies in the memory.
func tokenKey(raw string) string {
	token, ok := survey.ParseToken(raw)
	if !ok {
		return "" // what is no token shares one bucket
	}
	return string(token.Hash())
}

// notACode stands for something that is no number. No scale may offer it, so the check refuses it as an answer.
const notACode = math.MinInt32

// decodeForm reads a form's fields: "a.<item>", "comment" and "lang". An empty field is an open question.
func decodeForm(form url.Values, fallback survey.Lang) survey.Submission {
	sent := survey.Submission{Revision: 1, Disposition: survey.Complete, Language: fallback, Answers: map[string]int{}}
	if l, ok := survey.ParseLang(form.Get("lang")); ok {
		sent.Language = l
	}
	for field, values := range form {
		item, ok := strings.CutPrefix(field, "a.")
		if !ok || len(values) == 0 || values[0] == "" {
			continue
		}
		code, err := strconv.Atoi(values[0])
		if err != nil {
			code = notACode
		}
		sent.Answers[item] = code
	}
	sent.Comment = form.Get("comment")
	return sent
}

// triesToSave is how often a form is numbered anew when a draft from a kiosk gets in between.
const triesToSave = 3

// saveForm stores a complete answer exactly once. A form has no revision of its own: it follows the draft that a kiosk may have left
// under the same token, and is the same revision as a complete answer, so that it is either its repetition or a conflict.
func (s *Server) saveForm(ctx context.Context, who *invitee, sent survey.Submission) (receipt string, err error) {
	r := survey.Response{
		ID: who.key.ResponseID(who.token), Wave: who.wave.ID, Instrument: who.in.Ref(), Mode: survey.ModeWeb,
		Source: survey.Invited, Class: who.class, Language: sent.Language, Modules: who.modules,
		Disposition: sent.Disposition, Answers: sent.Answers,
	}
	r.ContentHash = who.key.ContentHash(&r, sent.Comment)
	for try := 1; ; try++ {
		r.Revision = 1
		stored, err := s.store.Response(ctx, r.ID)
		switch {
		case err == nil && stored.Disposition == survey.Complete:
			r.Revision = stored.Revision
		case err == nil:
			r.Revision = stored.Revision + 1
		case !survey.IsCode(err, survey.CodeNotFound):
			return "", err
		}
		_, err = s.store.SaveReceipt(ctx, survey.Receipt{Response: r, Comment: sent.Comment, Day: survey.DayOf(s.clock())})
		if survey.IsCode(err, survey.CodeResponseConflict) && try < triesToSave {
			continue
		}
		return who.key.Withdrawal(&r), err
	}
}

// linkProblem answers a link that cannot be answered: unknown, closed or used. Other errors go on.
func (s *Server) linkProblem(c *call, err error) error {
	shell := s.citizenShell(c, "")
	switch survey.CodeOf(err) {
	case survey.CodeTokenUnknown:
		return c.page(http.StatusNotFound, pages.Closed(pages.ClosedView{Shell: shell, Reason: "unknown"}))
	case survey.CodeWaveClosed:
		return c.page(http.StatusGone, pages.Closed(pages.ClosedView{Shell: shell, Reason: "closed"}))
	case survey.CodeResponseComplete, survey.CodeResponseConflict, survey.CodeTokenUsed:
		return c.page(http.StatusConflict, pages.Used(pages.UsedView{Shell: shell}))
	}
	return err
}

// formIn shows the form in another language with what was typed into it. Nothing is sent by that, and nothing stored.
func (s *Server) formIn(c *call, who *invitee, typed survey.Submission, l survey.Lang) error {
	c.lang = l
	s.rememberLanguage(c, l)
	v, err := s.formView(c, who, typed, nil)
	if err != nil {
		return err
	}
	return c.page(http.StatusOK, pages.Form(v))
}

// formAgain shows the form with what was typed and what is wrong with it. A fault in a field that the page does not have
// cannot be shown beside it: then the request was not made by the page.
func (s *Server) formAgain(c *call, who *invitee, sent survey.Submission, faults survey.FieldErrors) error {
	v, err := s.formView(c, who, sent, faults)
	if err != nil {
		return err
	}
	shown := 0
	for _, section := range v.Sections {
		for _, item := range section.Items {
			if item.ErrorCode != "" {
				shown++
			}
		}
	}
	if v.CommentError != "" {
		shown++
	}
	if shown == 0 {
		return faults[0].Err
	}
	return c.page(http.StatusUnprocessableEntity, pages.Form(v))
}

// formView lays the questionnaire out by its sections. Items that stand in none follow at the end.
func (s *Server) formView(c *call, who *invitee, sent survey.Submission, faults survey.FieldErrors) (pages.FormView, error) {
	units, err := s.unitDirectory(c.ctx())
	if err != nil {
		return pages.FormView{}, err
	}
	class, err := s.class(c.ctx(), who.wave.ID, who.class)
	if err != nil {
		return pages.FormView{}, err
	}
	codes := map[string]survey.Code{}
	for _, f := range faults {
		codes[f.Item] = f.Err.Code
	}
	v := pages.FormView{
		Shell: s.citizenShell(c, units.name(who.wave.Province, c.lang)), Action: "/s/" + string(who.token),
		Comment: sent.Comment, CommentError: string(codes["comment"]),
	}
	v.Shell.LanguageForm, v.Shell.Languages = pages.FormID, nil
	for _, l := range i18n.Languages() {
		v.Shell.Languages = append(v.Shell.Languages, layout.LanguageLink{Lang: l, Current: l == c.lang})
	}
	if u, ok := units.unit(survey.UnitID(class.Labels[survey.DimUnit])); ok {
		v.Unit = u.Name.In(c.lang)
	}
	if who.in.Comment != nil {
		v.CommentMax = who.in.Comment.Max
	}
	open := map[string]survey.Item{}
	asked := who.in.Asked(who.modules)
	for _, it := range asked {
		open[it.Code] = it
	}
	add := func(heading string, items []string) {
		section := pages.Section{Heading: heading}
		for _, code := range items {
			it, ok := open[code]
			if !ok {
				continue
			}
			delete(open, code)
			section.Items = append(section.Items, formItem(who.in, it, c.lang, sent, codes[code]))
		}
		if len(section.Items) > 0 {
			v.Sections = append(v.Sections, section)
		}
	}
	for _, sec := range who.in.Sections {
		add(sec.Title.In(c.lang), sec.Items)
	}
	rest := make([]string, len(asked))
	for i, it := range asked {
		rest[i] = it.Code
	}
	add(who.in.Title.In(c.lang), rest)
	return v, nil
}

func formItem(in *survey.Instrument, it survey.Item, l survey.Lang, sent survey.Submission, fault survey.Code) pages.Item {
	item := pages.Item{Code: it.Code, Text: it.Text.In(l), Required: it.Required, ErrorCode: string(fault)}
	if code, ok := sent.Answers[it.Code]; ok {
		item.Selected = strconv.Itoa(code)
	}
	scale, _ := in.Scale(it.Scale)
	for i, level := range scale.Levels {
		item.Options = append(item.Options, pages.Option{Code: level.Code, Text: level.Label.In(l), Face: face(scale, i)})
	}
	for _, level := range scale.Missing {
		item.Options = append(item.Options, pages.Option{Code: level.Code, Text: level.Label.In(l)})
	}
	return item
}

// face is the face, 5 the happiest, beside the i-th level of a scale that has faces; levels stand best first. 0 is none.
func face(scale survey.Scale, i int) int {
	last := len(scale.Levels) - 1
	if !scale.Faces || last < 1 {
		return 0
	}
	return 5 - int(math.Round(4*float64(i)/float64(last)))
}
