package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"sipas/survey"
	"sipas/survey/report"
)

// publisherFlags say in whose name figures are published. They are written into each release, so that they never change under a reader.
type publisherFlags struct {
	Publisher string `placeholder:"NAME" help:"Who publishes, as readers see it; also SIPAS_PUBLISHER. Default: the province."`
	License   string `placeholder:"URL" help:"The license of published figures; also SIPAS_LICENSE. Default: CC BY 4.0."`
}

func (f publisherFlags) name() survey.Text {
	if name := survey.CleanText(f.Publisher); name != "" {
		return survey.Text{survey.Vietnamese: name}
	}
	return nil
}

func (f publisherFlags) check() error {
	if f.License != "" && !strings.HasPrefix(f.License, "https://") && !strings.HasPrefix(f.License, "http://") {
		return usagef("--license takes the address of a license, such as %s.", report.DefaultLicense)
	}
	return nil
}

// publishCmd publishes a wave's figures.
type publishCmd struct {
	dataFlag
	publisherFlags
	Wave   survey.WaveID `required:"" placeholder:"WAVE" help:"The wave."`
	Reason string        `placeholder:"TEXT" help:"Why the figures published before are replaced; needed from the second release of a wave on, and published with it."`
	JSON   bool          `name:"json" help:"Print the release as everybody can read it."`
}

// Help says what publishing means.
func (*publishCmd) Help() string {
	return `A release is numbered within its wave, is readable by everybody without a sign-in, and never changes. A later one takes its place with a
reason, and the earlier one stays readable under its address. When neither data nor rules nor program changed, nothing new is made.`
}

func (c *publishCmd) Run(ctx context.Context, a *app) error {
	if err := c.check(); err != nil {
		return err
	}
	return withStored(ctx, a, c.Data, func(d *dataDir) error {
		if err := d.knownWave(ctx, c.Wave); err != nil {
			return err
		}
		o := report.PublishOptions{Reason: c.Reason, Program: programVersion(), Publisher: c.name(), License: c.License}
		r, fresh, err := report.Publish(ctx, d.db, survey.CommandLine(), c.Wave, o, a.now(), a.progress())
		if survey.IsCode(err, survey.CodeReasonRequired) {
			return tellf("The wave %s has published figures: say with --reason why they are replaced, in %d to %d letters. Everybody will read it.", c.Wave, survey.MinReason, survey.MaxReason)
		}
		if err != nil {
			return err
		}
		stored, err := d.db.Published(ctx, c.Wave, r.Number)
		if err != nil {
			return err
		}
		if !fresh {
			fmt.Fprintf(a.stderr, "Nothing changed since release %d of %s: data, rules and program are the same, so nothing new was published.\n", r.Number, c.Wave)
		}
		if c.JSON {
			doc, err := survey.PublicJSON(stored.Document)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.stdout, "%s\n", doc)
			return err
		}
		word := "Published"
		if !fresh {
			word = "There is"
		}
		fmt.Fprintf(a.stdout, "%s release %d of %s; it never changes. Its page is /releases/%s/%d, its content %s.\n", word, r.Number, c.Wave, c.Wave, r.Number, r.ContentHash)
		fmt.Fprintf(a.stdout, "The seal of the chain is now %s: write it down, or publish it. \"sipas verify --expect\" holds the releases against it.\n", stored.Seal)
		return nil
	})
}

// verifyCmd holds published releases against their hashes.
type verifyCmd struct {
	dataFlag
	File      string `placeholder:"FILE" help:"Verify this database or backup in place of the one in --data. It is not changed."`
	Expect    string `placeholder:"SEAL" help:"A seal that was written down when something was published: the chain must hold it."`
	Recompute bool   `help:"Compute the newest release of each wave again where its rows are still the same."`
	JSON      bool   `name:"json" help:"Print what was found as JSON."`
}

// Help says what the command can find and what it cannot.
func (*verifyCmd) Help() string {
	return `It checks every published release: its hashes, its number, its place in the chain of all releases, and the questionnaires and frameworks that it
rests on; and the database file itself. Each finding is one sentence, and the exit status is 1.

Whoever can write the file and computes every seal anew leaves a chain that looks whole. It ends in another seal, though: write the seal down
that this command prints, or publish it, and give it with --expect later.`
}

// verified is what the command prints as JSON.
type verified struct {
	*report.Verification
	Expected string `json:"expected,omitempty"`
}

func (c *verifyCmd) Run(ctx context.Context, a *app) error {
	check := func(db checked) error {
		v, err := report.Verify(ctx, db, report.VerifyOptions{Expect: c.Expect, Recompute: c.Recompute, Program: programVersion()}, a.progress())
		if err != nil {
			return err
		}
		damage, err := db.Check(ctx)
		if err != nil {
			return err
		}
		for _, text := range damage {
			v.Findings = append(v.Findings, report.Finding{Kind: report.FoundFile, Text: "The database file: " + text})
		}
		return c.print(a, v)
	}
	if c.File != "" {
		return withCopy(ctx, a, c.File, func(db checked) error { return check(db) })
	}
	return withStored(ctx, a, c.Data, func(d *dataDir) error { return check(d.db) })
}

func (c *verifyCmd) print(a *app, v *report.Verification) error {
	if c.JSON {
		e := json.NewEncoder(a.stdout)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		if err := e.Encode(verified{v, c.Expect}); err != nil {
			return err
		}
	} else {
		for _, f := range v.Findings {
			fmt.Fprintf(a.stdout, "%s.\n", f.Text)
		}
		for _, n := range v.Notes {
			fmt.Fprintln(a.stdout, n)
		}
	}
	switch n := len(v.Findings); {
	case n == 1:
		return tellf("One thing is not as it was published.")
	case n > 1:
		return tellf("%d things are not as they were published.", n)
	case c.JSON:
		return nil
	case v.Releases == 0:
		fmt.Fprintln(a.stdout, "Nothing is published yet, and the database is sound.")
	default:
		fmt.Fprintf(a.stdout, "%s as published. The seal of the chain is %s\n", counted(v.Releases, "release is", "releases are"), v.Head)
		if c.Expect == "" {
			fmt.Fprintln(a.stdout, "Whoever rewrote the whole chain would be found only by a seal that was written down before: give it with --expect.")
		}
	}
	return nil
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
