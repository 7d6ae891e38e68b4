package web

import (
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"sipas/static"
	"sipas/survey"
)

// access is who may call a route.
type access struct {
	act     survey.Act // of an account; "" for everybody
	blind   bool       // accounts do not matter: the session is not even looked at
	citizen bool       // the path or the body holds a secret: no cause of a failure reaches the log unscrubbed
}

// The kinds of access.
var (
	public  = access{}
	blind   = access{blind: true}
	citizen = access{blind: true, citizen: true}
)

func may(act survey.Act) access { return access{act: act} }

// The largest bodies. A real answer of 39 items with a comment of 1,000 letters, each escaped as nine bytes, stays far below.
const (
	noBody      = 0
	smallBody   = 4 << 10
	answersBody = 64 << 10
)

// counted is what a route's calls are counted by. The limits themselves are in throttle.go.
type counted string

const (
	rateNone    counted = "none"
	rateToken   counted = "token"   // each link by itself, and all unknown ones together
	rateAccount counted = "account" // each name by itself, and each address coarsely
	rateDevice  counted = "device"  // each kiosk by itself, and all unknown ones together
	rateAddress counted = "address" // guesses at codes: each address, and all together
)

// route is one line of the table.
type route struct {
	method, path string
	name         string
	who          access
	rate         counted
	body         int64
	json         bool // the caller is a script: errors are JSON
	keep         bool // the handler sets its own caching; otherwise nothing may be kept
	readable     bool // published: scripts of every site may read it
	handle       func(*call) error
}

// table lists every route of the program. A test holds it against the router.
func (s *Server) table() []route {
	compute := may(survey.ActCompute)
	view, repairs, manage := may(survey.ActViewResults), may(survey.ActViewRepairs), may(survey.ActManage)
	write := may(survey.ActFrameworks)
	return append([]route{
		{method: http.MethodGet, path: "/", name: "landing", who: public, rate: rateNone, handle: s.landing},
		{method: http.MethodGet, path: "/healthz", name: "health", who: blind, rate: rateNone, handle: s.health},
		{method: http.MethodGet, path: static.Prefix + "*", name: "static", who: blind, rate: rateNone, keep: true, handle: s.staticFile},

		{method: http.MethodGet, path: "/s/:token", name: "form", who: citizen, rate: rateToken, handle: s.form},
		{method: http.MethodPost, path: "/s/:token", name: "form.send", who: citizen, rate: rateToken, body: answersBody, handle: s.formSend},
		{method: http.MethodPost, path: "/s/:token/withdraw", name: "form.withdraw", who: citizen, rate: rateToken, body: smallBody, handle: s.formWithdraw},

		{method: http.MethodGet, path: "/kiosk", name: "kiosk", who: blind, rate: rateNone, handle: s.kioskShell},
		{method: http.MethodGet, path: "/kiosk/worker.js", name: "kiosk.worker", who: blind, rate: rateNone, keep: true, handle: s.kioskWorker},
		{method: http.MethodGet, path: "/kiosk/app.webmanifest", name: "kiosk.manifest", who: blind, rate: rateNone, keep: true, handle: s.kioskManifest},
		{method: http.MethodPost, path: "/kiosk/enrol", name: "kiosk.enrol", who: citizen, rate: rateAddress, body: smallBody, json: true, handle: s.kioskEnrol},
		{method: http.MethodGet, path: "/kiosk/config", name: "kiosk.config", who: blind, rate: rateDevice, json: true, handle: s.kioskConfig},
		{method: http.MethodPost, path: "/kiosk/beat", name: "kiosk.beat", who: citizen, rate: rateDevice, body: smallBody, json: true, handle: s.kioskBeat},
		{method: http.MethodPost, path: "/kiosk/answers", name: "kiosk.answers", who: citizen, rate: rateDevice, body: answersBody, json: true, handle: s.kioskAnswers},

		{method: http.MethodGet, path: "/signin", name: "signin", who: public, rate: rateNone, handle: s.signIn},
		{method: http.MethodPost, path: "/signin", name: "signin.send", who: public, rate: rateAccount, body: smallBody, handle: s.signInSend},
		{method: http.MethodPost, path: "/signout", name: "signout", who: public, rate: rateNone, body: smallBody, handle: s.signOut},

		{method: http.MethodGet, path: "/waves", name: "waves", who: view, rate: rateNone, handle: s.waves},
		{method: http.MethodGet, path: "/waves/:wave", name: "wave", who: view, rate: rateNone, handle: s.overview},
		{method: http.MethodGet, path: "/waves/:wave/signals", name: "signals", who: view, rate: rateNone, handle: s.signals},
		{method: http.MethodGet, path: "/waves/:wave/publish", name: "publish", who: compute, rate: rateNone, handle: s.publishPage},
		{method: http.MethodPost, path: "/waves/:wave/publish", name: "publish.send", who: compute, rate: rateNone, body: smallBody, handle: s.publishSend},
		{method: http.MethodGet, path: "/waves/:wave/compare", name: "compare", who: view, rate: rateNone, handle: s.compare},

		{method: http.MethodGet, path: "/repair", name: "repair", who: repairs, rate: rateNone, handle: s.repair},
		{method: http.MethodGet, path: "/admin", name: "admin", who: manage, rate: rateNone, handle: s.admin},
		{method: http.MethodGet, path: frameworksPath, name: "frameworks", who: write, rate: rateNone, handle: s.frameworkList},
		{method: http.MethodPost, path: frameworksPath, name: "frameworks.copy", who: write, rate: rateNone, body: smallBody, handle: s.frameworkCopy},
		{method: http.MethodGet, path: frameworksPath + "/:id/:version", name: "framework", who: write, rate: rateNone, handle: s.frameworkShow},
		{method: http.MethodGet, path: "/admin/drafts/:draft", name: "draft", who: write, rate: rateNone, handle: s.draft},
		{method: http.MethodPost, path: "/admin/drafts/:draft", name: "draft.change", who: write, rate: rateNone, body: draftBody, handle: s.draftChange},
		{method: http.MethodGet, path: fleetPath, name: "fleet", who: manage, rate: rateNone, handle: s.fleet},
		{method: http.MethodPost, path: fleetPath, name: "fleet.add", who: manage, rate: rateNone, body: smallBody, handle: s.fleetAdd},
		{method: http.MethodGet, path: fleetPath + "/:point", name: "fleet.kiosk", who: manage, rate: rateNone, handle: s.fleetKiosk},
		{method: http.MethodPost, path: fleetPath + "/:point/code", name: "fleet.code", who: manage, rate: rateNone, body: smallBody, handle: s.fleetCode},
		{method: http.MethodPost, path: fleetPath + "/:point/revoke", name: "fleet.revoke", who: manage, rate: rateNone, body: smallBody, handle: s.fleetRevoke},
		{method: http.MethodPost, path: fleetPath + "/:point/devices/:device/revoke", name: "fleet.device.revoke", who: manage, rate: rateNone, body: smallBody, handle: s.fleetRevokeDevice},
	}, slices.Concat(s.figureRoutes(view), s.assessmentTable(), s.openTable())...)
}

// openTable lists the routes of what is published: for everybody, on every site, without a look at who calls.
func (s *Server) openTable() []route {
	var all []route
	for _, r := range []route{
		{path: "/releases", name: "releases", handle: s.releaseIndex},
		{path: "/releases.json", name: "releases.list", handle: s.releaseList},
		{path: "/releases/schema.json", name: "releases.schema", handle: s.releaseSchemaFile},
		{path: "/releases/:wave", name: "releases.newest", handle: s.releaseNewest},
		{path: "/releases/:wave/:number", name: "release", handle: s.release},
		{path: "/catalog.jsonld", name: "catalog", handle: s.catalog},
	} {
		r.method, r.who, r.rate, r.keep, r.readable = http.MethodGet, blind, rateNone, true, true
		asked := r
		asked.method, asked.name, asked.body, asked.handle = http.MethodOptions, r.name+".options", smallBody, s.releaseOptions
		all = append(all, r, asked)
	}
	return all
}

// register hands the table to the router. Each handler is wrapped by what its line demands, so that no handler can forget it.
func (s *Server) register(table []route) {
	s.routes = make(map[string]*route, len(table))
	for i := range table {
		r := &table[i]
		s.routes[r.method+" "+r.path] = r
		s.echo.Add(r.method, r.path, func(c echo.Context) error { return s.admit(callOf(c), r) })
	}
}

// admit lets a call through to its handler when the table allows it.
func (s *Server) admit(c *call, r *route) error {
	if r.body > 0 {
		req := c.echo.Request()
		req.Body = http.MaxBytesReader(c.echo.Response().Writer, req.Body, r.body)
	}
	c.route = r
	if r.readable {
		readable(c)
	}
	if !r.who.blind {
		// A cookie that has expired is no fault on a page that asks for none.
		if err := s.recognize(c); err != nil && !(r.who.act == "" && survey.IsCode(err, survey.CodeUnauthenticated)) {
			return err
		}
	}
	if r.who.act != "" {
		if err := c.actor.Require(r.who.act); err != nil {
			return err
		}
	}
	return r.handle(c)
}
