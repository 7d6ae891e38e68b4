package main

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"sipas/survey"
	"sipas/survey/web"
)

var printedPassword = regexp.MustCompile(`Password \(shown this once\): (\S+)`)

func (d *desk) user(name string) *survey.User {
	d.t.Helper()
	var user *survey.User
	d.open(func(ctx context.Context, data *dataDir) {
		var err error
		if user, err = data.db.UserByName(ctx, name); err != nil {
			d.t.Fatal(err)
		}
	})
	return user
}

func opens(t *testing.T, u *survey.User, password string) bool {
	t.Helper()
	ok, err := web.VerifyPassword(u.PasswordHash, password)
	if err != nil {
		t.Fatal(err)
	}
	return ok
}

// Accounts sign in with the password that was given or printed once, and department accounts see their units.
func TestUsers(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	made := d.must("user", "add", "an.nguyen", "--role", "analyst")
	password := printedPassword.FindStringSubmatch(made.stdout)
	if password == nil || !opens(t, d.user("an.nguyen"), password[1]) {
		t.Errorf("printed %q", made.stdout)
	}
	if other := printedPassword.FindStringSubmatch(d.must("user", "add", "quản trị", "--role", "administrator").stdout); other == nil || other[1] == password[1] {
		t.Errorf("passwords %v and %v", password, other)
	}
	given := d.try("mật khẩu rất dài\r\nsecond line\n", "user", "add", "dep", "--role", "department", "--unit", "25459", "--unit", "80,25459", "--password-stdin")
	u := d.user("dep")
	if given.code != exitDone || strings.Contains(given.stdout, "mật khẩu") || !opens(t, u, "mật khẩu rất dài") {
		t.Errorf("exit %d: %s%s", given.code, given.stdout, given.stderr)
	}
	if len(u.Units) != 2 || u.Units[0] != "25459@2025-07-01" || u.Units[1] != "80@2025-07-01" {
		t.Errorf("units %v", u.Units)
	}
	for _, c := range []struct {
		stdin string
		args  []string
		code  int
		says  string
	}{
		{"", []string{"user", "add", "dep", "--role", "analyst"}, exitError, "of that name"},
		{"short\n", []string{"user", "add", "x2", "--role", "analyst", "--password-stdin"}, exitError, "at least 12"},
		{"", []string{"user", "add", "x3", "--role", "department"}, exitUsage, "--unit"},
		{"", []string{"user", "add", "x4", "--role", "analyst", "--unit", "80"}, exitUsage, "--unit"},
		{"", []string{"user", "add", "x5", "--role", "department", "--unit", "99999"}, exitError, "99999"},
		{"", []string{"user", "add", "x6", "--role", "citizen"}, exitUsage, "--role"},
		{"", []string{"user", "add", "x\n7", "--role", "analyst"}, exitUsage, "cannot be used"},
	} {
		if r := d.try(c.stdin, c.args...); r.code != c.code || !strings.Contains(r.stderr, c.says) {
			t.Errorf("%v: exit %d, want %d: %s", c.args, r.code, c.code, r.stderr)
		}
	}
	list := d.must("user", "list").stdout
	if strings.Count(list, "\n") != 4 || strings.Contains(list, "x2") || strings.Contains(list, "argon2") {
		t.Errorf("listed\n%s", list)
	}
}
