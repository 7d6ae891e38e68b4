package survey

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Code names one kind of failure. It is stable: machines read it, and the catalogues of
// text hold a sentence for people under "error.<code>".
type Code string

// The codes of the program.
const (
	CodeInternal          Code = "internal"           // the program's own fault
	CodeUnavailable       Code = "unavailable"        // busy, migrating or out of space: try again later
	CodeNotFound          Code = "not_found"          // there is no such thing
	CodeConflict          Code = "conflict"           // it exists already with other content
	CodeForbidden         Code = "forbidden"          // the account may not do this
	CodeUnauthenticated   Code = "unauthenticated"    // sign in first
	CodeBadCredentials    Code = "bad_credentials"    // name or password is wrong
	CodeTooManyAttempts   Code = "too_many_attempts"  // wait before trying again
	CodeCrossOrigin       Code = "cross_origin"       // the request came from another site
	CodeBadRequest        Code = "bad_request"        // the request cannot be read
	CodeTooLarge          Code = "too_large"          // the request is larger than any real one
	CodeTokenUnknown      Code = "token_unknown"      // the link is not one of ours
	CodeTokenUsed         Code = "token_used"         // the link was answered before
	CodeWaveClosed        Code = "wave_closed"        // the survey is over
	CodeWaveNotOpen       Code = "wave_not_open"      // the survey has not begun
	CodeResponseConflict  Code = "response_conflict"  // same revision, other content
	CodeResponseComplete  Code = "response_complete"  // a complete answer cannot be replaced
	CodeAnswerInvalid     Code = "answer_invalid"     // a code that the item does not offer
	CodeAnswerRequired    Code = "answer_required"    // the required question is open
	CodeItemUnknown       Code = "item_unknown"       // the questionnaire has no such item
	CodeItemNotAsked      Code = "item_not_asked"     // the item is in a module that was not drawn
	CodeInstrumentUnknown Code = "instrument_unknown" // no such questionnaire or version
	CodeCommentTooLong    Code = "comment_too_long"   // the remark is longer than asked for
	CodeImportRejected    Code = "import_rejected"    // lines of the file are bad; nothing was loaded
	CodeDocumentInvalid   Code = "document_invalid"   // a framework, instrument or wave file is not whole
	CodeNothingToInvite   Code = "nothing_to_invite"  // every transaction has been in a draw
	CodeRegisterEmpty     Code = "register_empty"     // the wave has no register yet
	CodeNoAnswers         Code = "no_answers"         // nothing to compute from
	CodeWeightingFailed   Code = "weighting_failed"   // the margins cannot be met
	CodePasswordWeak      Code = "password_weak"      // shorter than the minimum
	CodeNameTaken         Code = "name_taken"         // the account exists
	CodeDatabaseNewer     Code = "database_newer"     // made by a newer version of the program
	CodeDatabaseForeign   Code = "database_foreign"   // the file is not a sipas database
	CodeKeyMissing        Code = "key_missing"        // the wave's key is not beside the database
	CodeUnitUnknown       Code = "unit_unknown"       // no unit has this code at this date
	CodePointUnknown      Code = "point_unknown"      // no such kiosk
	CodeEnrolmentUnknown  Code = "enrolment_unknown"  // no such enrolment code, or it is used or too old
	CodeDeviceUnknown     Code = "device_unknown"     // the browser is not enrolled as a kiosk
	CodeDeviceRevoked     Code = "device_revoked"     // the kiosk's credential was revoked
	CodeSealUnreadable    Code = "seal_unreadable"    // the sealed answer is damaged or not for this server
	CodeReasonRequired    Code = "reason_required"    // a release takes the place of another one, and nobody says why
	CodeReleasedMeanwhile Code = "released_meanwhile" // somebody else published since the page was read
	CodeCriterionInvalid  Code = "criterion_invalid"  // no criterion of the framework, or points outside of its bounds
	CodeEvidenceKind      Code = "evidence_kind"      // a file of a kind that is not taken
	CodeEvidenceTooLarge  Code = "evidence_too_large" // a file beyond the limit
	CodeEvidenceEmpty     Code = "evidence_empty"     // a file with nothing in it
	CodeEvidenceFull      Code = "evidence_full"      // the assessment has as many files as it may
	CodeEvidenceTaken     Code = "evidence_taken"     // a file of the name is attached already, with other content
)

// Codes lists every code, so that a test can hold the catalogues of text against it.
func Codes() []Code {
	return []Code{
		CodeInternal, CodeUnavailable, CodeNotFound, CodeConflict, CodeForbidden, CodeUnauthenticated,
		CodeBadCredentials, CodeTooManyAttempts, CodeCrossOrigin, CodeBadRequest, CodeTooLarge, CodeTokenUnknown,
		CodeTokenUsed, CodeWaveClosed, CodeWaveNotOpen, CodeResponseConflict, CodeResponseComplete,
		CodeAnswerInvalid, CodeAnswerRequired, CodeItemUnknown, CodeItemNotAsked, CodeInstrumentUnknown,
		CodeCommentTooLong, CodeImportRejected, CodeDocumentInvalid, CodeNothingToInvite, CodeRegisterEmpty,
		CodeNoAnswers, CodeWeightingFailed, CodePasswordWeak, CodeNameTaken, CodeDatabaseNewer, CodeDatabaseForeign,
		CodeKeyMissing, CodeUnitUnknown, CodePointUnknown, CodeEnrolmentUnknown, CodeDeviceUnknown, CodeDeviceRevoked,
		CodeSealUnreadable, CodeReasonRequired, CodeReleasedMeanwhile, CodeCriterionInvalid, CodeEvidenceKind,
		CodeEvidenceTooLarge, CodeEvidenceEmpty, CodeEvidenceFull, CodeEvidenceTaken,
	}
}

// Error is a failure with a code for machines, details for the sentence that people read
// (the parameters of the catalogue's text), and a cause for the log.
type Error struct {
	Code   Code
	Op     string            // the operation, lower case: "save response"
	Params map[string]string // what the sentence names: {"item": "s24"}
	Err    error             // the cause; may be nil
}

// Errorf returns an Error whose cause is a formatted text; %w wraps.
func Errorf(code Code, op, format string, args ...any) *Error {
	return &Error{Code: code, Op: op, Err: fmt.Errorf(format, args...)}
}

// Error gives operation, code, parameters and cause, for the log and the command line.
func (e *Error) Error() string {
	s := string(e.Code)
	if e.Op != "" {
		s = e.Op + ": " + s
	}
	for _, k := range slices.Sorted(maps.Keys(e.Params)) {
		s += fmt.Sprintf(" %s=%q", k, e.Params[k])
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// With returns the error with one more parameter for its sentence.
func (e *Error) With(key, value string) *Error {
	c := *e
	c.Params = maps.Clone(e.Params)
	if c.Params == nil {
		c.Params = map[string]string{}
	}
	c.Params[key] = value
	return &c
}

// CodeOf returns the code of the outermost Error in err's chain, CodeInternal when there is none, and "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return CodeInternal
}

// IsCode reports whether err carries the code.
func IsCode(err error, code Code) bool { return err != nil && CodeOf(err) == code }
