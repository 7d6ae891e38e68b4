package pages

import "sipas/templates/i18n"

// SaidDid is last month's "you said, we did", in one language.
type SaidDid struct {
	Said string
	Did  string
}

// KioskView is the one page of the kiosk. It is drawn in every language at once;
// the script shows one. Times are in seconds.
type KioskView struct {
	Lang          i18n.Lang            // the language before anybody chose one
	Office        map[i18n.Lang]string // who asks
	Point         string               // the name of this kiosk; may be empty
	StartPath     string               // POST, KioskStartRequest → KioskStartReply
	AnswersPath   string               // POST, KioskAnswersRequest → KioskAnswersReply
	AsksForCode   bool                 // offer the field for the code on the receipt
	Heard         map[i18n.Lang]SaidDid
	CommentMax    int
	IdleSeconds   int // quiet before "still there?"; 0 means 45
	WarnSeconds   int // to answer it; 0 means 20
	ThanksSeconds int // the thanks stay; 0 means 6
	// Closed says why no answer can be given now (a survey.Code such as
	// "wave_not_open"); empty when the kiosk is open.
	Closed string
}

// KioskStartRequest opens a questionnaire. Token is the code on the receipt, as
// typed or scanned; empty for a walk-in.
type KioskStartRequest struct {
	Language string `json:"language"`
	Token    string `json:"token,omitempty"`
}

// KioskStartReply is the questionnaire that the server drew. An answer with a
// token has no id here: the page sends the token again and the server makes the id.
type KioskStartReply struct {
	ID       string      `json:"id,omitempty"`
	Ticket   string      `json:"ticket,omitempty"` // sealed by the server (instrument, module, …); sent back unread
	Revision int         `json:"revision"`         // the last revision the server has; 0 for none
	Items    []KioskItem `json:"items"`            // in the order to ask them
	Comment  bool        `json:"comment"`          // whether to ask for a comment last
	Error    *KioskError `json:"error,omitempty"`
}

// KioskItem is one question in every language ("vi", "en", "zh").
type KioskItem struct {
	Code     string            `json:"code"`
	Required bool              `json:"required"`
	Text     map[string]string `json:"text"`
	Options  []KioskOption     `json:"options"` // best first, then those without an opinion (negative codes)
}

// KioskOption is one answer. Face is 1 to 5 (5 the best) or 0 for words only.
type KioskOption struct {
	Code int               `json:"code"`
	Face int               `json:"face,omitempty"`
	Text map[string]string `json:"text"`
}

// KioskAnswersRequest holds all that is answered so far under one id. Revision
// rises with each sending; disposition is "partial", "complete", "timed_out" or "refused".
type KioskAnswersRequest struct {
	ID          string         `json:"id,omitempty"`
	Token       string         `json:"token,omitempty"`
	Ticket      string         `json:"ticket,omitempty"`
	Revision    int            `json:"revision"`
	Answers     map[string]int `json:"answers"`
	Disposition string         `json:"disposition"`
	Language    string         `json:"language"`
	Comment     string         `json:"comment,omitempty"`
}

// KioskAnswersReply says that the answer is on disk.
type KioskAnswersReply struct {
	Revision int         `json:"revision"` // the highest revision that the server now has
	Error    *KioskError `json:"error,omitempty"`
}

// KioskError is an error for the page. Code is a survey.Code as text. The script has
// words for what a citizen may meet; all else is told as "try again".
type KioskError struct {
	Code    string `json:"code"`
	Message string `json:"message,omitempty"`
}
