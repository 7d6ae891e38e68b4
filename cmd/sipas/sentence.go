package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"sipas/survey"
)

// sentences say what is wrong and what to do, for the codes that the command line meets. {…} are the error's parameters.
// A code that is not listed is said with its cause.
var sentences = map[survey.Code]string{
	survey.CodeUnavailable:       "The database cannot be used now: {cause}. Is the disk full, or does another program hold the file?",
	survey.CodeDocumentInvalid:   "The document {document} is not whole: {cause}.",
	survey.CodeRegisterEmpty:     "The wave {wave} has no register yet: load one with \"sipas import transactions\".",
	survey.CodeNothingToInvite:   "Every transaction of the wave {wave} has been in a draw already: load more before inviting again.",
	survey.CodeNoAnswers:         "There are no answers to compute from yet.",
	survey.CodeWeightingFailed:   "The answers cannot be weighted: {cause}.",
	survey.CodePasswordWeak:      "The password is too short: at least {min} letters.",
	survey.CodeNameTaken:         "There is an account of that name already: choose another one.",
	survey.CodeDatabaseNewer:     "The data were made by a newer version of sipas: use that one.",
	survey.CodeDatabaseForeign:   "The file is not a database of sipas: {cause}. Name the right directory with --data.",
	survey.CodeKeyMissing:        "The key of the wave {wave} is not at {file}: put it back from where it was kept.",
	survey.CodeWaveClosed:        "The wave is closed: it takes nothing more.",
	survey.CodeImportRejected:    "{bad} faults in {file}; nothing was loaded. Mend the lines above, or load the {good} good lines with --partial.",
	survey.CodeReleasedMeanwhile: "Somebody else published the wave {wave} just now: look at that release before you publish another.",
	survey.CodeInstrumentUnknown: "The wave names a questionnaire that is not published: {cause}.",
	survey.CodeCriterionInvalid:  "The framework has no criterion {criterion}, or it cannot have these points.",
	survey.CodeEvidenceTooLarge:  "{name} is larger than {mb} MB; nothing was loaded.",
	survey.CodeEvidenceEmpty:     "{name} is empty; nothing was loaded.",
	survey.CodeEvidenceFull:      "An assessment holds at most {max} files; nothing was loaded.",
	survey.CodeEvidenceTaken:     "{name} is attached already with other content: remove that first. Nothing was loaded.",
}

// told is an error whose text is already a sentence for people.
type told struct{ error }

func (t told) Unwrap() error { return errors.Unwrap(t.error) }

// tellf makes an error whose text is a whole sentence for people; %w wraps.
func tellf(format string, args ...any) error { return told{fmt.Errorf(format, args...)} }

// sentence says in one sentence what is wrong and what to do.
func sentence(err error) string {
	var usage usageError
	if errors.As(err, &usage) {
		return usage.text
	}
	var sentenceFor told
	if errors.As(err, &sentenceFor) {
		return sentenceFor.Error()
	}
	var e *survey.Error
	if errors.As(err, &e) {
		if s, known := sentences[e.Code]; known {
			for k, v := range e.Params {
				s = strings.ReplaceAll(s, "{"+k+"}", v)
			}
			cause := err.Error()
			if e.Err != nil {
				cause = e.Err.Error()
			}
			s = strings.ReplaceAll(s, "{cause}", cause)
			if !strings.Contains(s, "{") {
				return s
			}
		}
		return err.Error()
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		switch {
		case errors.Is(err, os.ErrNotExist):
			return path.Path + " is not there."
		case errors.Is(err, os.ErrPermission):
			return path.Path + " may not be read or written by this account."
		}
	}
	return err.Error()
}
