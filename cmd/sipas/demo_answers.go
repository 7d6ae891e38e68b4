package main

import (
	"sipas/survey"
)

// Chances of how answering goes, in ten-thousandths. None of them depends on what would have been answered.
const (
	skipped   = 120 // an item is shown and left open
	broken    = 600 // the citizen stops before the end
	blank     = 150 // of those who stop, how many do so before the first answer: they are no respondents
	commented = 900 // a complete answer has a remark
	english   = 200
	chinese   = 150
	walkIns   = 2000 // answers at kiosks without a token
	cheered   = 5500 // a walk-in's poor answer is raised: who is angry does not stay to tap
)

// reply is what an invited applicant does: nothing, or an answer on one of the channels.
func (w *world) reply(d dice, transaction int) (survey.Mode, bool) {
	answers, web := d.hits(w.respond[transaction]), d.hits(w.web[transaction])
	if web {
		return survey.ModeWeb, answers
	}
	return survey.ModeKiosk, answers
}

// fillIn answers the questionnaire as the transaction's applicant would, given the modules that were drawn.
// Without remarks it draws nothing for them: the simulation has no use for words.
func (w *world) fillIn(d dice, transaction int, in *survey.Instrument, modules []string, remarks bool) survey.Submission {
	truth := &w.answers[transaction]
	return submit(d, in, modules, remarks, func(item int) int { return int(truth[item]) })
}

// walkIn answers at a kiosk without a token, as somebody like the transaction's applicant would who feels like it.
func (w *world) walkIn(d dice, transaction int, in *survey.Instrument, modules []string) survey.Submission {
	truth := &w.answers[transaction]
	return submit(d, in, modules, true, func(item int) int {
		code := int(truth[item])
		raised := d.hits(cheered)
		switch {
		case item < firstLaw && code >= 1 && code <= 3 && raised:
			return 4 + d.below(2)
		case item >= firstLaw && (code == 0 || code == 1) && raised:
			return code + 1
		}
		return code
	})
}

func submit(d dice, in *survey.Instrument, modules []string, remarks bool, truth func(item int) int) survey.Submission {
	s := survey.Submission{
		Revision: 1, Disposition: survey.Complete, Language: survey.Vietnamese, Answers: map[string]int{},
	}
	switch x := d.below(whole); {
	case x < english:
		s.Language = survey.English
	case x < english+chinese:
		s.Language = survey.Chinese
	}
	asked := in.Asked(modules)
	until := len(asked)
	if d.hits(broken) {
		s.Disposition = survey.Partial
		if in.Mode == survey.ModeKiosk {
			s.Disposition = survey.TimedOut
		}
		until = d.between(1, len(asked)-1)
		if d.hits(blank * whole / broken) {
			until = 0
		}
	}
	for _, it := range asked[:until] {
		code := truth(itemAt(it.Code))
		if !it.Required && d.hits(skipped) {
			code = survey.AnswerRefused
		}
		s.Answers[it.Code] = code
	}
	if remarks && s.Disposition == survey.Complete && d.hits(commented) {
		s.Comment = remarkFor(d, s.Language, s.Answers[in.RequiredItem()])
	}
	return s
}
