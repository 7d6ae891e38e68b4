package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sipas/survey"
)

// desk runs command lines on a data directory of its own, with a clock that stands still.
type desk struct {
	t   testing.TB
	dir string
	tmp string
}

func newDesk(t testing.TB) *desk {
	t.Helper()
	tmp := t.TempDir()
	return &desk{t: t, dir: filepath.Join(tmp, "data"), tmp: tmp}
}

// deskNow is the time on every desk: after the wave's period.
var deskNow = time.Date(2026, 10, 5, 9, 0, 0, 0, survey.Zone)

// result is what a command line did.
type result struct {
	code           int
	stdout, stderr string
}

func (d *desk) app(stdin string, stdout, stderr io.Writer) *app {
	return &app{
		stdin: strings.NewReader(stdin), stdout: stdout, stderr: stderr,
		env: func(string) string { return "" }, now: func() time.Time { return deskNow }, log: slog.New(slog.DiscardHandler),
	}
}

// try runs a command line on the desk's data.
func (d *desk) try(stdin string, args ...string) result {
	d.t.Helper()
	var stdout, stderr bytes.Buffer
	code := runAt(context.Background(), append(args, "--data", d.dir), d.app(stdin, &stdout, &stderr))
	return result{code, stdout.String(), stderr.String()}
}

// must runs a command line that has to succeed and returns what it printed.
func (d *desk) must(args ...string) result {
	d.t.Helper()
	r := d.try("", args...)
	if r.code != exitDone {
		d.t.Fatalf("sipas %s: exit %d\n%s%s", strings.Join(args, " "), r.code, r.stdout, r.stderr)
	}
	return r
}

// file writes a file beside the data and returns its path.
func (d *desk) file(name, text string) string {
	d.t.Helper()
	path := filepath.Join(d.tmp, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		d.t.Fatal(err)
	}
	return path
}

// open runs work on the desk's data.
func (d *desk) open(work func(ctx context.Context, data *dataDir)) {
	d.t.Helper()
	ctx := context.Background()
	err := withStored(ctx, d.app("", io.Discard, io.Discard), d.dir, func(data *dataDir) error {
		work(ctx, data)
		return nil
	})
	if err != nil {
		d.t.Fatal(err)
	}
}

// deskWave is the wave of the desk's tests.
const deskWave = survey.WaveID("q3")

const deskWaveDocument = `{"id": "q3", "title": {"vi": "Quý III năm 2026"}, "province": "80@2025-07-01", "from": "2026-07-01", "to": "2026-09-30",
 "instruments": [{"id": "kiosk-2026", "version": 1}, {"id": "web-2026", "version": 1}],
 "frameworks": [{"id": "sipas-2022", "version": 1}, {"id": "papi-style", "version": 1}, {"id": "one-stop-2018", "version": 1}],
 "targets": {"sipas-2022": {"indicator": 85}}}`

func (d *desk) wave() {
	d.t.Helper()
	d.must("wave", "create", d.file("wave.json", deskWaveDocument))
}

const registerHeader = "dossier,procedure,field,unit,channel,received,due,returned\n"

// registerLines makes lines of a register of two communes, every fourth dossier late.
func registerLines(from, n int) string {
	var b strings.Builder
	for i := from; i < from+n; i++ {
		returned := 10
		if i%4 == 0 {
			returned = 25
		}
		fmt.Fprintf(&b, "H39.1-2607-%06d,1.%06d,%s,%s,%s,2026-07-%02d,2026-08-20,2026-08-%02d\n", i, i%9,
			[]string{"Đất đai", "Hộ tịch"}[i%2], []string{"25459", "25480"}[i%3%2], []string{"online", "counter"}[i%5%2], 1+i%20, returned)
	}
	return b.String()
}

// register loads n transactions.
func (d *desk) register(n int) {
	d.t.Helper()
	d.must("import", "transactions", d.file("register.csv", registerHeader+registerLines(0, n)), "--wave", string(deskWave))
}

// transactions returns the codes of the stored register.
func (d *desk) transactions() []string {
	d.t.Helper()
	var codes []string
	d.open(func(ctx context.Context, data *dataDir) {
		ts, err := data.db.Transactions(ctx, deskWave)
		if err != nil {
			d.t.Fatal(err)
		}
		for _, t := range ts {
			codes = append(codes, t.Dossier)
		}
	})
	return codes
}

// golden holds text against a file of testdata; SIPAS_UPDATE=1 rewrites the file for a human to read.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if os.Getenv("SIPAS_UPDATE") == "1" {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Error(diff)
	}
}

// The help of every command is what its golden file shows.
func TestHelp(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"", "serve", "wave create", "wave close", "wave list", "import units", "import transactions", "invite", "score", "publish", "verify", "export",
		"user add", "user list", "point add", "backup", "version", "papi", "framework list", "framework show", "framework check",
		"framework compare", "unit merge", "wave drop-walk-ins", "compare", "assessment list", "assessment import", "assessment export",
	} {
		var stdout, stderr bytes.Buffer
		args := append(strings.Fields(name), "--help")
		code := run(context.Background(), args, strings.NewReader(""), &stdout, &stderr, func(string) string { return "" })
		if code != exitDone || stderr.Len() > 0 {
			t.Errorf("sipas %s: exit %d, %s", strings.Join(args, " "), code, &stderr)
		}
		golden(t, filepath.Join("help", strings.Join(append([]string{"sipas"}, strings.Fields(name)...), "-")+".txt"), stdout.String())
	}
}

// A command line that is not understood exits with 2 and one that fails with 1, and both say one sentence.
func TestExitCodes(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.wave()
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"--help"}, exitDone, ""},
		{[]string{"fly"}, exitUsage, "fly"},
		{[]string{"score"}, exitUsage, "--wave"},
		{[]string{"score", "--wave", "q3", "--format", "pdf"}, exitUsage, "--format"},
		{[]string{"invite", "--wave", "q3", "--fraction", "1.5", "--seed", "1"}, exitUsage, "--fraction"},
		{[]string{"invite", "--wave", "q3", "--fraction", "0.5", "--seed", "1", "--base-url", "tayninh"}, exitUsage, "--base-url"},
		{[]string{"import", "transactions", "x.csv", "--wave", "q3", "--as-of", "yesterday"}, exitUsage, "--as-of"},
		{[]string{"import", "transactions", "nowhere.csv", "--wave", "q3"}, exitError, "nowhere.csv is not there"},
		{[]string{"invite", "--wave", "q3", "--fraction", "0.5", "--seed", "1"}, exitError, "has no register yet"},
		{[]string{"score", "--wave", "q9"}, exitError, `There is no wave "q9"`},
		{[]string{"score", "--wave", "q3"}, exitError, "no register yet"},
		{[]string{"wave", "close", "q9"}, exitError, `There is no wave "q9"`},
		{[]string{"serve", "--tls-cert", "x"}, exitUsage, "--tls-key"},
		{[]string{"serve", "--url", "khaosat.example.gov.vn"}, exitUsage, "--url is an address"},
		{[]string{"serve", "--url", "https://khaosat.example.gov.vn/sipas"}, exitUsage, "--url is an address"},
	} {
		args := c.args
		if len(args) > 1 {
			args = append(args, "--data", d.dir)
		}
		var stdout, stderr bytes.Buffer
		code := runAt(context.Background(), args, d.app("", &stdout, &stderr))
		if code != c.code || !strings.Contains(stderr.String(), c.says) {
			t.Errorf("sipas %s: exit %d, want %d, saying %q:\n%s", strings.Join(c.args, " "), code, c.code, c.says, &stderr)
		}
	}
}

// A directory that holds no data is not made into one by a command that needs data.
func TestMisspeltDirectory(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r := d.try("", "wave", "list")
	if r.code != exitError || !strings.Contains(r.stderr, "There is no sipas database in") {
		t.Errorf("exit %d: %s", r.code, r.stderr)
	}
	if _, err := os.Stat(d.dir); !os.IsNotExist(err) {
		t.Errorf("the directory was made: %v", err)
	}
}

// The environment names the data directory where no flag does.
func TestEnvironment(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.wave()
	for _, c := range []struct {
		args []string
		code int
	}{{[]string{"wave", "list"}, exitDone}, {[]string{"wave", "list", "--data", d.tmp}, exitError}} {
		var stdout, stderr bytes.Buffer
		a := d.app("", &stdout, &stderr)
		a.env = func(name string) string { return map[string]string{"SIPAS_DATA": d.dir}[name] }
		if code := runAt(context.Background(), c.args, a); code != c.code {
			t.Errorf("%v: exit %d, want %d: %s", c.args, code, c.code, &stderr)
		}
	}
}

// A command that is interrupted says so and leaves nothing half done.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.wave()
	path := d.file("register.csv", registerHeader+registerLines(0, 100))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var stdout, stderr bytes.Buffer
	code := runAt(ctx, []string{"import", "transactions", path, "--wave", "q3", "--data", d.dir}, d.app("", &stdout, &stderr))
	if code != exitError || !strings.Contains(stderr.String(), "stopped") {
		t.Errorf("exit %d: %s", code, &stderr)
	}
	if got := d.transactions(); len(got) != 0 {
		t.Errorf("%d transactions are stored", len(got))
	}
}

// The same wave twice changes nothing; another under its id is refused; closing destroys the key and no other.
func TestWaves(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	path := d.file("wave.json", deskWaveDocument)
	d.must("wave", "create", path)
	d.must("wave", "create", d.file("other.json", strings.Replace(deskWaveDocument, `"q3"`, `"q4"`, 1)))
	keys := keyRing{dir: filepath.Join(d.dir, keysName)}
	first, err := keys.Key(deskWave)
	if err != nil {
		t.Fatal(err)
	}
	if r := d.must("wave", "create", path); !strings.Contains(r.stdout, "nothing was changed") {
		t.Errorf("said %q", r.stdout)
	}
	if again, err := keys.Key(deskWave); err != nil || again != first {
		t.Errorf("the key changed: %v", err)
	}
	r := d.try("", "wave", "create", d.file("changed.json", strings.Replace(deskWaveDocument, "85", "80", 1)))
	if r.code != exitError || !strings.Contains(r.stderr, "a wave never changes") {
		t.Errorf("exit %d: %s", r.code, r.stderr)
	}
	broken := d.try("", "wave", "create", d.file("broken.json", strings.Replace(deskWaveDocument, `"from"`, `"form"`, 1)))
	if broken.code != exitError || !strings.Contains(broken.stderr, "form") || !strings.Contains(broken.stderr, "broken.json") {
		t.Errorf("exit %d: %s", broken.code, broken.stderr)
	}
	unknown := d.try("", "wave", "create", d.file("unknown.json", strings.NewReplacer(`"q3"`, `"q5"`, "web-2026", "web-1999").Replace(deskWaveDocument)))
	if unknown.code != exitError {
		t.Errorf("exit %d: %s", unknown.code, unknown.stderr)
	}
	if _, err := keys.Key("q5"); !survey.IsCode(err, survey.CodeKeyMissing) {
		t.Errorf("a wave that was refused left its key: %v", err)
	}

	d.must("wave", "close", string(deskWave))
	d.must("wave", "close", string(deskWave))
	if _, err := keys.Key(deskWave); !survey.IsCode(err, survey.CodeKeyMissing) {
		t.Errorf("the closed wave has its key: %v", err)
	}
	if _, err := keys.Key("q4"); err != nil {
		t.Errorf("another wave lost its key: %v", err)
	}
	if r := d.must("wave", "create", path); !strings.Contains(r.stdout, "nothing was changed") {
		t.Errorf("said %q", r.stdout)
	}
	if list := d.must("wave", "list").stdout; !strings.Contains(list, "q3    closed") || !strings.Contains(list, "q4    open") {
		t.Errorf("listed\n%s", list)
	}
}

// Keys and data are the owner's alone, and a name that leads elsewhere opens no file.
func TestKeyRing(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.wave()
	for path, want := range map[string]os.FileMode{"": 0o700, keysName: 0o700, invitationName: 0o700, "keys/q3.key": 0o600, databaseName: 0o600} {
		info, err := os.Stat(filepath.Join(d.dir, path))
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s has mode %v, want %v (%v)", path, info.Mode().Perm(), want, err)
		}
	}
	keys := keyRing{dir: filepath.Join(d.dir, keysName)}
	for _, name := range []survey.WaveID{"", "q9", "../keys/q3", ".."} {
		if _, err := keys.Key(name); !survey.IsCode(err, survey.CodeKeyMissing) {
			t.Errorf("key of %q: %v", name, err)
		}
	}
	if err := os.WriteFile(keys.path("short"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := keys.Key("short"); !survey.IsCode(err, survey.CodeKeyMissing) {
		t.Errorf("a damaged key: %v", err)
	}
}
