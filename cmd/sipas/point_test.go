package main

import (
	"bytes"
	"context"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sipas/survey"
)

var (
	printedCode = regexp.MustCompile(`Code \(until \d\d:\d\d, once\): ([0-9a-hjkmnp-tv-z]{4}-[0-9a-hjkmnp-tv-z]{4})\n`)
	printedPIN  = regexp.MustCompile(`PIN of its service menu \(shown this once\): (\d{6})\n`)
)

// The life of a kiosk on the command line: added once, enrolled by the newest code, listed, revoked for good.
func TestPoints(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	if r := d.must("point", "add", "Quầy 1", "--unit", "25459"); !strings.Contains(r.stdout, `sipas point code "Quầy 1"`) {
		t.Errorf("it does not say how to go on: %s", r.stdout)
	}
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"point", "add", "Quầy 1", "--unit", "25459"}, exitError, "another name"},
		{[]string{"point", "add", "Quầy 2", "--unit", "1"}, exitError, `"1"`},
		{[]string{"point", "add", "x\n7", "--unit", "25459"}, exitUsage, "cannot be used"},
		{[]string{"point", "code", "Quầy 3"}, exitError, "sipas point list"},
		{[]string{"point", "revoke", "Quầy 3"}, exitError, "sipas point list"},
	} {
		if r := d.try("", c.args...); r.code != c.code || !strings.Contains(r.stderr, c.says) {
			t.Errorf("%v: exit %d, want %d: %s", c.args, r.code, c.code, r.stderr)
		}
	}
	voided := printedCode.FindStringSubmatch(d.must("point", "code", "Quầy 1").stdout)
	printed := d.must("point", "code", "Quầy 1").stdout
	code, pin := printedCode.FindStringSubmatch(printed), printedPIN.FindStringSubmatch(printed)
	if voided == nil || code == nil || pin == nil {
		t.Fatalf("printed\n%s", printed)
	}
	now := deskNow
	d.open(func(ctx context.Context, data *dataDir) {
		enrol := func(text, credential string) (*survey.Device, error) {
			c, ok := survey.ParseEnrolmentCode(strings.ToUpper(text))
			if !ok {
				t.Fatalf("%q is no code", text)
			}
			return data.db.Enrol(ctx, c.Hash(), survey.Device{ID: survey.NewDeviceID(), CredentialHash: credential, Enrolled: now})
		}
		if _, err := enrol(voided[1], strings.Repeat("a", 64)); !survey.IsCode(err, survey.CodeEnrolmentUnknown) {
			t.Errorf("the voided code: %v", err)
		}
		device, err := enrol(code[1], strings.Repeat("b", 64))
		if err != nil {
			t.Fatal(err)
		}
		if !opensPIN(t, device.PIN, pin[1]) || opensPIN(t, device.PIN, "x"+pin[1][1:]) {
			t.Error("the device's PIN is not the one that was printed")
		}
		if _, err := enrol(code[1], strings.Repeat("c", 64)); !survey.IsCode(err, survey.CodeEnrolmentUnknown) {
			t.Errorf("the code a second time: %v", err)
		}
		_, err = data.db.SaveBeat(ctx, device.ID, survey.QueueID(strings.Repeat("0", 32)), survey.Beat{At: now, Waiting: 2, Last: 5})
		if err != nil {
			t.Fatal(err)
		}
	})
	line := regexp.MustCompile(`(?m)^Quầy 1 +in use +1 +` + now.In(survey.Zone).Format("2006-01-02 15:04") + ` +2 +3 +\S`)
	if list := d.must("point", "list").stdout; !line.MatchString(list) {
		t.Errorf("listed\n%s", list)
	}
	d.must("point", "revoke", "Quầy 1")
	d.open(func(ctx context.Context, data *dataDir) {
		if _, err := data.db.Device(ctx, strings.Repeat("b", 64)); !survey.IsCode(err, survey.CodeDeviceRevoked) {
			t.Errorf("the device of a revoked kiosk: %v", err)
		}
	})
	if r := d.try("", "point", "code", "Quầy 1"); r.code != exitError {
		t.Errorf("a revoked kiosk gets a code: %s", r.stdout)
	}
	// The name is free again.
	d.must("point", "add", "Quầy 1", "--unit", "25459")
	if list := d.must("point", "list").stdout; strings.Count(list, "Quầy 1") != 2 || !strings.Contains(list, "revoked") {
		t.Errorf("listed\n%s", list)
	}
}

func opensPIN(t *testing.T, p survey.PIN, digits string) bool {
	t.Helper()
	salt, err := hex.DecodeString(p.Salt)
	if err != nil {
		t.Fatal(err)
	}
	key, err := pbkdf2.Key(sha256.New, digits, salt, p.Iterations, sha256.Size)
	if err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(key) == p.Hash
}

// The key that kiosks seal to is made once, for its owner alone, and never replaced.
func TestSealKeyIsNeverReplaced(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.wave()
	path := filepath.Join(d.dir, keysName, sealName)
	first, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	d.must("wave", "list")
	if again, err := os.ReadFile(path); err != nil || !bytes.Equal(first, again) {
		t.Errorf("the key was replaced, %v", err)
	}
	if err := os.WriteFile(path, first[:10], 0o600); err != nil {
		t.Fatal(err)
	}
	if r := d.try("", "wave", "list"); r.code != exitError || !strings.Contains(r.stderr, "Put your copy of it back") {
		t.Errorf("exit %d: %s", r.code, r.stderr)
	}
	if damaged, err := os.ReadFile(path); err != nil || len(damaged) != 10 {
		t.Errorf("a damaged key was replaced: %d bytes, %v", len(damaged), err)
	}
}
