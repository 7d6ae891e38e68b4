package pages

import (
	"time"

	"sipas/survey"
	"sipas/templates/layout"
	"sipas/templates/ui"
)

// KioskRow is one kiosk of the fleet, as it is at the view's Now.
type KioskRow struct {
	Name string
	Unit string
	Href string
	// CodeAction is where the form goes that makes a code.
	CodeAction string
	States     []survey.KioskState // the most urgent first, never empty
	Enrolled   time.Time           // of the device that was heard of last; zero without one
	LastSeen   time.Time           // zero before the first time
	Waiting    int                 // answers on its devices
	Oldest     time.Time           // when the oldest of them was given; zero where it is not known
	Last       int                 // the highest number that was given out
	Lost       []survey.Range      // numbers that are neither here nor waiting
	Today      int                 // answers
	Skew       time.Duration       // its clock less the server's

	Persistence survey.Persistence
	Used, Room  int64 // bytes; 0 where the browser does not say
	Battery     int   // per cent; -1 where the browser does not say
	Program     string
	PxPerMM     float64 // 0 where the screen was not measured
}

// Urgent reports whether somebody has to do something.
func (r KioskRow) Urgent() bool { return r.States[0].Urgent() }

// RefusedRow is how many answers arrived and were refused for good, for one reason.
type RefusedRow struct {
	Code survey.Code
	N    int
}

// NewKiosk is the form that adds a kiosk.
type NewKiosk struct {
	Action string
	Name   string // as it was typed
	Units  []layout.Choice
	Errors []ui.FieldError
}

// FleetView is the page of all kiosks, the most urgent first.
type FleetView struct {
	Shell    layout.Staff
	Now      time.Time
	Rows     []KioskRow
	Refused  []RefusedRow
	Add      NewKiosk
	DemoHref string // opens the kiosk of a demonstration; empty elsewhere
}

// QueueRow is what is known of one life of a device's storage.
type QueueRow struct {
	Begun   time.Time
	Last    int
	Arrived int
	Waiting int
	Lost    []survey.Range
	Refused []RefusedRow
}

// DeviceRow is one browser that was enrolled at a kiosk.
type DeviceRow struct {
	ID           string
	Enrolled     time.Time
	LastSeen     time.Time
	Revoked      time.Time // zero while it may answer
	Queues       []QueueRow
	RevokeAction string
}

// KioskCode is a code that was just made. It is shown once.
type KioskCode struct {
	Code    string
	PIN     string
	Until   time.Time
	Address string // what to open on the device
}

// FleetKioskView is the page of one kiosk.
type FleetKioskView struct {
	Shell        layout.Staff
	Now          time.Time
	Row          KioskRow
	Devices      []DeviceRow
	Made         *KioskCode
	BackHref     string
	CodeAction   string
	RevokeAction string
	Revoked      bool
}
