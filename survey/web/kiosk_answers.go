package web

import (
	"context"
	"errors"
	"net/http"
	"time"

	"sipas/survey"
)

const (
	// highestRevision bounds how often one sitting may change: after each tap, with Back and again, many times over.
	highestRevision = 10_000
	// mostSeq bounds the numbers of a queue. A kiosk that takes an answer every ten seconds for ten years stays below.
	mostSeq = 100_000_000
	// longestSealed bounds one sealed answer in letters of base64url: the longest remark and every question, many times over.
	longestSealed = 48 << 10
	// longestTook is an hour: nobody stands at a kiosk for longer.
	longestTook = 60 * 60
)

// envelope is a sealed answer whose outside is sound.
type envelope struct {
	delivery survey.Delivery
	sent     int64
	key      string
	sealed   []byte
}

// kioskAnswers takes one sealed answer, and replies when it is on disk. Before a final refusal is told it is noted: a number that
// arrived is not missing, whatever came of it.
func (s *Server) kioskAnswers(c *call) error {
	d, err := s.device(c)
	if err != nil {
		return err
	}
	if err := s.limited(s.limits.device, "send answers", string(d.ID)); err != nil {
		return err
	}
	var req KioskEnvelope
	if err := decodeJSON(c.request(), &req); err != nil {
		return err
	}
	e, err := openEnvelope(req, d.ID)
	if err != nil {
		return err
	}
	reply, err := s.receive(c, d, e)
	if err != nil && final(err) {
		if noted := s.store.RefuseDelivery(context.WithoutCancel(c.ctx()), e.delivery, normal(err).Code); noted != nil {
			return survey.Errorf(survey.CodeUnavailable, "note refusal", "%w", errors.Join(noted, err))
		}
	}
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, reply)
}

// openEnvelope checks the outside of a sealed answer.
func openEnvelope(req KioskEnvelope, device survey.DeviceID) (envelope, error) {
	bad := func(format string, args ...any) (envelope, error) {
		return envelope{}, survey.Errorf(survey.CodeBadRequest, "read envelope", format, args...)
	}
	queue, ok := survey.ParseQueueID(req.Queue)
	if !ok || string(queue) != req.Queue {
		return bad("the queue has no id of ours")
	}
	if req.Seq < 1 || req.Seq > mostSeq {
		return bad("number %d", req.Seq)
	}
	if len(req.Key) > longestWord || len(req.Sealed) > longestSealed {
		return bad("key of %d letters, seal of %d", len(req.Key), len(req.Sealed))
	}
	e := envelope{delivery: survey.Delivery{Device: device, Queue: queue, Seq: req.Seq}, sent: req.Sent, key: req.Key}
	// What is no base64url is a damaged seal, and said to be one when it is opened.
	e.sealed, _ = strictSeal.DecodeString(req.Sealed)
	return e, nil
}

// receive opens a sealed answer, checks it and stores it.
func (s *Server) receive(c *call, d *kioskDevice, e envelope) (*KioskReceived, error) {
	a, err := s.unseal(e)
	if err != nil {
		return nil, err
	}
	c.secret(a.ID, a.Token, a.Comment)
	reply, err := s.accept(c, d, e, a)
	if survey.IsCode(err, survey.CodeBadRequest) {
		// The outside of the envelope was sound; nothing that the device could send again would make the inside better.
		return nil, survey.Errorf(survey.CodeSealUnreadable, "read answer", "%w", err)
	}
	return reply, err
}

// unseal opens a sealed answer.
func (s *Server) unseal(e envelope) (*KioskAnswer, error) {
	aad := KioskSealContext(string(e.delivery.Queue), e.delivery.Seq)
	text, err := s.seals.Open(e.key, e.sealed, aad)
	if err != nil {
		return nil, err
	}
	return readAnswer(text)
}

// readAnswer reads what was sealed. What cannot be read at all was not written by a kiosk of ours.
func readAnswer(text []byte) (*KioskAnswer, error) {
	const op = "read answer"
	a := new(KioskAnswer)
	if err := decodeObject(text, a); err != nil {
		// The fault may quote the answer, so it is not told.
		return nil, survey.Errorf(survey.CodeSealUnreadable, op, "%d bytes are no answer", len(text))
	}
	if id, ok := survey.ParseResponseID(a.ID); !ok || string(id) != a.ID {
		return nil, survey.Errorf(survey.CodeSealUnreadable, op, "the sitting has no id of ours")
	}
	if a.Revision < 1 || a.Revision > highestRevision {
		return nil, survey.Errorf(survey.CodeSealUnreadable, op, "revision %d", a.Revision)
	}
	if a.Disposition == survey.Failed {
		return nil, survey.Errorf(survey.CodeSealUnreadable, op, "a kiosk does not say that it failed")
	}
	if len(a.Token) > longestToken {
		a.Token = a.Token[:longestToken]
	}
	a.Took = between(a.Took, 0, longestTook)
	return a, nil
}

// accept checks an answer against the questionnaire that it names, and stores it exactly once.
func (s *Server) accept(c *call, d *kioskDevice, e envelope, a *KioskAnswer) (*KioskReceived, error) {
	const op = "send answers"
	w, err := s.kioskWave(c.ctx(), a.Wave)
	if err != nil {
		return nil, err
	}
	in, err := s.kioskInstrumentOf(c.ctx(), w, a.Instrument)
	if err != nil {
		return nil, err
	}
	id := survey.ResponseID(a.ID)
	// The server draws by itself, by the sitting's id and never by the token: who holds the list of tokens must not be able to
	// tell the answers apart by their modules.
	modules := in.DrawModules(survey.ModuleDrawOf(id))
	sent, err := survey.CheckSubmission(in, modules, survey.Submission{
		Revision: a.Revision, Disposition: a.Disposition, Language: a.Language, Answers: a.Answers, Comment: a.Comment,
	})
	if err != nil {
		return nil, err
	}
	key, err := s.held.Key(w.ID)
	if err != nil {
		return nil, err
	}
	now := s.clock()
	given := answeredAt(a.At, e.sent, now, d.Enrolled)
	day := survey.DayOf(given)
	r := survey.Response{
		ID: id, Wave: w.ID, Instrument: in.Ref(), Mode: survey.ModeKiosk, Source: survey.WalkIn,
		Unit: d.point.Unit, Month: day.Month(), Language: sent.Language, Modules: modules,
		Revision: sent.Revision, Disposition: sent.Disposition, Answers: sent.Answers,
	}
	if r.Answers == nil {
		r.Answers = map[string]int{}
	}
	invited, err := s.kioskToken(c, w, a.Token)
	if err != nil {
		return nil, err
	}
	if invited != nil {
		r.ID, r.Source, r.Class, r.Unit, r.Month = key.ResponseID(invited.token), survey.Invited, invited.class, "", ""
		c.secret(string(r.ID))
		if r.Disposition != survey.Complete {
			r.Sitting = a.ID
		}
	}
	r.ContentHash = key.ContentHash(&r, sent.Comment)
	receipt := survey.Receipt{Response: r, Comment: sent.Comment, Point: d.Point, Day: day, Delivery: &e.delivery}
	receipt.Signals = s.detector.Judge(survey.Sitting{
		Point: d.Point, Delivery: e.delivery, Revision: r.Revision, Instrument: in, Modules: modules, Answers: r.Answers,
		At: given, Took: time.Duration(a.Took) * time.Second,
	}, w.Rules.Gaming, now)
	outcome, err := s.store.SaveReceipt(c.ctx(), receipt)
	if invited != nil && survey.IsCode(err, survey.CodeResponseComplete) {
		return nil, &survey.Error{Code: survey.CodeTokenUsed, Op: op, Err: err}
	}
	if err != nil {
		return nil, err
	}
	return &KioskReceived{Outcome: outcome, As: r.Source}, nil
}

// kioskWave returns the wave that an answer names. One that is not there may come back with a better copy of the database, so the
// device is told to keep its answer.
func (s *Server) kioskWave(ctx context.Context, id survey.WaveID) (*survey.Wave, error) {
	const op = "find wave"
	w, err := s.recentWave(ctx, id)
	if survey.IsCode(err, survey.CodeNotFound) {
		return nil, survey.Errorf(survey.CodeUnavailable, op, "an answer names a wave that is not in the database: %w", err)
	}
	if err != nil {
		return nil, err
	}
	if w.State == survey.WaveClosed {
		return nil, &survey.Error{Code: survey.CodeWaveClosed, Op: op}
	}
	return w, nil
}

// kioskInstrumentOf returns the version that an answer names: any that was published of the questionnaire that the wave's kiosks ask.
func (s *Server) kioskInstrumentOf(ctx context.Context, w *survey.Wave, name string) (*survey.Instrument, error) {
	const op = "find questionnaire"
	ref, ok := survey.ParseInstrumentRef(name)
	if !ok {
		return nil, survey.Errorf(survey.CodeBadRequest, op, "no name of a questionnaire")
	}
	for _, used := range w.Instruments {
		if used.ID != ref.ID {
			continue
		}
		in, err := s.instrument(ctx, ref)
		if survey.IsCode(err, survey.CodeInstrumentUnknown) {
			// A version that was published after the copy of the database that now runs may come back, as a wave may.
			return nil, survey.Errorf(survey.CodeUnavailable, op, "an answer names a version that is not in the database: %w", err)
		}
		if err != nil {
			return nil, err
		}
		if in.Mode == survey.ModeKiosk {
			return in, nil
		}
	}
	return nil, survey.Errorf(survey.CodeInstrumentUnknown, op, "the kiosks of wave %s do not ask %s", w.ID, ref)
}

// holder is who a token was made for: all that the server may know.
type holder struct {
	token survey.Token
	class survey.ClassID
}

// kioskToken finds out whom a token invites to a wave: nobody when there is none, or when it leads nowhere. It was typed or scanned
// where nothing could check it, and a citizen's answer is not lost for a slip: it is kept as a walk-in.
func (s *Server) kioskToken(c *call, w *survey.Wave, raw string) (*holder, error) {
	token, ok := survey.ParseToken(raw)
	if !ok {
		return nil, nil
	}
	c.secret(string(token), string(token.Hash()))
	inv, err := s.store.Invitation(c.ctx(), token.Hash())
	if survey.IsCode(err, survey.CodeTokenUnknown) || err == nil && inv.Wave != w.ID {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := s.limited(s.limits.send, "send answers", string(token.Hash())); err != nil {
		return nil, err
	}
	return &holder{token: token, class: inv.Class}, nil
}

// answeredAt is when an answer was given, by the server's clock. at and sent are by the device's idea of it, in milliseconds: only their
// difference counts. It is not after now and not long before the device was enrolled, however wrong the device's clock is.
func answeredAt(at, sent int64, now, enrolled time.Time) time.Time {
	// Differences of any two numbers of 64 bits fit a float; what JavaScript can date is exact in it.
	waited := float64(sent) - float64(at)
	earliest := enrolled.Add(-beforeEnrolment)
	if !now.After(earliest) {
		return now
	}
	longest := float64(now.Sub(earliest).Milliseconds())
	return now.Add(-time.Duration(max(0, min(waited, longest))) * time.Millisecond)
}
