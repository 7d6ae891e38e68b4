package main

import (
	"context"
	"encoding/csv"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sipas/survey"
	"sipas/survey/export"
)

// tokenList reads a list of tokens.
func tokenList(t *testing.T, path string) []export.TokenLink {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(raw), "\ufeff"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(rows[0], []string{"dossier", "token", "link"}) {
		t.Fatalf("header %v", rows[0])
	}
	var list []export.TokenLink
	for _, r := range rows[1:] {
		list = append(list, export.TokenLink{Dossier: r[0], Token: survey.Token(r[1]), Link: r[2]})
	}
	return list
}

// draws returns the stored draws, their classes, and what they cover.
func (d *desk) draws() ([]survey.Draw, map[string]survey.ClassID) {
	d.t.Helper()
	var draws []survey.Draw
	var covered map[string]survey.ClassID
	d.open(func(ctx context.Context, data *dataDir) {
		var err, err2 error
		draws, err = data.db.Draws(ctx, deskWave)
		covered, err2 = data.db.Covered(ctx, deskWave)
		if err := errors.Join(err, err2); err != nil {
			d.t.Fatal(err)
		}
	})
	return draws, covered
}

// An invitation makes one token for each chosen transaction, keeps only its hash, and writes the list for its owner alone.
func TestInvite(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.wave()
	d.register(600)
	r := d.must("invite", "--wave", "q3", "--fraction", "0.5", "--seed", "3", "--base-url", "https://khaosat.example/")
	path := filepath.Join(d.dir, invitationName, "q3-1.csv")
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v %v", info.Mode(), err)
	}
	list := tokenList(t, path)
	if !strings.Contains(r.stdout, "of 600 transactions invited") || !strings.Contains(r.stdout, path) {
		t.Errorf("said %s", r.stdout)
	}
	if !slices.IsSortedFunc(list, func(a, b export.TokenLink) int { return strings.Compare(a.Dossier, b.Dossier) }) {
		t.Error("the list is not in order of dossier code")
	}
	draws, covered := d.draws()
	if len(draws) != 1 || len(covered) != 600 || draws[0].AsOf != "2026-08-25" {
		t.Fatalf("%d draws cover %d, as of %s", len(draws), len(covered), draws[0].AsOf)
	}
	invited, population := 0, 0
	for _, c := range draws[0].Classes {
		invited, population = invited+c.Invited, population+c.Population
		if c.Invited < 15 {
			t.Errorf("class %s has %d invited", c.ID, c.Invited)
		}
	}
	if invited != len(list) || population != 600 || invited < 295 || invited > 305 {
		t.Errorf("%d invited of %d, %d in the list", invited, population, len(list))
	}
	seen := map[survey.Token]bool{}
	d.open(func(ctx context.Context, data *dataDir) {
		for _, l := range list {
			if l.Link != "https://khaosat.example/s/"+string(l.Token) || seen[l.Token] {
				t.Fatalf("token %s, link %s", l.Token, l.Link)
			}
			seen[l.Token] = true
			inv, err := data.db.Invitation(ctx, l.Token.Hash())
			if err != nil || inv.Dossier != l.Dossier || inv.Class != covered[l.Dossier] || inv.Wave != deskWave {
				t.Fatalf("invitation of %s is %+v: %v", l.Dossier, inv, err)
			}
		}
		raw, err := os.ReadFile(filepath.Join(d.dir, databaseName))
		if err != nil || strings.Contains(string(raw), string(list[0].Token)) {
			t.Errorf("the database holds a token: %v", err)
		}
	})
}

// Inviting again makes no second token for a transaction: first there is nothing to invite, later only what came since.
func TestInviteAgain(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.wave()
	d.register(200)
	d.must("invite", "--wave", "q3", "--fraction", "0.5", "--seed", "3")
	again := d.try("", "invite", "--wave", "q3", "--fraction", "1", "--seed", "4")
	if again.code != exitError || !strings.Contains(again.stderr, "has been in a draw already") {
		t.Errorf("exit %d: %s", again.code, again.stderr)
	}
	if _, err := os.Stat(filepath.Join(d.dir, invitationName, "q3-2.csv")); !os.IsNotExist(err) {
		t.Errorf("a list was written: %v", err)
	}

	d.register(300)
	d.must("invite", "--wave", "q3", "--fraction", "0.5", "--seed", "4")
	first := tokenList(t, filepath.Join(d.dir, invitationName, "q3-1.csv"))
	second := tokenList(t, filepath.Join(d.dir, invitationName, "q3-2.csv"))
	had := map[string]bool{}
	for _, l := range first {
		had[l.Dossier] = true
	}
	for _, l := range second {
		if had[l.Dossier] || l.Dossier < "H39.1-2607-000200" {
			t.Errorf("%s was covered by the first draw", l.Dossier)
		}
	}
	draws, covered := d.draws()
	if len(draws) != 2 || len(covered) != 300 || len(second) < 48 || len(second) > 65 {
		// 50, rounded class by class, and more where a class of late dossiers must have fifteen.
		t.Errorf("%d draws cover %d, the second list has %d", len(draws), len(covered), len(second))
	}
}

// The same seed and register choose the same transactions, whatever the order of the file; the tokens differ.
func TestInviteIsRepeatable(t *testing.T) {
	t.Parallel()
	var lists [2][]export.TokenLink
	text := registerLines(0, 300)
	lines := strings.SplitAfter(strings.TrimSuffix(text, "\n"), "\n")
	lines[len(lines)-1] += "\n"
	slices.Reverse(lines)
	for i, body := range []string{text, strings.Join(lines, "")} {
		d := newDesk(t)
		d.wave()
		d.must("import", "transactions", d.file("r.csv", registerHeader+body), "--wave", "q3")
		d.must("invite", "--wave", "q3", "--fraction", "0.3", "--seed", "11", "--out", filepath.Join(d.tmp, "list.csv"))
		lists[i] = tokenList(t, filepath.Join(d.tmp, "list.csv"))
	}
	if len(lists[0]) == 0 || len(lists[0]) != len(lists[1]) {
		t.Fatalf("%d and %d invited", len(lists[0]), len(lists[1]))
	}
	for i := range lists[0] {
		if lists[0][i].Dossier != lists[1][i].Dossier {
			t.Fatalf("%s and %s", lists[0][i].Dossier, lists[1][i].Dossier)
		}
		if lists[0][i].Token == lists[1][i].Token {
			t.Fatal("two desks drew the same token")
		}
	}
}

// When the list cannot be written, nothing is drawn, and a list that is there stays as it is.
func TestInviteWithoutAList(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.wave()
	d.register(100)
	taken := d.file("taken.csv", "precious")
	for _, c := range []struct{ out, says string }{
		{filepath.Join(d.tmp, "nowhere", "list.csv"), "cannot be written"},
		{taken, "is there already"},
	} {
		r := d.try("", "invite", "--wave", "q3", "--fraction", "0.5", "--seed", "3", "--out", c.out)
		if r.code != exitError || !strings.Contains(r.stderr, c.says) || !strings.Contains(r.stderr, "Nothing was drawn") {
			t.Errorf("exit %d: %s", r.code, r.stderr)
		}
		if draws, covered := d.draws(); len(draws) > 0 || len(covered) > 0 {
			t.Errorf("%d draws cover %d", len(draws), len(covered))
		}
	}
	if got, err := os.ReadFile(taken); err != nil || string(got) != "precious" {
		t.Errorf("%q %v", got, err)
	}
}

// When the database refuses the draw after the list was written, the list goes: its tokens are nobody's.
func TestInviteRefusedAtCommit(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.wave()
	d.register(100)
	path := filepath.Join(d.tmp, "list.csv")
	d.open(func(ctx context.Context, data *dataDir) {
		p, err := (&inviteCmd{Wave: deskWave, Fraction: 0.5, Seed: 3}).plan(ctx, data)
		if err != nil {
			t.Fatal(err)
		}
		list, invitations := p.tokens("http://x")
		// The commit fails once the list is written, as when the disk of the database breaks just then.
		stopped, stop := context.WithCancel(ctx)
		defer stop()
		err = data.commitDraw(stopped, p.draw, invitations, path, func(w io.Writer) error {
			defer stop()
			return export.Tokens(w, list)
		})
		if err == nil || stopped.Err() == nil {
			t.Errorf("the draw was stored: %v, %v", err, stopped.Err())
		}
	})
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("the list is still there: %v", err)
	}
	if draws, covered := d.draws(); len(draws) > 0 || len(covered) > 0 {
		t.Errorf("%d draws cover %d", len(draws), len(covered))
	}
}

// A register too small for anonymous classes is not drawn from.
func TestInviteTooFew(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.wave()
	d.register(14)
	r := d.try("", "invite", "--wave", "q3", "--fraction", "0.5", "--seed", "3")
	if r.code != exitError || !strings.Contains(r.stderr, "at least 15 must share a class") {
		t.Errorf("exit %d: %s", r.code, r.stderr)
	}
}
