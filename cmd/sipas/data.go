package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"sipas/data"
	"sipas/survey"
	"sipas/survey/export"
	"sipas/survey/store/sqlite"
	"sipas/survey/web"
)

// defaultData is the data directory where none is named.
const defaultData = "sipas-data"

// dataFlag is the flag that every command on stored data has.
type dataFlag struct {
	Data string `placeholder:"DIR" default:"${default_data}" help:"Directory of the database, keys and invitations; also SIPAS_DATA. Default: ${default}."`
}

// The layout of a data directory:
//
//	DIR/sipas.db       the database
//	DIR/sipas.db-keeper  an empty file that a server locks while it answers from the database
//	DIR/keys/W.key     the secret of wave W: never in the database, never in a backup
//	DIR/keys/kiosk.seal  the private key that kiosks seal their waiting answers to: likewise
//	DIR/invitations/   lists of tokens on their way to the office that delivers them
//
// All of it is readable by its owner alone.
const (
	databaseName   = "sipas.db"
	keysName       = "keys"
	sealName       = "kiosk.seal" // no wave's key ends like this
	invitationName = "invitations"
)

// dataDir is an open data directory.
type dataDir struct {
	dir  string
	db   *sqlite.DB
	keys keyRing
	seal *web.SealKey
}

// openData opens a data directory, making it when it is not there. A new database is given the units that the program
// ships; instruments and frameworks that the program ships and the database lacks are published, so that a newer
// program brings its newer versions. What is there is never changed. A command opens it beside the server that may be answering; whoever does
// not is the one server of the directory.
func openData(ctx context.Context, a *app, dir string, beside bool) (*dataDir, error) {
	keys := filepath.Join(dir, keysName)
	for _, d := range []string{dir, keys, filepath.Join(dir, invitationName)} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return nil, fmt.Errorf("make the data directory: %w", err)
		}
	}
	db, err := sqlite.Open(ctx, filepath.Join(dir, databaseName), sqlite.Options{Now: a.now, Beside: beside})
	if errors.Is(err, sqlite.ErrKept) {
		return nil, tellf("Another sipas server answers from the data in %s: stop it first, or name another directory with --data.", dir)
	}
	if err != nil {
		return nil, err
	}
	d := &dataDir{dir: dir, db: db, keys: keyRing{dir: keys}}
	d.seal, err = d.keys.seal()
	if err == nil {
		err = d.ship(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return d, nil
}

// withData runs a command's work on an open data directory and closes it. A server may be answering from it meanwhile.
func withData(ctx context.Context, a *app, dir string, work func(*dataDir) error) error {
	d, err := openData(ctx, a, dir, true)
	if err != nil {
		return err
	}
	return errors.Join(work(d), d.Close())
}

// withStored is withData for commands that need data to be there: a misspelt directory must not become a new one.
func withStored(ctx context.Context, a *app, dir string, work func(*dataDir) error) error {
	if _, err := os.Stat(filepath.Join(dir, databaseName)); errors.Is(err, fs.ErrNotExist) {
		return tellf("There is no sipas database in %s: name its directory with --data, or begin with \"sipas wave create\".", dir)
	}
	return withData(ctx, a, dir, work)
}

// checked is a database that can be verified.
type checked interface {
	survey.Store
	Check(ctx context.Context) ([]string, error)
}

// withCopy runs work on a copy of a database file, so that neither opening it nor bringing it to the newest step changes the file. The copy is
// of one moment, also of a database that a running program writes.
func withCopy(ctx context.Context, a *app, file string, work func(checked) error) (err error) {
	folder, err := os.MkdirTemp("", "sipas-verify-")
	if err != nil {
		return fmt.Errorf("make a directory for the copy: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	path := filepath.Join(folder, databaseName)
	// A file without a log beside it is all there is, and nobody writes it: unless a program opens it meanwhile.
	inUse := func() bool { _, err := os.Stat(file + "-wal"); return err == nil }
	if !inUse() {
		if err := copyFile(path, file); err != nil {
			return err
		}
	}
	if inUse() {
		if err := errors.Join(remove(path), sqlite.Copy(ctx, file, path)); err != nil {
			return err
		}
	}
	// Beside, so that what is verified is what was there: nobody settles the copy.
	db, err := sqlite.Open(ctx, path, sqlite.Options{Now: a.now, Beside: true})
	if err != nil {
		return err
	}
	return errors.Join(work(db), db.Close())
}

// remove removes a file that may not be there.
func remove(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func copyFile(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	return export.CreateFile(to, func(w io.Writer) error {
		_, err := io.Copy(w, in)
		return err
	})
}

// Close closes the database.
func (d *dataDir) Close() error { return d.db.Close() }

// ship puts what the program brings into the database, where it is missing.
func (d *dataDir) ship(ctx context.Context) error {
	by := survey.CommandLine()
	for _, id := range data.Instruments() {
		doc, _ := data.Instrument(id)
		in, err := survey.ParseInstrument(doc)
		if err != nil {
			return fmt.Errorf("shipped instrument %s: %w", id, err)
		}
		_, err = d.db.Instrument(ctx, in.Ref())
		if survey.IsCode(err, survey.CodeInstrumentUnknown) {
			_, err = d.db.PublishInstrument(ctx, by, doc)
		}
		if err != nil {
			return fmt.Errorf("publish instrument %s: %w", id, err)
		}
	}
	for _, id := range data.Frameworks() {
		doc, _ := data.Framework(id)
		f, err := survey.ParseFramework(doc)
		if err != nil {
			return fmt.Errorf("shipped framework %s: %w", id, err)
		}
		_, err = d.db.Framework(ctx, f.Ref())
		if survey.IsCode(err, survey.CodeNotFound) {
			_, err = d.db.PublishFramework(ctx, by, doc)
		}
		if err != nil {
			return fmt.Errorf("publish framework %s: %w", id, err)
		}
	}
	units, err := d.db.Units(ctx)
	if err != nil || len(units) > 0 {
		return err
	}
	_, err = d.db.PutUnits(ctx, by, shippedUnits())
	return err
}

// shippedUnits are the provinces and communes that the program knows.
func shippedUnits() []survey.Unit {
	shipped := data.Units()
	units := make([]survey.Unit, len(shipped))
	for i, u := range shipped {
		units[i] = survey.Unit{
			ID: survey.UnitID(u.ID), Code: u.Code, Kind: survey.KindProvince,
			Name: survey.Text{survey.Vietnamese: u.FullVI, survey.English: u.FullEN},
			From: survey.Day(u.From), To: survey.Day(u.To), Parent: survey.UnitID(u.Parent),
		}
		if u.Level == data.LevelCommune {
			units[i].Kind = survey.KindCommune
		}
		for _, s := range u.Successors {
			units[i].Successors = append(units[i].Successors, survey.UnitID(s))
		}
	}
	return units
}

// keyRing keeps the secrets of waves as files, apart from the database and its backups.
type keyRing struct{ dir string }

func (k keyRing) path(wave survey.WaveID) string {
	return filepath.Join(k.dir, string(wave)+".key")
}

// Key returns the secret of a wave. Where there is none, or none any more, it is CodeKeyMissing.
func (k keyRing) Key(wave survey.WaveID) (survey.WaveKey, error) {
	var key survey.WaveKey
	fault := &survey.Error{Code: survey.CodeKeyMissing, Op: "read key", Params: map[string]string{"wave": string(wave), "file": k.path(wave)}}
	if filepath.Base(string(wave)) != string(wave) {
		return key, fault
	}
	raw, err := os.ReadFile(k.path(wave))
	if err != nil {
		fault.Err = err
		return key, fault
	}
	if len(raw) != len(key) {
		fault.Err = fmt.Errorf("the file has %d bytes and not %d", len(raw), len(key))
		return key, fault
	}
	copy(key[:], raw)
	return key, nil
}

// make draws the secret of a new wave. One that is there is kept, and made is false.
func (k keyRing) make(wave survey.WaveID) (made bool, err error) {
	key := survey.NewWaveKey()
	err = export.CreateFile(k.path(wave), func(w io.Writer) error {
		_, err := w.Write(key[:])
		return err
	})
	if errors.Is(err, fs.ErrExist) {
		return false, nil
	}
	return err == nil, err
}

// sealPath is the file of the key that kiosks seal to.
func (k keyRing) sealPath() string { return filepath.Join(k.dir, sealName) }

// seal reads the key that kiosks seal to, drawing it when there is none. One that is there is never replaced, even when it cannot be
// read: what waits on kiosks may be sealed to it.
func (k keyRing) seal() (*web.SealKey, error) {
	path := k.sealPath()
	scalar, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		scalar, err = drawSeal(path)
	}
	if err != nil {
		return nil, fmt.Errorf("open the key of the kiosks: %w", err)
	}
	key, err := web.SealKeyOf(scalar)
	if err != nil {
		return nil, tellf("The key of the kiosks, %s, cannot be used: %w. Put your copy of it back. Without a copy, move the file away and start again: "+
			"kiosks then seal to a new key, and answers that wait for the old one stay on them.", path, err)
	}
	return key, nil
}

// drawSeal makes the key file, or reads the one that another process made meanwhile.
func drawSeal(path string) ([]byte, error) {
	scalar, err := web.NewSealKey()
	if err != nil {
		return nil, err
	}
	err = export.CreateFile(path, func(w io.Writer) error {
		_, err := w.Write(scalar)
		return err
	})
	if errors.Is(err, fs.ErrExist) {
		return os.ReadFile(path)
	}
	return scalar, err
}

// destroy overwrites and removes the secret of a wave: from then on nobody can tell which token was used. One that
// is gone already is no fault.
func (k keyRing) destroy(wave survey.WaveID) error {
	f, err := os.OpenFile(k.path(wave), os.O_WRONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var zeros survey.WaveKey
	_, err = f.Write(zeros[:])
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return err
	}
	if err := os.Remove(k.path(wave)); err != nil {
		return err
	}
	return export.SyncDir(k.dir)
}
