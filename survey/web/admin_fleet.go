package web

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"sipas/survey"
	"sipas/templates/i18n"
	"sipas/templates/layout"
	"sipas/templates/pages"
	"sipas/templates/ui"
)

// fleetPath is the page of all kiosks.
const fleetPath = "/admin/kiosks"

func kioskPath(id survey.PointID, act string) string {
	path := fleetPath + "/" + url.PathEscape(string(id))
	if act == "" {
		return path
	}
	return path + "/" + act
}

// fleetState is what the pages of kiosks show, read at one moment.
type fleetState struct {
	now    time.Time
	waves  []*survey.Wave
	units  *directory
	health []survey.KioskHealth
	today  map[survey.PointID]int
}

// readFleet computes how every kiosk is.
func (s *Server) readFleet(ctx context.Context) (*fleetState, error) {
	f := &fleetState{now: s.clock(), today: map[survey.PointID]int{}}
	points, err := s.store.Points(ctx)
	if err != nil {
		return nil, err
	}
	devices, err := s.store.Devices(ctx)
	if err != nil {
		return nil, err
	}
	if f.waves, err = s.store.Waves(ctx); err != nil {
		return nil, err
	}
	if f.units, err = s.unitDirectory(ctx); err != nil {
		return nil, err
	}
	today := survey.DayOf(f.now)
	for _, w := range f.waves {
		if w.State != survey.WaveOpen {
			continue
		}
		days, err := s.store.DayCounts(ctx, w.ID)
		if err != nil {
			return nil, err
		}
		for _, d := range days {
			if d.Day == today && d.Point != "" {
				f.today[d.Point] += d.N
			}
		}
	}
	at := map[survey.PointID][]survey.DeviceState{}
	for _, d := range devices {
		at[d.Point] = append(at[d.Point], d)
	}
	opening := openingOf(f.waves)
	for _, p := range points {
		f.health = append(f.health, survey.HealthOf(p, at[p.ID], f.now, opening, s.cfg.Program))
	}
	return f, nil
}

// openingOf is when offices may be open: as the latest open wave says.
func openingOf(waves []*survey.Wave) survey.Opening {
	for _, w := range waves {
		if w.State == survey.WaveOpen {
			return w.Rules.Gaming.Opening
		}
	}
	return survey.DefaultGaming().Opening
}

// fleet shows every kiosk.
func (s *Server) fleet(c *call) error { return s.fleetPage(c, http.StatusOK, pages.NewKiosk{}, "") }

// fleetPage shows the kiosks with the form that adds one, as it came back.
func (s *Server) fleetPage(c *call, status int, form pages.NewKiosk, unit survey.UnitID) error {
	f, err := s.readFleet(c.ctx())
	if err != nil {
		return err
	}
	form.Action, form.Units = fleetPath, f.unitChoices(unit, c.lang)
	v := pages.FleetView{Shell: s.fleetShell(c, f, fleetPath), Now: f.now.In(survey.Zone), Add: form}
	if s.cfg.DemoKiosk {
		v.DemoHref = "/kiosk"
	}
	refused := map[survey.Code]int{}
	for i := range f.health {
		k := &f.health[i]
		v.Rows = append(v.Rows, f.row(k, c.lang))
		for _, d := range k.Devices {
			countRefused(refused, d.Queues)
		}
	}
	v.Refused = refusedRows(refused)
	order := survey.KioskStates()
	sortNamed(v.Rows, c.lang, func(r pages.KioskRow) (string, string) { return r.Name, r.Href })
	slices.SortStableFunc(v.Rows, func(a, b pages.KioskRow) int {
		return cmp.Compare(slices.Index(order, a.States[0]), slices.Index(order, b.States[0]))
	})
	return c.page(status, pages.Fleet(v))
}

func (s *Server) fleetShell(c *call, f *fleetState, path string) layout.Staff {
	var latest *survey.Wave
	if len(f.waves) > 0 {
		latest = f.waves[0]
	}
	shell := s.staffShell(c, "kiosk", latest)
	// The page of a code that was made is the answer to a form: in another language it cannot be asked for again.
	shell.Languages = languagesOf(c, path)
	return shell
}

// row is a kiosk as the pages show it.
func (f *fleetState) row(k *survey.KioskHealth, l survey.Lang) pages.KioskRow {
	r := pages.KioskRow{
		Name: k.Point.Name, Unit: f.units.name(k.Point.Unit, l), Href: kioskPath(k.Point.ID, ""),
		CodeAction: kioskPath(k.Point.ID, "code"), States: k.States,
		Today: f.today[k.Point.ID], Battery: -1,
	}
	r.Waiting, r.Oldest = k.Waiting()
	r.Oldest = local(r.Oldest)
	if d := k.Device(); d != nil {
		r.Enrolled, r.LastSeen, r.Lost = local(d.Enrolled), local(d.Beat.At), d.Lost
		if len(d.Queues) > 0 {
			r.Last = d.Queues[0].Known()
		}
		if !d.Beat.At.IsZero() {
			r.Skew, r.Persistence, r.Program, r.PxPerMM = d.Beat.Skew, d.Beat.Persistence, d.Beat.Program, d.Beat.PxPerMM
			r.Used, r.Room, r.Battery = d.Beat.Used, d.Beat.Room, d.Beat.Battery
		}
	}
	return r
}

// local is a time for pages; no time stays none.
func local(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.In(survey.Zone)
}

func countRefused(into map[survey.Code]int, queues []survey.QueueState) {
	for _, q := range queues {
		for _, r := range q.Refused {
			into[r.Code] += r.N
		}
	}
}

// refusedRows lists what was refused, the most frequent reason first.
func refusedRows(counts map[survey.Code]int) []pages.RefusedRow {
	var rows []pages.RefusedRow
	for code, n := range counts {
		rows = append(rows, pages.RefusedRow{Code: code, N: n})
	}
	slices.SortFunc(rows, func(a, b pages.RefusedRow) int { return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Code, b.Code)) })
	return rows
}

// unitChoices are the units of today where a kiosk may stand: below the province of a wave, or all where there is no wave.
func (f *fleetState) unitChoices(chosen survey.UnitID, l survey.Lang) []layout.Choice {
	today := survey.DayOf(f.now)
	var ids []survey.UnitID
	for _, u := range f.units.all {
		within := len(f.waves) == 0 || slices.ContainsFunc(f.waves, func(w *survey.Wave) bool { return f.units.within(u.ID, w.Province) })
		if u.ValidOn(today) && within {
			ids = append(ids, u.ID)
		}
	}
	sortUnits(ids, f.units, l)
	choices := make([]layout.Choice, 0, len(ids))
	for _, id := range ids {
		choices = append(choices, layout.Choice{Value: string(id), Label: f.units.name(id, l), Selected: id == chosen})
	}
	return choices
}

// fleetAdd adds a kiosk and shows its page, where a code can be made for it.
func (s *Server) fleetAdd(c *call) error {
	const op = "add kiosk"
	if err := c.request().ParseForm(); err != nil {
		return badForm(op, err)
	}
	form := pages.NewKiosk{Name: survey.CleanText(c.request().PostForm.Get("name"))}
	unit := survey.UnitID(c.request().PostForm.Get("unit"))
	wrong := func(field, text string) { form.Errors = append(form.Errors, ui.FieldError{ID: field, Text: text}) }
	name, ok := survey.ParsePointName(form.Name)
	if !ok {
		wrong("kiosk-name", i18n.T(c.lang, "fleet.name_bad"))
	}
	points, err := s.store.Points(c.ctx())
	if err != nil {
		return err
	}
	if slices.ContainsFunc(points, func(p survey.Point) bool { return ok && p.Name == name && !p.Revoked }) {
		wrong("kiosk-name", i18n.T(c.lang, "fleet.name_taken", "name", name))
	}
	units, err := s.unitDirectory(c.ctx())
	if err != nil {
		return err
	}
	if _, known := units.unit(unit); !known {
		wrong("kiosk-unit", i18n.T(c.lang, "fleet.unit_bad"))
	}
	if len(form.Errors) > 0 {
		return s.fleetPage(c, http.StatusUnprocessableEntity, form, unit)
	}
	p := survey.Point{ID: survey.NewPointID(), Unit: unit, Name: name}
	if err := s.store.AddPoint(c.ctx(), c.actor, p); err != nil {
		return err
	}
	return c.redirect(kioskPath(p.ID, ""))
}

// fleetKiosk shows one kiosk.
func (s *Server) fleetKiosk(c *call) error { return s.kioskPage(c, nil) }

func (s *Server) kioskPage(c *call, made *pages.KioskCode) error {
	id := survey.PointID(c.param("point"))
	f, err := s.readFleet(c.ctx())
	if err != nil {
		return err
	}
	at := slices.IndexFunc(f.health, func(k survey.KioskHealth) bool { return k.Point.ID == id })
	if at < 0 {
		return survey.Errorf(survey.CodeNotFound, "show kiosk", "no kiosk %q", id)
	}
	k := &f.health[at]
	v := pages.FleetKioskView{
		Shell: s.fleetShell(c, f, kioskPath(id, "")), Now: f.now.In(survey.Zone), Row: f.row(k, c.lang), Made: made, BackHref: fleetPath,
		CodeAction: kioskPath(id, "code"), RevokeAction: kioskPath(id, "revoke"), Revoked: k.Point.Revoked,
	}
	for _, d := range k.Devices {
		v.Devices = append(v.Devices, deviceRow(d.DeviceState))
	}
	for _, d := range k.Ended {
		v.Devices = append(v.Devices, deviceRow(d))
	}
	return c.page(http.StatusOK, pages.FleetKiosk(v))
}

// shortID is as much of a device's id as tells it from the others of a kiosk.
const shortID = 6

func deviceRow(d survey.DeviceState) pages.DeviceRow {
	r := pages.DeviceRow{
		ID: string(d.ID[:min(shortID, len(d.ID))]), Enrolled: local(d.Enrolled), Revoked: local(d.Revoked),
		RevokeAction: kioskPath(d.Point, "devices/"+url.PathEscape(string(d.ID))+"/revoke"),
	}
	for _, q := range d.Queues {
		if at := local(q.Beat.At); at.After(r.LastSeen) {
			r.LastSeen = at
		}
		row := pages.QueueRow{Begun: local(q.Begun), Last: q.Known(), Waiting: q.Beat.Waiting, Lost: q.Lost()}
		for _, a := range q.Arrived {
			row.Arrived += a.Last - a.First + 1
		}
		refused := map[survey.Code]int{}
		countRefused(refused, []survey.QueueState{q})
		row.Refused = refusedRows(refused)
		r.Queues = append(r.Queues, row)
	}
	return r
}

// fleetCode makes an enrolment code and shows it, with the PIN, this once: neither can be read back from anywhere.
func (s *Server) fleetCode(c *call) error {
	pin := survey.NewPIN()
	e, code, err := survey.NewEnrolment(survey.PointID(c.param("point")), pin, s.clock())
	if err != nil {
		return err
	}
	c.secret(pin, string(code), code.String(), e.CodeHash)
	if err := s.store.AddEnrolment(c.ctx(), c.actor, e); err != nil {
		return noKiosk(err)
	}
	return s.kioskPage(c, &pages.KioskCode{
		Code: code.String(), PIN: pin, Until: e.Expires.In(survey.Zone), Address: s.baseURL(c) + "/kiosk",
	})
}

// fleetRevoke ends a kiosk and all its devices.
func (s *Server) fleetRevoke(c *call) error {
	id := survey.PointID(c.param("point"))
	if err := s.store.RevokePoint(c.ctx(), c.actor, id, s.clock()); err != nil {
		return noKiosk(err)
	}
	return c.redirect(kioskPath(id, ""))
}

// fleetRevokeDevice ends one device.
func (s *Server) fleetRevokeDevice(c *call) error {
	if err := s.store.RevokeDevice(c.ctx(), c.actor, survey.DeviceID(c.param("device")), s.clock()); err != nil {
		return noKiosk(err)
	}
	return c.redirect(kioskPath(survey.PointID(c.param("point")), ""))
}

// noKiosk tells an administrator that a kiosk or device is not there. To a device the same errors say that it is not known itself.
func noKiosk(err error) error {
	if survey.IsCode(err, survey.CodePointUnknown) || survey.IsCode(err, survey.CodeDeviceUnknown) {
		return survey.Errorf(survey.CodeNotFound, "manage kiosks", "%w", err)
	}
	return err
}
