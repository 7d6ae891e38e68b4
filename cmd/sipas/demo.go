package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"sipas/survey"
	"sipas/survey/export"
	"sipas/survey/web"
)

// demoCmd fills a fresh database with the demonstration and serves it.
type demoCmd struct {
	Data string `placeholder:"DIR" help:"Keep the data in this directory, and show them again when they are there. Default: a new temporary directory."`
	Addr string `placeholder:"ADDR" default:"127.0.0.1:8080" help:"Address to listen on; also SIPAS_ADDR. Default: ${default}."`
}

// demoLinks is the file of tokens that nobody of the made world answers: they are for whoever looks at the demonstration.
const demoLinks = "unanswered-tokens.txt"

// demoPassword is the password of every account of the demonstration. It is no secret.
const demoPassword = "tay-ninh-2026"

// demoAccounts are the accounts of the demonstration, one for each role. Each name is its role's.
func demoAccounts(w *world) []survey.User {
	return []survey.User{
		{Name: string(survey.Analyst), Role: survey.Analyst},
		{Name: string(survey.Department), Role: survey.Department, Units: []survey.UnitID{w.Planted[0].Unit}},
		{Name: string(survey.Administrator), Role: survey.Administrator},
	}
}

func (c *demoCmd) Run(ctx context.Context, a *app) error {
	dir := c.Data
	if dir == "" {
		made, err := os.MkdirTemp("", "sipas-demo-")
		if err != nil {
			return fmt.Errorf("make a directory for the data: %w", err)
		}
		dir = made
	}
	fresh, err := isFresh(dir)
	if err != nil {
		return err
	}
	_, err = os.Stat(filepath.Join(dir, keysName, sealName))
	sealed := err == nil
	began, filled := time.Now(), !fresh
	var token survey.Token
	s := server{addr: c.Addr, open: func(ctx context.Context) (http.Handler, func() error, error) {
		d, err := openData(ctx, a, dir, false)
		if err != nil {
			return nil, nil, err
		}
		err = fillOrKeep(ctx, a, d, fresh)
		if err == nil {
			err = d.beatDemoKiosks(ctx, a.now())
		}
		if err == nil {
			token, err = d.freshToken(ctx)
		}
		if err = errors.Join(err, d.Close()); err != nil {
			return nil, nil, err
		}
		filled = true
		return openPages(ctx, a, dir, web.Config{Demo: true, DemoKiosk: true})
	}}
	s.ready = func(address string) {
		fmt.Fprintf(a.stderr, "Ready after %.1f s.\n", time.Since(began).Seconds())
		welcome(a.stdout, dir, address, token)
	}
	err = s.serve(ctx, a)
	if !filled {
		// Half a demonstration is of no use, and everything of it was made by this very run.
		return errors.Join(err, unmake(dir, c.Data == "", sealed))
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(a.stdout, "Stopped. The data are in %s; \"sipas demo --data %s\" shows them again.\n", dir, dir)
	return nil
}

// isFresh reports whether a directory holds no database yet.
func isFresh(dir string) (bool, error) {
	_, err := os.Stat(filepath.Join(dir, databaseName))
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	return false, err
}

// unmake removes what a run that was stopped half way left: the whole directory when the run made it, and
// otherwise no more than the files that the run put there: sealed says that the key of the kiosks was there before.
func unmake(dir string, whole, sealed bool) error {
	if whole {
		return os.RemoveAll(dir)
	}
	var all error
	names := []string{
		databaseName, databaseName + "-wal", databaseName + "-shm", databaseName + "-keeper", filepath.Join(keysName, string(demoWaveID)+".key"),
		filepath.Join(invitationName, demoListName), demoLinks,
	}
	if !sealed {
		names = append(names, filepath.Join(keysName, sealName))
	}
	for _, name := range names {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			all = errors.Join(all, err)
		}
	}
	return all
}

// fillOrKeep fills a fresh directory, and lets one be that holds the whole demonstration.
func fillOrKeep(ctx context.Context, a *app, d *dataDir, fresh bool) error {
	if fresh {
		return fill(ctx, a, d)
	}
	waves, err := d.db.Waves(ctx)
	if err != nil {
		return err
	}
	if len(waves) != 1 || waves[0].ID != demoWaveID {
		return tellf("%s holds data that are not the demonstration's: name another directory with --data.", d.dir)
	}
	_, err = d.db.ReleaseID(ctx, demoWaveID, survey.StateProvisional)
	if survey.IsCode(err, survey.CodeNotFound) {
		return tellf("The demonstration in %s was not finished: delete the directory, or name another one with --data.", d.dir)
	}
	return err
}

// welcome prints the address of each screen and a sign-in for each role. Whoever reads it may be gone, so failures to
// write are nobody's to hear.
func welcome(out io.Writer, dir, address string, token survey.Token) {
	wave := address + "/waves/" + string(demoWaveID)
	fmt.Fprintf(out, "\nTây Ninh, third quarter of 2026. All data are made.\nThe demonstration answers at %s\n\n", address)
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	line := func(what, where string) { fmt.Fprintf(t, "  %s\t%s\n", what, where) }
	if token != "" {
		line("A citizen's form", address+"/s/"+string(token))
	}
	line("The kiosk (PIN of its service menu: "+web.DemoPIN+")", address+"/kiosk")
	line("Published results, for everybody", address+"/releases")
	line("Sign in", address+"/signin")
	line("Overview of the wave", wave)
	line("Scores", wave+"/scores")
	line("Heat map", wave+"/heatmap")
	line("Map", wave+"/map")
	line("Flags", wave+"/flags")
	line("Published PAPI scores", address+"/papi")
	line("Assessments with their evidence", address+"/assessments")
	line("What a department should mend", address+"/repair")
	line("Administration", address+"/admin")
	_ = t.Flush()
	fmt.Fprintf(out, "\nSign in as analyst, department or administrator; the password of each is %s\n", demoPassword)
	fmt.Fprintf(out, "More links of citizens who have not answered: %s/s/ and a line of %s\n", address, filepath.Join(dir, demoLinks))
	fmt.Fprintf(out, "The data are in %s. Ctrl-C stops.\n", dir)
}

// freshToken returns a token that nobody has answered yet, or "" when all are used.
func (d *dataDir) freshToken(ctx context.Context) (survey.Token, error) {
	links, err := os.ReadFile(filepath.Join(d.dir, demoLinks))
	if err != nil {
		return "", err
	}
	key, err := d.keys.Key(demoWaveID)
	if err != nil {
		return "", err
	}
	for line := range strings.FieldsSeq(string(links)) {
		token := survey.Token(line)
		_, err := d.db.Response(ctx, key.ResponseID(token))
		if survey.IsCode(err, survey.CodeNotFound) {
			return token, nil
		}
		if err != nil {
			return "", err
		}
	}
	return "", nil
}

// writeLinks keeps the first of the unanswered tokens for visitors.
func writeLinks(dir string, unanswered []letter, n int) error {
	return export.CreateFile(filepath.Join(dir, demoLinks), func(w io.Writer) error {
		for _, l := range unanswered[:min(n, len(unanswered))] {
			if _, err := fmt.Fprintln(w, l.Token); err != nil {
				return err
			}
		}
		return nil
	})
}
