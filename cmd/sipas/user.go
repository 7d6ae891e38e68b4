package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"

	"golang.org/x/text/unicode/norm"

	"sipas/survey"
	"sipas/survey/export"
	"sipas/survey/web"
)

type userCmd struct {
	Add  userAddCmd  `cmd:"" help:"Add an account."`
	List userListCmd `cmd:"" help:"List the accounts."`
}

// userAddCmd adds an account.
type userAddCmd struct {
	dataFlag
	Name          string   `arg:"" placeholder:"NAME" help:"Name to sign in with."`
	Role          string   `required:"" enum:"analyst,department,administrator" placeholder:"ROLE" help:"One of ${enum}."`
	Unit          []string `placeholder:"CODE" help:"Code of a unit whose results a department account sees; may be given more than once."`
	PasswordStdin bool     `help:"Read the password from the first line of the standard input; otherwise one is made and printed once."`
}

func (c *userAddCmd) Run(ctx context.Context, a *app) error {
	role := survey.Role(c.Role)
	if (role == survey.Department) != (len(c.Unit) > 0) {
		return usagef("--unit: a department account needs the codes of its units, and no other account has any.")
	}
	return withData(ctx, a, c.Data, func(d *dataDir) error {
		u := survey.User{Role: role}
		for _, code := range c.Unit {
			id, err := d.unit(ctx, a, code)
			if err != nil {
				return err
			}
			if !slices.Contains(u.Units, id) {
				u.Units = append(u.Units, id)
			}
		}
		password, made, err := c.password(a)
		if err != nil {
			return err
		}
		if err := d.addUser(ctx, &u, c.Name, password); err != nil {
			return err
		}
		fmt.Fprintf(a.stdout, "Added %s account %s.\n", u.Role, u.Name)
		if made {
			fmt.Fprintf(a.stdout, "Password (shown this once): %s\n", password)
		}
		return nil
	})
}

// password reads the password, or makes one of 128 bits.
func (c *userAddCmd) password(a *app) (password string, made bool, err error) {
	if !c.PasswordStdin {
		return newPassword(), true, nil
	}
	line, err := bufio.NewReader(io.LimitReader(a.stdin, 4096)).ReadString('\n')
	if err != nil && err != io.EOF {
		return "", false, err
	}
	return strings.TrimRight(line, "\r\n"), false, nil
}

// newPassword makes a password from the system's randomness, in letters that are hard to confuse.
func newPassword() string {
	s := string(survey.NewToken())
	return s[:6] + "-" + s[6:13] + "-" + s[13:20] + "-" + s[20:]
}

var accountName = regexp.MustCompile(`^[\pL\pN][\pL\pN ._@-]{0,62}[\pL\pN]$`)

// addUser completes an account with an id, a name and the hash of its password, and stores it.
func (d *dataDir) addUser(ctx context.Context, u *survey.User, name, password string) error {
	name = norm.NFC.String(name)
	if !accountName.MatchString(name) {
		return usagef("The name %q cannot be used: write 2 to 64 letters, digits, dots, hyphens or blanks.", name)
	}
	hash, err := web.HashPassword(password)
	if err != nil {
		return err
	}
	u.ID, u.Name, u.PasswordHash = survey.UserID("u-"+string(survey.NewToken())), name, hash
	return d.db.AddUser(ctx, survey.CommandLine(), *u)
}

// unit returns the unit that a code means today.
func (d *dataDir) unit(ctx context.Context, a *app, code string) (survey.UnitID, error) {
	return d.unitOn(ctx, code, survey.DayOf(a.now()))
}

// unitOn returns the unit that a code means on a day.
func (d *dataDir) unitOn(ctx context.Context, code string, day survey.Day) (survey.UnitID, error) {
	units, err := d.db.Units(ctx)
	if err != nil {
		return "", err
	}
	switch id, reason := export.UnitsOf(units, "")(code, day); reason {
	case "":
		return id, nil
	case export.ReasonUnitNotValid:
		return "", tellf("The unit %s does not exist on %s any more, or not yet.", code, day)
	default:
		return "", tellf("No unit has the code %q: load units with \"sipas import units\", or mind leading zeros.", code)
	}
}

// userListCmd lists the accounts.
type userListCmd struct{ dataFlag }

func (c *userListCmd) Run(ctx context.Context, a *app) error {
	return withStored(ctx, a, c.Data, func(d *dataDir) error {
		users, err := d.db.Users(ctx)
		if err != nil {
			return err
		}
		units, err := d.db.Units(ctx)
		if err != nil {
			return err
		}
		names := export.NamesOf(units, nil)
		t := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(t, "NAME\tROLE\tSTATE\tUNITS")
		for _, u := range users {
			state, of := "active", ""
			if u.Disabled {
				state = "disabled"
			}
			for i, id := range u.Units {
				if i > 0 {
					of += ", "
				}
				of += names.Unit(id, survey.Vietnamese)
			}
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", u.Name, u.Role, state, of)
		}
		return t.Flush()
	})
}
