package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"
)

// The exit codes.
const (
	exitDone  = 0
	exitError = 1 // the command was understood and failed
	exitUsage = 2 // the command was not understood
)

// app is all of the outside world that a command may touch.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	env            func(string) string
	now            func() time.Time
	log            *slog.Logger
}

// cli is the grammar of the command line.
type cli struct {
	Serve      serveCmd      `cmd:"" help:"Answer citizens and staff over HTTP."`
	Demo       demoCmd       `cmd:"" help:"Fill a fresh database with made data and serve it."`
	Papi       papiCmd       `cmd:"" help:"Compute and compare published PAPI scores, of one province or of all."`
	Wave       waveCmd       `cmd:"" help:"Create, change, close and list survey periods."`
	Import     importCmd     `cmd:"" help:"Load units or a transaction register from a CSV file."`
	Invite     inviteCmd     `cmd:"" help:"Draw a sample of a wave's register and write its tokens."`
	Score      scoreCmd      `cmd:"" help:"Weight a wave's answers, or score a table or file by a framework; print indices and flags."`
	Publish    publishCmd    `cmd:"" help:"Publish a wave's figures as a release that never changes."`
	Verify     verifyCmd     `cmd:"" help:"Check that no published release was changed, added or taken out."`
	Export     exportCmd     `cmd:"" help:"Write responses with weights, a codebook, figures and comments."`
	Compare    compareCmd    `cmd:"" help:"Compare the figures of two waves, or of two units, as far as they compare."`
	Framework  frameworkCmd  `cmd:"" help:"List, show, check and compare what indices are made of."`
	Assessment assessmentCmd `cmd:"" help:"Load, list and write what offices gave themselves by a framework, with its evidence."`
	Estimate   estimateCmd   `cmd:"" help:"Estimate from any CSV file of a survey: means, totals, quantiles, tests, models."`
	Weight     weightCmd     `cmd:"" help:"Calibrate, rake or trim the weights of any CSV file of a survey."`
	Unit       unitCmd       `cmd:"" help:"Merge administrative units."`
	User       userCmd       `cmd:"" help:"Add and list accounts."`
	Point      pointCmd      `cmd:"" help:"Add, enrol, list and revoke kiosks."`
	Backup     backupCmd     `cmd:"" help:"Copy the database while it is in use."`
	Version    versionCmd    `cmd:"" help:"Print the program's version."`
}

// run executes one command line and returns the exit code. It touches nothing but its arguments, the files
// that the flags name, and the clock.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, env func(string) string) int {
	return runAt(ctx, args, &app{
		stdin: stdin, stdout: stdout, stderr: stderr, env: env, now: time.Now,
		log: slog.New(slog.NewTextHandler(stderr, nil)),
	})
}

// exited carries an exit code out of the parser, which wants to end the program after printing help.
type exited int

func runAt(ctx context.Context, args []string, a *app) (code int) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case exited:
			code = int(p)
		default:
			panic(p)
		}
	}()
	parser, err := kong.New(&cli{},
		kong.Name("sipas"),
		kong.Description("Measure citizens' satisfaction with public services, from a tap to a flagged indicator."),
		kong.Writers(a.stdout, a.stderr),
		kong.Exit(func(c int) { panic(exited(c)) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.Resolvers(environment(a.env)),
		kong.Vars{"default_data": defaultData},
		kong.Bind(a),
		kong.BindTo(ctx, (*context.Context)(nil)),
	)
	if err != nil {
		panic("sipas: the grammar of the command line is broken: " + err.Error())
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	command, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(a.stderr, "sipas: %v\nRun \"sipas %s\" to see what is possible.\n", err, helpFor(err))
		return exitUsage
	}
	if err := command.Run(); err != nil {
		if errors.Is(err, context.Canceled) && ctx.Err() != nil {
			fmt.Fprintln(a.stderr, "sipas: stopped; nothing was left half done.")
			return exitError
		}
		var usage usageError
		fmt.Fprintf(a.stderr, "sipas: %s\n", sentence(err))
		if errors.As(err, &usage) {
			return exitUsage
		}
		return exitError
	}
	return exitDone
}

// helpFor names the help of the command that was not understood.
func helpFor(err error) string {
	var parse *kong.ParseError
	if errors.As(err, &parse) && parse.Context != nil && parse.Context.Selected() != nil {
		return parse.Context.Selected().Path() + " --help"
	}
	return "--help"
}

// environment lets a variable stand in for a flag that was not given: SIPAS_DATA for --data, and likewise the others named here.
func environment(env func(string) string) kong.Resolver {
	var resolve kong.ResolverFunc = func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		if !slices.Contains([]string{"data", "addr", "publisher", "license"}, flag.Name) {
			return nil, nil
		}
		if v := env("SIPAS_" + strings.ToUpper(flag.Name)); v != "" {
			return v, nil
		}
		return nil, nil
	}
	return resolve
}

// usageError is a fault of the command line that only shows once the command runs.
type usageError struct{ text string }

func (e usageError) Error() string { return e.text }

func usagef(format string, args ...any) error { return usageError{fmt.Sprintf(format, args...)} }
