package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/text/unicode/norm"

	"sipas/survey"
	"sipas/survey/export"
)

type pointCmd struct {
	Add    pointAddCmd    `cmd:"" help:"Add a kiosk."`
	Code   pointCodeCmd   `cmd:"" help:"Make a code that turns one browser into the kiosk, and a PIN for its service menu."`
	List   pointListCmd   `cmd:"" help:"List the kiosks and what is known of their devices."`
	Revoke pointRevokeCmd `cmd:"" help:"End a kiosk for good: no device of it can send any more."`
}

// pointAddCmd adds a kiosk.
type pointAddCmd struct {
	dataFlag
	Name string `arg:"" placeholder:"NAME" help:"Name of the kiosk, such as quay-1."`
	Unit string `required:"" placeholder:"CODE" help:"Code of the unit where it stands."`
}

func (c *pointAddCmd) Run(ctx context.Context, a *app) error {
	return withData(ctx, a, c.Data, func(d *dataDir) error {
		name, ok := survey.ParsePointName(c.Name)
		if !ok {
			return usagef("The name %q cannot be used: write 2 to 64 letters, digits, dots, hyphens or blanks.", name)
		}
		unit, err := d.unit(ctx, a, c.Unit)
		if err != nil {
			return err
		}
		_, err = d.pointNamed(ctx, name)
		if err == nil {
			return tellf("There is a kiosk %s already: give the new one another name.", name)
		}
		if !survey.IsCode(err, survey.CodePointUnknown) {
			return err
		}
		p := survey.Point{ID: survey.NewPointID(), Unit: unit, Name: name}
		if err := d.db.AddPoint(ctx, survey.CommandLine(), p); err != nil {
			return err
		}
		fmt.Fprintf(a.stdout, "Added kiosk %s at %s. When its device is at hand, make a code for it:\nsipas point code %s\n", name, unit, quoted(name))
		return nil
	})
}

// quoted is a name as a shell reads it as one word.
func quoted(name string) string {
	if strings.Contains(name, " ") {
		return `"` + name + `"`
	}
	return name
}

// pointNamed returns the kiosk of a name that is in use, or CodePointUnknown. A name can be given again once its kiosk was revoked.
func (d *dataDir) pointNamed(ctx context.Context, name string) (*survey.Point, error) {
	points, err := d.db.Points(ctx)
	if err != nil {
		return nil, err
	}
	name = norm.NFC.String(name)
	for i := range points {
		if points[i].Name == name && !points[i].Revoked {
			return &points[i], nil
		}
	}
	return nil, &survey.Error{Code: survey.CodePointUnknown, Op: "find kiosk"}
}

// point is pointNamed that says what to do.
func (d *dataDir) point(ctx context.Context, name string) (*survey.Point, error) {
	p, err := d.pointNamed(ctx, name)
	if survey.IsCode(err, survey.CodePointUnknown) {
		return nil, tellf("There is no kiosk %q in use: \"sipas point list\" shows those that are there.", name)
	}
	return p, err
}

// pointCodeCmd makes a code for a kiosk.
type pointCodeCmd struct {
	dataFlag
	Name string `arg:"" placeholder:"NAME" help:"Name of the kiosk."`
}

func (c *pointCodeCmd) Run(ctx context.Context, a *app) error {
	return withStored(ctx, a, c.Data, func(d *dataDir) error {
		p, err := d.point(ctx, c.Name)
		if err != nil {
			return err
		}
		pin := survey.NewPIN()
		e, code, err := survey.NewEnrolment(p.ID, pin, a.now())
		if err != nil {
			return err
		}
		if err := d.db.AddEnrolment(ctx, survey.CommandLine(), e); err != nil {
			return err
		}
		fmt.Fprintf(a.stdout, "On the device that becomes kiosk %s, open /kiosk and enter the code.\n", p.Name)
		fmt.Fprintf(a.stdout, "Code (until %s, once): %s\n", e.Expires.In(survey.Zone).Format("15:04"), code)
		fmt.Fprintf(a.stdout, "PIN of its service menu (shown this once): %s\n", pin)
		return nil
	})
}

// pointListCmd lists the kiosks.
type pointListCmd struct{ dataFlag }

func (c *pointListCmd) Run(ctx context.Context, a *app) error {
	return withStored(ctx, a, c.Data, func(d *dataDir) error {
		points, err := d.db.Points(ctx)
		if err != nil {
			return err
		}
		devices, err := d.db.Devices(ctx)
		if err != nil {
			return err
		}
		units, err := d.db.Units(ctx)
		if err != nil {
			return err
		}
		names := export.NamesOf(units, nil)
		t := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(t, "KIOSK\tSTATE\tDEVICES\tLAST HEARD\tWAITING\tMISSING\tUNIT")
		for _, p := range points {
			state := "in use"
			if p.Revoked {
				state = "revoked"
			}
			h := heardOf(devices, p.ID)
			last := "never"
			if !h.last.IsZero() {
				last = h.last.In(survey.Zone).Format("2006-01-02 15:04")
			}
			fmt.Fprintf(t, "%s\t%s\t%d\t%s\t%d\t%d\t%s\n", p.Name, state, h.devices, last, h.waiting, h.missing, names.Unit(p.Unit, survey.Vietnamese))
		}
		return t.Flush()
	})
}

// heard is what is known of a kiosk's devices.
type heard struct {
	devices, waiting, missing int
	last                      time.Time
}

// heardOf sums up the devices of a kiosk. Answers that wait on a device that was revoked count too: they can still be fetched by
// enrolling it again.
func heardOf(devices []survey.DeviceState, point survey.PointID) heard {
	var h heard
	for _, d := range devices {
		if d.Point != point {
			continue
		}
		if d.Revoked.IsZero() {
			h.devices++
		}
		for _, q := range d.Queues {
			h.waiting += q.Beat.Waiting
			gaps := 0
			for _, r := range q.Missing() {
				gaps += r.Last - r.First + 1
			}
			h.missing += max(0, gaps-q.Beat.Waiting)
			if q.Beat.At.After(h.last) {
				h.last = q.Beat.At
			}
		}
	}
	return h
}

// pointRevokeCmd ends a kiosk.
type pointRevokeCmd struct {
	dataFlag
	Name string `arg:"" placeholder:"NAME" help:"Name of the kiosk."`
}

func (c *pointRevokeCmd) Run(ctx context.Context, a *app) error {
	return withStored(ctx, a, c.Data, func(d *dataDir) error {
		p, err := d.point(ctx, c.Name)
		if err != nil {
			return err
		}
		if err := d.db.RevokePoint(ctx, survey.CommandLine(), p.ID, a.now()); err != nil {
			return err
		}
		fmt.Fprintf(a.stdout, "Kiosk %s is revoked: its devices can neither fetch nor send anything within seconds. What waits on them is sealed and stays on them.\n", p.Name)
		return nil
	})
}
