package web

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"sipas/static"
	"sipas/survey"
)

// call is one request on its way: what the middleware found out, for the handlers.
type call struct {
	echo    echo.Context
	id      string // names the request in the log and on the error page
	lang    survey.Lang
	route   *route // nil until the router found one
	actor   survey.Actor
	session string   // the cookie's value; "" when nobody is signed in
	secrets []string // must not reach the log, whatever an error says
}

const callKey = "sipas.call"

func callOf(c echo.Context) *call { return c.Get(callKey).(*call) }

func (c *call) ctx() context.Context       { return c.echo.Request().Context() }
func (c *call) query(name string) string   { return c.echo.QueryParam(name) }
func (c *call) param(name string) string   { return c.echo.Param(name) }
func (c *call) header() http.Header        { return c.echo.Response().Header() }
func (c *call) secret(s ...string)         { c.secrets = append(c.secrets, s...) }
func (c *call) signedIn() bool             { return c.actor.Role != "" }
func (c *call) request() *http.Request     { return c.echo.Request() }
func (c *call) address() string            { return c.echo.RealIP() }
func (c *call) redirect(path string) error { return c.echo.Redirect(http.StatusSeeOther, path) }

// page renders into memory first, so that a component that fails leaves no half page behind.
func (c *call) page(status int, component templ.Component) error {
	var b bytes.Buffer
	if err := component.Render(c.ctx(), &b); err != nil {
		return survey.Errorf(survey.CodeInternal, "render page", "%w", err)
	}
	return c.blob(status, "text/html; charset=utf-8", b.Bytes())
}

// json sends a value to a script.
func (c *call) json(status int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return survey.Errorf(survey.CodeInternal, "write reply", "%w", err)
	}
	return c.blob(status, "application/json; charset=utf-8", append(b, '\n'))
}

// worthSqueezing is the size in bytes from which compressing saves a packet.
const worthSqueezing = 1400

// blob sends a body, compressed where the caller can read that and where its length may be seen: see the package's comment.
func (c *call) blob(status int, kind string, body []byte) error {
	// A page is compressed for one reader: what the tightest compression saves is not worth its time.
	return c.squeezable(status, kind, body, func() []byte { return static.Gzip(body, gzip.BestSpeed) })
}

// squeezable is blob of a body that may have been compressed before.
func (c *call) squeezable(status int, kind string, body []byte, squeezed func() []byte) error {
	if c.route == nil || c.route.who.citizen || c.request().Method != http.MethodGet || len(body) < worthSqueezing {
		return c.echo.Blob(status, kind, body)
	}
	c.header().Add("Vary", "Accept-Encoding")
	if !static.AcceptsGzip(c.request()) {
		return c.echo.Blob(status, kind, body)
	}
	c.header().Set("Content-Encoding", "gzip")
	return c.echo.Blob(status, kind, squeezed())
}

// begin is around everything: it names the request, sets the headers of safety, refuses requests of other
// sites, catches panics, turns errors into pages, and writes the one line of the log.
func (s *Server) begin(next echo.HandlerFunc) echo.HandlerFunc {
	return func(ec echo.Context) error {
		began := time.Now()
		c := &call{echo: ec, id: newRequestID()}
		ec.Set(callKey, c)
		s.safetyHeaders(c)
		c.lang = s.language(c)
		err := s.guarded(c, next)
		if err != nil {
			s.fail(c, err)
		}
		s.logRequest(c, time.Since(began))
		return nil
	}
}

// guarded runs the handler and turns a panic into an error with its stack.
func (s *Server) guarded(c *call, next echo.HandlerFunc) (err error) {
	defer func() {
		value := recover()
		if value == nil {
			return
		}
		if e, ok := value.(error); ok && errors.Is(e, http.ErrAbortHandler) {
			panic(value) // net/http's own way of giving up a connection
		}
		err = &panicked{value: value, stack: debug.Stack()}
	}()
	if err := s.csrf.Check(c.request()); err != nil {
		return survey.Errorf(survey.CodeCrossOrigin, "accept request", "%w", err)
	}
	return next(c.echo)
}

// panicked is a mistake of the program, with where it happened.
type panicked struct {
	value any
	stack []byte
}

// Error tells the value only when it is the runtime's own: anything else may hold what a citizen wrote.
func (p *panicked) Error() string {
	if e, ok := p.value.(runtime.Error); ok {
		return "panic: " + e.Error()
	}
	return fmt.Sprintf("panic with a value of type %T", p.value)
}

func newRequestID() string {
	var b [6]byte
	_, _ = rand.Read(b[:]) // crypto/rand.Read never returns an error.
	return hex.EncodeToString(b[:])
}

// policy is the content policy of every page: nothing from outside, nothing inline, in nobody's frame.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
	"connect-src 'self'; media-src 'self'; worker-src 'self'; manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

func (s *Server) safetyHeaders(c *call) {
	h := c.header()
	h.Set("X-Request-Id", c.id)
	h.Set("Content-Security-Policy", policy)
	h.Set("Referrer-Policy", "strict-origin") // see the package's comment
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("X-Robots-Tag", "noindex")
	h.Set("Cache-Control", "no-store") // static files set their own
	if s.cfg.Secure {
		h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
	}
}

// logRequest writes one line: the route's pattern, never the path, and neither address, query nor size, because the size of
// a citizen's page would tell which unit it speaks of.
func (s *Server) logRequest(c *call, took time.Duration) {
	pattern := "none"
	if c.route != nil {
		pattern = c.route.path
	}
	s.log.LogAttrs(c.ctx(), slog.LevelInfo, "request",
		slog.String("id", c.id), slog.String("method", knownMethod(c.request().Method)), slog.String("route", pattern),
		slog.Int("status", c.echo.Response().Status), slog.Duration("took", took))
}

// knownMethod keeps a caller from writing into the log by inventing a method.
func knownMethod(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return m
	}
	return "other"
}

// scrub takes every secret of the call out of a text for the log, in the writing of an address too.
func (c *call) scrub(text string) string {
	for _, secret := range c.secrets {
		for _, written := range []string{secret, url.PathEscape(secret), url.QueryEscape(secret)} {
			if written != "" {
				text = strings.ReplaceAll(text, written, "…")
			}
		}
	}
	return text
}
