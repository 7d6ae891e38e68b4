package web

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"math"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"sipas/survey"
	"sipas/templates/i18n"
	"sipas/templates/pages"
)

// statusOf is the HTTP status of each code. What is not listed is the program's own fault.
var statusOf = map[survey.Code]int{
	survey.CodeInternal:          http.StatusInternalServerError,
	survey.CodeUnavailable:       http.StatusServiceUnavailable,
	survey.CodeNotFound:          http.StatusNotFound,
	survey.CodeConflict:          http.StatusConflict,
	survey.CodeForbidden:         http.StatusForbidden,
	survey.CodeUnauthenticated:   http.StatusUnauthorized,
	survey.CodeBadCredentials:    http.StatusUnauthorized,
	survey.CodeTooManyAttempts:   http.StatusTooManyRequests,
	survey.CodeCrossOrigin:       http.StatusForbidden,
	survey.CodeBadRequest:        http.StatusBadRequest,
	survey.CodeTooLarge:          http.StatusRequestEntityTooLarge,
	survey.CodeTokenUnknown:      http.StatusNotFound,
	survey.CodeTokenUsed:         http.StatusConflict,
	survey.CodeWaveClosed:        http.StatusGone,
	survey.CodeWaveNotOpen:       http.StatusForbidden,
	survey.CodeResponseConflict:  http.StatusConflict,
	survey.CodeResponseComplete:  http.StatusConflict,
	survey.CodeAnswerInvalid:     http.StatusUnprocessableEntity,
	survey.CodeAnswerRequired:    http.StatusUnprocessableEntity,
	survey.CodeItemUnknown:       http.StatusUnprocessableEntity,
	survey.CodeItemNotAsked:      http.StatusUnprocessableEntity,
	survey.CodeInstrumentUnknown: http.StatusUnprocessableEntity,
	survey.CodeCommentTooLong:    http.StatusUnprocessableEntity,
	survey.CodeImportRejected:    http.StatusUnprocessableEntity,
	survey.CodeDocumentInvalid:   http.StatusUnprocessableEntity,
	survey.CodeNothingToInvite:   http.StatusConflict,
	survey.CodeRegisterEmpty:     http.StatusConflict,
	survey.CodeNoAnswers:         http.StatusConflict,
	survey.CodeWeightingFailed:   http.StatusConflict,
	survey.CodePasswordWeak:      http.StatusUnprocessableEntity,
	survey.CodeNameTaken:         http.StatusConflict,
	survey.CodeDatabaseNewer:     http.StatusServiceUnavailable,
	survey.CodeDatabaseForeign:   http.StatusServiceUnavailable,
	survey.CodeKeyMissing:        http.StatusServiceUnavailable, // it can be put back, and what waits for it must wait
	survey.CodeUnitUnknown:       http.StatusNotFound,
	survey.CodePointUnknown:      http.StatusForbidden,
	survey.CodeEnrolmentUnknown:  http.StatusNotFound,
	survey.CodeDeviceUnknown:     http.StatusUnauthorized,
	survey.CodeDeviceRevoked:     http.StatusForbidden,
	survey.CodeSealUnreadable:    http.StatusUnprocessableEntity,
	survey.CodeReasonRequired:    http.StatusUnprocessableEntity,
	survey.CodeReleasedMeanwhile: http.StatusConflict,
	survey.CodeCriterionInvalid:  http.StatusUnprocessableEntity,
	survey.CodeEvidenceKind:      http.StatusUnsupportedMediaType,
	survey.CodeEvidenceTooLarge:  http.StatusRequestEntityTooLarge,
	survey.CodeEvidenceEmpty:     http.StatusUnprocessableEntity,
	survey.CodeEvidenceFull:      http.StatusConflict,
	survey.CodeEvidenceTaken:     http.StatusConflict,
}

// busySeconds is when a caller may try again after CodeUnavailable.
const busySeconds = 5

// retryParam names the parameter that holds how many seconds to wait.
const retryParam = "seconds"

// tooMany is the error of a limit that was reached.
func tooMany(op string, wait time.Duration) error {
	return (&survey.Error{Code: survey.CodeTooManyAttempts, Op: op}).With(retryParam, strconv.Itoa(max(1, int(math.Ceil(wait.Seconds())))))
}

// afterError serves what goes wrong around the middleware, in echo itself.
func (s *Server) afterError(err error, ec echo.Context) {
	c, ok := ec.Get(callKey).(*call)
	if !ok {
		c = &call{echo: ec, id: newRequestID(), lang: survey.Vietnamese}
		s.safetyHeaders(c)
	}
	s.fail(c, err)
}

// normal turns what libraries return into the program's own errors.
func normal(err error) *survey.Error {
	var large *http.MaxBytesError
	var he *echo.HTTPError
	var own *survey.Error
	switch {
	case errors.As(err, &large):
		return &survey.Error{Code: survey.CodeTooLarge, Op: "read request", Err: err}
	case errors.As(err, &own):
		return own
	case errors.As(err, &he) && (he.Code == http.StatusNotFound || he.Code == http.StatusMethodNotAllowed):
		return &survey.Error{Code: survey.CodeNotFound, Op: "route", Err: err}
	case errors.As(err, &he) && he.Code >= 400 && he.Code < 500:
		return &survey.Error{Code: survey.CodeBadRequest, Op: "read request", Err: err}
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return &survey.Error{Code: survey.CodeUnavailable, Op: "wait", Err: err}
	}
	return &survey.Error{Code: survey.CodeInternal, Op: "serve", Err: err}
}

// fail is the one place where an error becomes a page or a JSON object and a line of the log.
func (s *Server) fail(c *call, err error) {
	e := normal(err)
	status, known := statusOf[e.Code]
	if !known {
		status = http.StatusInternalServerError
	}
	var method *echo.HTTPError
	if errors.As(err, &method) && method.Code == http.StatusMethodNotAllowed {
		status = http.StatusMethodNotAllowed
	}
	s.logFailure(c, status, e, err)
	if c.echo.Response().Committed {
		return // The caller has the beginning of an answer already; nothing better can follow.
	}
	h := c.header()
	h.Set("Cache-Control", "no-store")
	switch e.Code {
	case survey.CodeUnavailable, survey.CodeKeyMissing:
		h.Set("Retry-After", strconv.Itoa(busySeconds))
	case survey.CodeTooManyAttempts:
		h.Set("Retry-After", e.Params[retryParam])
	}
	var written error
	switch {
	case c.wantsJSON():
		written = c.json(status, struct {
			Error jsonError `json:"error"`
		}{c.jsonError(e)})
	case e.Code == survey.CodeUnauthenticated && c.request().Method == http.MethodGet:
		written = c.redirect(signInPath(c.request().URL))
	default:
		written = c.page(status, s.errorPage(c, status, e))
	}
	if written != nil {
		s.log.ErrorContext(c.ctx(), "error page", slog.String("id", c.id), slog.String("cause", c.scrub(written.Error())))
	}
}

// jsonError is an error as scripts read it: the code to act on, the sentence to show.
type jsonError struct {
	Code    string            `json:"code"`
	Message string            `json:"message"`
	Params  map[string]string `json:"params,omitempty"`
}

func (c *call) jsonError(e *survey.Error) jsonError {
	return jsonError{Code: string(e.Code), Message: sentence(c.lang, e), Params: e.Params}
}

// sentence is what a person reads of an error: what is wrong, and what to do where the catalogue says so.
func sentence(l survey.Lang, e *survey.Error) string {
	key := "error." + string(e.Code)
	text := i18n.T(l, key, paramsOf(e)...)
	if i18n.Has(l, key+".do") {
		text += " " + i18n.T(l, key+".do", paramsOf(e)...)
	}
	return text
}

// paramsOf lists the parameters of an error's sentence by name.
func paramsOf(e *survey.Error) []any {
	var args []any
	for _, k := range slices.Sorted(maps.Keys(e.Params)) {
		args = append(args, k, e.Params[k])
	}
	return args
}

func (s *Server) errorPage(c *call, status int, e *survey.Error) templ.Component {
	v := pages.ErrorView{
		Shell: s.citizenShell(c, ""), Status: status, Code: string(e.Code), Params: paramsOf(e), HomeHref: s.home(c.actor),
	}
	if status >= 500 {
		v.Reference = c.id
	}
	return pages.Error(v)
}

// logFailure writes the cause of a failure of the program. What callers do wrong is told by its code alone, because the cause
// may quote what they sent.
func (s *Server) logFailure(c *call, status int, e *survey.Error, err error) {
	attrs := []slog.Attr{slog.String("id", c.id), slog.String("code", string(e.Code)), slog.String("op", e.Op)}
	if status < 500 {
		s.log.LogAttrs(c.ctx(), slog.LevelDebug, "refused", attrs...)
		return
	}
	attrs = append(attrs, slog.String("cause", c.scrub(err.Error())))
	var p *panicked
	if errors.As(err, &p) {
		attrs = append(attrs, slog.String("stack", c.scrub(string(p.stack))))
	}
	level := slog.LevelError
	if errors.Is(err, context.Canceled) && c.ctx().Err() != nil {
		level = slog.LevelDebug // the caller went away
	}
	s.log.LogAttrs(c.ctx(), level, "failed", attrs...)
}

// wantsJSON reports whether errors go to a script: on the routes made for scripts, for the files of what is published, and where JSON is
// asked for and HTML is not.
func (c *call) wantsJSON() bool {
	if c.route != nil && (c.route.json || c.route.readable && slices.Contains([]string{".json", ".jsonld", ".csv"}, path.Ext(c.request().URL.Path))) {
		return true
	}
	accept := c.request().Header.Get("Accept")
	return strings.Contains(accept, "application/json") && !strings.Contains(accept, "text/html")
}
