package pages_test

import (
	"fmt"
	"time"

	"sipas/survey"
	"sipas/templates/i18n"
	"sipas/templates/layout"
	"sipas/templates/pages"
	"sipas/templates/ui"
)

// fleetNow is the moment of the sample fleet.
var fleetNow = time.Date(2026, 11, 23, 9, 41, 0, 0, survey.Zone)

func sampleKioskRow(name, unit string, states ...survey.KioskState) pages.KioskRow {
	return pages.KioskRow{
		Name: name, Unit: unit, Href: "/admin/kiosks/" + name, States: states, Enrolled: fleetNow.AddDate(0, -2, 0), LastSeen: fleetNow.Add(-40 * time.Second),
		Last: 214, Today: 31, Persistence: survey.PersistenceGranted, Used: 2 << 20, Room: 1 << 30, Battery: -1, Program: "0.1", PxPerMM: 5.9,
	}
}

// sampleFleet has a kiosk in every state, several of them in more than one.
func sampleFleet(l i18n.Lang) pages.FleetView {
	tanNinh, benLuc := "Phường Tân Ninh", "Xã Bến Lức"
	missing := sampleKioskRow("Quầy một cửa số 1", tanNinh, survey.KioskMissing, survey.KioskClock)
	missing.Lost, missing.Skew = []survey.Range{{First: 211, Last: 211}}, -367*24*time.Hour
	behind := sampleKioskRow("Sảnh trung tâm", "Trung tâm phục vụ hành chính công tỉnh Tây Ninh", survey.KioskBehind)
	behind.Waiting, behind.Oldest = 14, fleetNow.Add(-2*time.Hour)
	quiet := sampleKioskRow("Quầy số 2", benLuc, survey.KioskQuiet, survey.KioskBattery)
	quiet.LastSeen, quiet.Waiting, quiet.Oldest, quiet.Battery = fleetNow.AddDate(0, 0, -3), 128, fleetNow.AddDate(0, 0, -9), 11
	full := sampleKioskRow("Quầy số 3", benLuc, survey.KioskFull, survey.KioskStorage)
	full.Used, full.Persistence = 950<<20, survey.PersistenceRefused
	unseen := sampleKioskRow("Quầy số 4", benLuc, survey.KioskUnseen)
	unseen.LastSeen, unseen.Last, unseen.Today = time.Time{}, 0, 0
	empty := pages.KioskRow{Name: "Quầy số 5", Unit: tanNinh, Href: "/admin/kiosks/5", States: []survey.KioskState{survey.KioskEmpty}, Battery: -1}
	old := sampleKioskRow("Quầy số 6", tanNinh, survey.KioskOld)
	old.Program, old.PxPerMM, old.Room, old.Persistence = "0.0.9", 0, 0, ""
	revoked := pages.KioskRow{Name: "Quầy cũ", Unit: benLuc, Href: "/admin/kiosks/old", States: []survey.KioskState{survey.KioskRevoked}, Battery: -1}
	return pages.FleetView{
		Shell: staff(l, "kiosk", ""), Now: fleetNow, DemoHref: "/kiosk",
		Rows:    []pages.KioskRow{missing, behind, full, quiet, unseen, empty, old, sampleKioskRow("Quầy số 7", tanNinh, survey.KioskFine), revoked},
		Refused: []pages.RefusedRow{{Code: survey.CodeTokenUsed, N: 12}, {Code: survey.CodeBadRequest, N: 1}},
		Add:     sampleNewKiosk(),
	}
}

func sampleNewKiosk() pages.NewKiosk {
	return pages.NewKiosk{Action: "/admin/kiosks", Units: []layout.Choice{{Value: "1", Label: "Phường Tân Ninh"}, {Value: "2", Label: "Xã Bến Lức", Selected: true}}}
}

// sampleWell has as many kiosks as wanted, and nothing is the matter with any.
func sampleWell(l i18n.Lang, n int) pages.FleetView {
	v := pages.FleetView{Shell: staff(l, "kiosk", ""), Now: fleetNow, Add: sampleNewKiosk()}
	for i := range n {
		v.Rows = append(v.Rows, sampleKioskRow(fmt.Sprintf("Quầy %d", i+1), "Phường Tân Ninh", survey.KioskFine))
	}
	return v
}

func sampleRefusedForm(l i18n.Lang) pages.FleetView {
	v := sampleWell(l, 1)
	v.Add.Name = "!"
	v.Add.Errors = []ui.FieldError{{ID: "kiosk-name", Text: i18n.T(l, "fleet.name_bad")}, {ID: "kiosk-unit", Text: i18n.T(l, "fleet.unit_bad")}}
	return v
}

func sampleFleetKiosk(l i18n.Lang, made bool) pages.FleetKioskView {
	row := sampleFleet(l).Rows[0]
	v := pages.FleetKioskView{
		Shell: staff(l, "kiosk", ""), Now: fleetNow, Row: row, BackHref: "/admin/kiosks", CodeAction: "/code", RevokeAction: "/revoke",
		Devices: []pages.DeviceRow{
			{ID: "7f3a01", Enrolled: row.Enrolled, LastSeen: row.LastSeen, RevokeAction: "/device/revoke", Queues: []pages.QueueRow{
				{Begun: row.Enrolled, Last: 214, Arrived: 213, Lost: row.Lost, Refused: []pages.RefusedRow{{Code: survey.CodeTokenUsed, N: 2}}},
				{Begun: row.Enrolled.AddDate(0, 0, -20), Last: 40, Arrived: 31, Lost: []survey.Range{{First: 4, Last: 6}, {First: 9, Last: 9}, {First: 11, Last: 11}, {First: 14, Last: 14}, {First: 20, Last: 20}, {First: 30, Last: 31}}},
			}},
			{ID: "0bb2c9", Enrolled: row.Enrolled.AddDate(0, -3, 0), Revoked: row.Enrolled},
		},
	}
	if made {
		v.Made = &pages.KioskCode{Code: "k7m2-9xqd", PIN: "048213", Until: fleetNow.Add(10 * time.Minute), Address: "https://kiosk.example.vn/kiosk"}
	}
	return v
}

func sampleSignals(l i18n.Lang) pages.SignalsView {
	with, without := figure(i18n.T(l, "signals.with_all"), 81.5, 5123), figure(i18n.T(l, "signals.without_marked"), 81.2, 5100)
	return pages.SignalsView{
		Shell: staff(l, "results", "signals"), Kiosks: 12, Answers: 4120, Rules: survey.DefaultGaming(), Minimum: 15,
		Marked: []pages.SignalRow{
			{Kiosk: "Quầy một cửa số 1", Unit: "Phường Tân Ninh", Month: "2026-08", Signal: survey.SignalSameAnswers, N: 42},
			{Kiosk: "Quầy một cửa số 1", Unit: "Phường Tân Ninh", Month: "2026-08", Signal: survey.SignalBurst, N: 23},
			{Kiosk: "Quầy một cửa số 1", Unit: "Phường Tân Ninh", Month: "2026-08", Signal: survey.SignalHasty},
			{Kiosk: "Sảnh trung tâm", Unit: "Xã Bến Lức", Month: "2026-09", Signal: survey.SignalClosed},
		},
		Excesses: []pages.ExcessRow{{Unit: "Phường Tân Ninh", Answers: 1402, Transactions: 1310}, {Unit: "Phường Tân Ninh", Month: "2026-08", Answers: 612, Transactions: 431}},
		Jumps: []pages.JumpRow{
			{Kiosk: "Quầy một cửa số 1", Unit: "Phường Tân Ninh", From: fleetNow.AddDate(0, -3, 0), To: fleetNow.AddDate(0, -3, 0), Days: 1, N: 118, Usual: 31},
			{Kiosk: "Sảnh trung tâm", Unit: "Xã Bến Lức", From: fleetNow.AddDate(0, -3, 0), To: fleetNow.AddDate(0, -2, -9), Days: 14, N: 66, Usual: 5},
		},
		Comparisons: []pages.Comparison{
			{Suspect: 23, With: with, Without: without}, {Suspect: 71, WalkIns: true, With: with, Without: without},
		},
	}
}
