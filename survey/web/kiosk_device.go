package web

import (
	"context"
	"errors"
	"math"
	"net/http"
	"sync"
	"time"

	"sipas/survey"
)

const (
	// deviceFor is how long a credential is believed without asking the store: so soon a revocation takes effect.
	deviceFor = 2 * time.Second
	// deviceLife is how long a browser keeps the credential; each beat renews it. Browsers keep no cookie for longer.
	deviceLife = 400 * 24 * time.Hour
	// beforeEnrolment is how long before its enrolment a device's answers may have been given: a browser that is enrolled
	// again brings along what waits.
	beforeEnrolment = 30 * 24 * time.Hour
)

// kioskDevice is a device with the kiosk that it stands for.
type kioskDevice struct {
	*survey.Device
	point *survey.Point
}

// knownDevices remembers who was recognized a moment ago, so that a backlog of answers does not ask the store for each.
type knownDevices struct {
	mu    sync.Mutex
	byKey map[string]knownDevice
}

type knownDevice struct {
	device *kioskDevice
	at     time.Time
}

func (k *knownDevices) get(hash string, now time.Time) *kioskDevice {
	k.mu.Lock()
	defer k.mu.Unlock()
	if d, ok := k.byKey[hash]; ok && now.Sub(d.at) < deviceFor && !now.Before(d.at) {
		return d.device
	}
	return nil
}

func (k *knownDevices) put(hash string, d *kioskDevice, now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.byKey == nil || len(k.byKey) >= mostBuckets {
		k.byKey = map[string]knownDevice{}
	}
	k.byKey[hash] = knownDevice{d, now}
}

// device recognizes the kiosk that a call comes from by its cookie: CodeDeviceUnknown or CodeDeviceRevoked.
func (s *Server) device(c *call) (*kioskDevice, error) {
	cookie, err := c.request().Cookie(s.kioskCookie)
	if err != nil || cookie.Value == "" {
		return nil, &survey.Error{Code: survey.CodeDeviceUnknown, Op: "recognize kiosk"}
	}
	c.secret(cookie.Value)
	hash, now := sessionHash(cookie.Value), s.clock()
	if d := s.devices.get(hash, now); d != nil {
		return d, nil
	}
	d, err := s.store.Device(c.ctx(), hash)
	if err != nil {
		return nil, s.strange(err)
	}
	point, err := s.store.Point(c.ctx(), d.Point)
	if err != nil {
		return nil, err
	}
	known := &kioskDevice{Device: d, point: point}
	s.devices.put(hash, known, now)
	return known, nil
}

// strange counts a credential that is not known. It returns err, or CodeTooManyAttempts when they come in a flood.
func (s *Server) strange(err error) error {
	if !survey.IsCode(err, survey.CodeDeviceUnknown) {
		return err
	}
	if wait, ok := takeOf(s.limits.stranger, s.clock()); !ok {
		return tooMany("recognize kiosk", wait)
	}
	return err
}

func (s *Server) setKioskCookie(c *call, value string) {
	http.SetCookie(c.echo.Response(), &http.Cookie{
		Name: s.kioskCookie, Value: value, Path: "/", MaxAge: int(deviceLife.Seconds()),
		HttpOnly: true, Secure: s.cfg.Secure, SameSite: http.SameSiteStrictMode,
	})
}

// enroller is who ends the credential that a browser had before it was enrolled again.
func enroller() survey.Actor {
	return survey.Actor{User: "kiosk-enrolment", Name: "kiosk enrolment", Role: survey.Administrator}
}

// kioskEnrol makes the caller's browser a kiosk when the code is good.
func (s *Server) kioskEnrol(c *call) error {
	const op = "enrol kiosk"
	// Guesses are counted before they are looked at: by network, so that one guesser cannot shut everybody else out, and all together,
	// so that having many addresses hardly helps. Where those are spent a network that has not failed still has its try.
	const codes = "enrolment codes"
	if err := s.limited(s.limits.enrol, op, c.network()); err != nil {
		return err
	}
	if _, ok := takeOf(s.limits.enrols, s.clock()); !ok {
		if err := s.besetBy(c, op, codes); err != nil {
			return err
		}
	}
	var req KioskEnrol
	if err := decodeJSON(c.request(), &req); err != nil {
		return err
	}
	c.secret(req.Code)
	code, ok := survey.ParseEnrolmentCode(req.Code)
	if !ok {
		return &survey.Error{Code: survey.CodeEnrolmentUnknown, Op: op}
	}
	d, err := s.enrol(c, code)
	if err != nil {
		return err
	}
	s.spared(c, s.limits.enrol, c.network(), codes) // an office that enrols a hundred tablets guesses nothing
	return c.json(http.StatusOK, KioskEnrolled{Device: d.ID})
}

// enrol spends a code for the caller's browser. A credential that the browser had before is nobody's from then on, so it ends.
func (s *Server) enrol(c *call, code survey.EnrolmentCode) (*survey.Device, error) {
	before, err := s.device(c)
	if err != nil && !survey.IsCode(err, survey.CodeDeviceUnknown) && !survey.IsCode(err, survey.CodeDeviceRevoked) {
		return nil, err
	}
	value := newSessionValue()
	c.secret(value, string(code), code.Hash())
	// Stored times have no parts of a millisecond.
	now := s.clock().Truncate(time.Millisecond)
	d, err := s.store.Enrol(c.ctx(), code.Hash(), survey.Device{ID: survey.NewDeviceID(), CredentialHash: sessionHash(value), Enrolled: now})
	if err != nil {
		return nil, err
	}
	if before != nil {
		if err := s.store.RevokeDevice(context.WithoutCancel(c.ctx()), enroller(), before.ID, now); err != nil {
			return nil, err
		}
	}
	s.setKioskCookie(c, value)
	return d, nil
}

// enrolInDemo makes the caller's browser a kiosk at the first point, the way that a code would.
func (s *Server) enrolInDemo(c *call) (*kioskDevice, error) {
	const op = "enrol kiosk of the demonstration"
	s.demoEnrols.Lock() // a new code voids the one before it, which must be spent by then
	defer s.demoEnrols.Unlock()
	points, err := s.store.Points(c.ctx())
	if err != nil {
		return nil, err
	}
	for i := range points {
		if points[i].Revoked {
			continue
		}
		e, code, err := survey.NewEnrolment(points[i].ID, DemoPIN, s.clock())
		if err != nil {
			return nil, err
		}
		if err := s.store.AddEnrolment(c.ctx(), enroller(), e); err != nil {
			return nil, err
		}
		d, err := s.enrol(c, code)
		if err != nil {
			return nil, err
		}
		return &kioskDevice{Device: d, point: &points[i]}, nil
	}
	return nil, &survey.Error{Code: survey.CodePointUnknown, Op: op}
}

// DemoPIN opens the service menu of the kiosk in a demonstration.
const DemoPIN = "123456"

// Bounds of what a beat may say. What is beyond them is kept as the bound: a beat is never refused for a number.
const (
	mostWaiting = 10_000_000
	mostBytes   = 1 << 50
	longestWord = 64
)

// kioskBeat keeps what a device tells of itself, and tells it which of its answers are missing.
func (s *Server) kioskBeat(c *call) error {
	const op = "beat"
	d, err := s.device(c)
	if err != nil {
		return err
	}
	if err := s.limited(s.limits.device, op, string(d.ID)); err != nil {
		return err
	}
	var req KioskBeat
	if err := decodeJSON(c.request(), &req); err != nil {
		return err
	}
	queue, ok := survey.ParseQueueID(req.Queue)
	if !ok {
		return survey.Errorf(survey.CodeBadRequest, op, "the queue has no id of ours")
	}
	if len(req.Program) > longestWord {
		return survey.Errorf(survey.CodeBadRequest, op, "the program's version is too long")
	}
	now := s.clock()
	state, err := s.store.SaveBeat(c.ctx(), d.ID, queue, beatOf(req, now))
	if err != nil {
		return err
	}
	config, err := s.kioskConfigOf(c.ctx(), d)
	if err != nil {
		return err
	}
	cookie, err := c.request().Cookie(s.kioskCookie)
	if err != nil {
		return err
	}
	s.setKioskCookie(c, cookie.Value)
	reply := KioskBeaten{Now: now.UnixMilli(), ETag: config.ETag, Missing: [][2]int{}, Next: state.Known() + 1}
	for _, r := range state.Missing() {
		reply.Missing = append(reply.Missing, [2]int{r.First, r.Last})
	}
	return c.json(http.StatusOK, reply)
}

// beatOf is a beat as the server keeps it.
func beatOf(req KioskBeat, now time.Time) survey.Beat {
	now = now.Truncate(time.Millisecond)
	b := survey.Beat{
		At: now, Program: survey.CleanText(req.Program),
		Waiting: between(req.Waiting, 0, mostWaiting), Last: between(req.Last, 0, mostSeq),
		Skew: time.Duration(between(req.Now-now.UnixMilli(), -mostSkew, mostSkew)) * time.Millisecond,
		Used: between(req.Used, 0, mostBytes), Room: between(req.Room, 0, mostBytes), Battery: between(req.Battery, -1, 100),
		Persistence: survey.PersistenceUnknown,
	}
	if b.Waiting > 0 && req.Oldest > 0 {
		b.Oldest = time.UnixMilli(min(req.Oldest, now.UnixMilli()))
	}
	switch p := survey.Persistence(req.Persistence); p {
	case survey.PersistenceGranted, survey.PersistenceRefused:
		b.Persistence = p
	}
	if req.PxPerMM > 0 && req.PxPerMM < 1000 {
		b.PxPerMM = math.Round(req.PxPerMM*1000) / 1000
	}
	return b
}

// mostSkew is the largest difference of clocks that is told apart: a hundred years, in milliseconds. It fits a time.Duration.
const mostSkew = 100 * 365 * 24 * 60 * 60 * 1000

func between[T int | int64](n, low, high T) T { return max(low, min(n, high)) }

// final reports whether an error is the server's last word on an answer: the device deletes its copy.
func final(err error) bool {
	e := normal(err)
	status := statusOf[e.Code]
	switch status {
	case 0, http.StatusUnauthorized, http.StatusForbidden, http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return false
	}
	return status < 500 && !errors.Is(err, context.Canceled)
}
