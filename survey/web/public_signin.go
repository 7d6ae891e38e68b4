package web

import (
	"net/http"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"

	"sipas/survey"
	"sipas/templates/pages"
)

// landing is the front page. Who is signed in goes to their own work.
func (s *Server) landing(c *call) error {
	if c.signedIn() {
		return c.redirect(s.home(c.actor))
	}
	v := pages.LandingView{Shell: s.citizenShell(c, ""), SignInHref: "/signin", ResultsHref: "/releases"}
	if s.cfg.DemoKiosk {
		v.KioskHref = "/kiosk"
	}
	return c.page(http.StatusOK, pages.Landing(v))
}

// health tells a monitor whether the store answers.
func (s *Server) health(c *call) error {
	c.header().Set("Content-Type", "text/plain; charset=utf-8")
	if _, err := s.store.Waves(c.ctx()); err != nil {
		return survey.Errorf(survey.CodeUnavailable, "health", "%w", err)
	}
	return c.echo.String(http.StatusOK, "ok\n")
}

// signIn shows the form.
func (s *Server) signIn(c *call) error {
	next := ownPath(c.query("next"))
	if c.signedIn() && next == "" {
		return c.redirect(s.home(c.actor))
	}
	return c.page(http.StatusOK, pages.SignIn(pages.SignInView{Shell: s.citizenShell(c, ""), Action: "/signin", Next: next}))
}

// signInSend checks name and password. A wrong name, a wrong password and a disabled account read alike and take alike.
func (s *Server) signInSend(c *call) error {
	const op = "sign in"
	if err := c.request().ParseForm(); err != nil {
		return badForm(op, err)
	}
	form := c.request().PostForm
	name, password := survey.CleanText(form.Get("name")), form.Get("password")
	c.secret(password)
	next := ownPath(form.Get("next"))
	again := func(status int, e *survey.Error) error {
		v := pages.SignInView{Shell: s.citizenShell(c, ""), Action: "/signin", Name: name, Next: next, ErrorCode: string(e.Code)}
		if e.Code == survey.CodeTooManyAttempts {
			v.RetryAfter, _ = strconv.Atoi(e.Params[retryParam])
			c.header().Set("Retry-After", e.Params[retryParam])
		}
		return c.page(status, pages.SignIn(v))
	}
	account := accountKey(name)
	guess := pairKey(account, c.network())
	if err := s.maySignIn(c, op, account, guess); err != nil {
		return again(http.StatusTooManyRequests, normal(err))
	}
	user, err := s.store.UserByName(c.ctx(), name)
	if err != nil && !survey.IsCode(err, survey.CodeNotFound) {
		return err
	}
	known := err == nil && !user.Disabled
	hash := nobody()
	if known {
		hash = user.PasswordHash
	}
	right, err := s.hashing.verify(c.ctx(), hash, password)
	if err != nil {
		return err
	}
	if !known || !right {
		return again(http.StatusUnauthorized, &survey.Error{Code: survey.CodeBadCredentials, Op: op})
	}
	s.spared(c, s.limits.guess, guess, account)
	if err := s.endSession(c); err != nil {
		return err
	}
	if err := s.openSession(c, user.ID); err != nil {
		return err
	}
	if next == "" {
		next = s.home(survey.Actor{Role: user.Role})
	}
	return c.redirect(next)
}

// maySignIn counts a try to sign in, or says how long to wait. A limit counts only what those before it let through, so that a caller who is
// refused costs nobody else a try.
func (s *Server) maySignIn(c *call, op, account, guess string) error {
	if err := s.limited(s.limits.address, op, c.network()); err != nil {
		return err
	}
	if err := s.limited(s.limits.guess, op, guess); err != nil {
		return err
	}
	if _, ok := s.limits.account.take(account, s.clock()); ok {
		return nil
	}
	return s.besetBy(c, op, account)
}

// accountKey counts the guesses at one account together, however its name is written and however long it is.
func accountKey(name string) string {
	return pairKey("account", norm.NFKC.String(strings.ToLower(name)))
}

// signOut ends the session.
func (s *Server) signOut(c *call) error {
	if err := s.endSession(c); err != nil {
		return err
	}
	s.setSessionCookie(c, "", -1)
	return c.redirect("/")
}

// badForm is the error of a body that is not a form.
func badForm(op string, err error) error {
	if e := normal(err); e.Code == survey.CodeTooLarge {
		return e
	}
	return survey.Errorf(survey.CodeBadRequest, op, "%w", err)
}
