package web

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
	"time"

	"sipas/survey"
)

// sessionLife is how long a sign-in lasts: one working day and no more.
const sessionLife = 12 * time.Hour

// newSessionValue draws what the cookie holds: 256 bits.
func newSessionValue() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // crypto/rand.Read never returns an error.
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// sessionHash is all that the database keeps of a cookie.
func sessionHash(value string) string {
	h := sha256.Sum256([]byte(value))
	return hex.EncodeToString(h[:])
}

// recognize finds out whose request it is. Without a cookie it is a citizen's, which is no error here; an expired or
// unknown cookie is CodeUnauthenticated.
func (s *Server) recognize(c *call) error {
	cookie, err := c.request().Cookie(s.cookie)
	if err != nil || cookie.Value == "" {
		return nil
	}
	c.secret(cookie.Value)
	session, err := s.store.Session(c.ctx(), sessionHash(cookie.Value), s.clock())
	if survey.IsCode(err, survey.CodeNotFound) {
		return survey.Errorf(survey.CodeUnauthenticated, "recognize session", "%w", err)
	}
	if err != nil {
		return err
	}
	user, err := s.store.User(c.ctx(), session.User)
	if survey.IsCode(err, survey.CodeNotFound) || err == nil && user.Disabled {
		return &survey.Error{Code: survey.CodeUnauthenticated, Op: "recognize session", Err: err}
	}
	if err != nil {
		return err
	}
	c.session = cookie.Value
	c.actor = survey.Actor{User: user.ID, Name: user.Name, Role: user.Role, Units: user.Units}
	return nil
}

// openSession stores a new session and sets its cookie. The value is always new, so nobody can plant one before a sign-in.
func (s *Server) openSession(c *call, user survey.UserID) error {
	now := s.clock()
	value := newSessionValue()
	c.secret(value)
	err := s.store.AddSession(c.ctx(), survey.Session{
		Hash: sessionHash(value), User: user, Created: now, Expires: now.Add(sessionLife),
	})
	if err != nil {
		return err
	}
	s.setSessionCookie(c, value, int(sessionLife.Seconds()))
	return nil
}

// endSession ends the caller's session on the server. A caller who leaves before the answer is signed out all the same.
func (s *Server) endSession(c *call) error {
	if c.session == "" {
		return nil
	}
	err := s.store.EndSession(context.WithoutCancel(c.ctx()), sessionHash(c.session))
	if survey.IsCode(err, survey.CodeNotFound) {
		return nil
	}
	return err
}

func (s *Server) setSessionCookie(c *call, value string, age int) {
	http.SetCookie(c.echo.Response(), &http.Cookie{
		Name: s.cookie, Value: value, Path: "/", MaxAge: age,
		HttpOnly: true, Secure: s.cfg.Secure, SameSite: http.SameSiteLaxMode,
	})
}

// signInPath leads to the sign-in page and from there back.
func signInPath(from *url.URL) string {
	next := address(from.EscapedPath(), from.Query())
	return address("/signin", url.Values{"next": {next}})
}

// ownPath returns where to go after signing in: the path asked for when it is a path of this program, else "". An address that
// a browser could read as one of another site is refused: "//host", "/\host", "https:host", or one with control characters.
func ownPath(asked string) string {
	if !strings.HasPrefix(asked, "/") || len(asked) > 2000 {
		return ""
	}
	for _, r := range asked {
		if r < ' ' || r == 0x7f || r == '\\' {
			return ""
		}
	}
	u, err := url.Parse(asked)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" {
		return ""
	}
	path := u.EscapedPath()
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.HasPrefix(path, "/signin") {
		return ""
	}
	return address(path, u.Query())
}

// home is where an account begins.
func (s *Server) home(a survey.Actor) string {
	switch a.Role {
	case survey.Analyst:
		return "/waves"
	case survey.Department:
		return "/repair"
	case survey.Administrator:
		return "/admin"
	}
	return "/"
}
