package main

import (
	"context"
	"fmt"

	"golang.org/x/text/unicode/norm"

	"sipas/survey"
)

type pointCmd struct {
	Add pointAddCmd `cmd:"" help:"Add a kiosk and its account."`
}

// pointAddCmd adds a kiosk with the account that it signs in with.
type pointAddCmd struct {
	dataFlag
	Name string `arg:"" placeholder:"NAME" help:"Name of the kiosk, which it signs in with, too."`
	Unit string `required:"" placeholder:"CODE" help:"Code of the unit where it stands."`
}

func (c *pointAddCmd) Run(ctx context.Context, a *app) error {
	c.Name = norm.NFC.String(c.Name)
	return withData(ctx, a, c.Data, func(d *dataDir) error {
		unit, err := d.unit(ctx, a, c.Unit)
		if err != nil {
			return err
		}
		// A name that is taken is found before the kiosk is stored: a kiosk without an account would be of no use.
		if _, err := d.db.UserByName(ctx, c.Name); err == nil {
			return &survey.Error{Code: survey.CodeNameTaken, Op: "add point"}
		} else if !survey.IsCode(err, survey.CodeNotFound) {
			return err
		}
		if !accountName.MatchString(c.Name) {
			return usagef("The name %q cannot be used: write 2 to 64 letters, digits, dots, hyphens or blanks.", c.Name)
		}
		p := survey.Point{ID: survey.PointID("p-" + string(survey.NewToken())), Unit: unit, Name: c.Name}
		if err := d.db.AddPoint(ctx, survey.CommandLine(), p); err != nil {
			return err
		}
		password := newPassword()
		if err := d.addUser(ctx, &survey.User{Role: survey.Kiosk, Point: p.ID}, c.Name, password); err != nil {
			return err
		}
		fmt.Fprintf(a.stdout, "Added kiosk %s at %s. Open /kiosk on the device and sign in once:\n", c.Name, unit)
		fmt.Fprintf(a.stdout, "Name: %s\nPassword (shown this once): %s\n", c.Name, password)
		return nil
	})
}
