package web

import (
	"sipas/static"
	"sipas/survey"
)

// staticFile serves an embedded file under its hashed address, to be kept for ever.
func (s *Server) staticFile(c *call) error {
	if _, ok := static.Get(c.request().URL.Path); !ok {
		return &survey.Error{Code: survey.CodeNotFound, Op: "static file"}
	}
	static.Handler().ServeHTTP(c.echo.Response(), c.request())
	return nil
}
