package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"sipas/survey"
)

const (
	userColumns      = `id, name, role, units, password_hash, disabled`
	insertUser       = `INSERT INTO account (` + userColumns + `) VALUES ($1, $2, $3, $4, $5, $6)`
	countUserName    = `SELECT count(*) FROM account WHERE name = $1`
	selectUserByName = `SELECT ` + userColumns + ` FROM account WHERE name = $1`
	selectUser       = `SELECT ` + userColumns + ` FROM account WHERE id = $1`
	selectUsers      = `SELECT ` + userColumns + ` FROM account ORDER BY name`

	insertSession = `INSERT INTO session (hash, account, created, expires) VALUES ($1, $2, $3, $4)`
	// A session of an account that was disabled since is over.
	selectSession = `SELECT session.account, session.created, session.expires FROM session JOIN account ON account.id = session.account
		WHERE session.hash = $1 AND session.expires > $2 AND account.disabled = 0`
	deleteSession  = `DELETE FROM session WHERE hash = $1`
	deleteSessions = `DELETE FROM session WHERE expires <= $1`

	insertPoint  = `INSERT INTO point (id, unit, name, revoked) VALUES ($1, $2, $3, $4)`
	selectPoint  = `SELECT id, unit, name, revoked FROM point WHERE id = $1`
	selectPoints = `SELECT id, unit, name, revoked FROM point ORDER BY id`
)

// AddUser stores a new account, or CodeNameTaken. The units of a department must exist.
func (s *Store) AddUser(ctx context.Context, by survey.Actor, u survey.User) error {
	const op = "add user"
	units, err := encode(u.Units)
	if err != nil {
		return s.fail(op, err)
	}
	return s.write(ctx, op, func(tx *sql.Tx) error {
		var n int
		if err := s.row(ctx, tx, countUserName, u.Name).Scan(&n); err != nil {
			return err
		}
		if n > 0 {
			return missing(survey.CodeNameTaken, op, "name", u.Name)
		}
		for _, unit := range u.Units {
			if err := s.requireUnit(ctx, tx, op, unit); err != nil {
				return err
			}
		}
		if _, err := s.exec(ctx, tx, insertUser, u.ID, u.Name, u.Role, units, u.PasswordHash, flag(u.Disabled)); err != nil {
			return err
		}
		return s.audit(ctx, tx, by, ActAddUser, u.Name, string(u.Role))
	})
}

func scanUser(scan func(...any) error) (*survey.User, error) {
	u := new(survey.User)
	var units string
	var disabled int
	if err := scan(&u.ID, &u.Name, &u.Role, &units, &u.PasswordHash, &disabled); err != nil {
		return nil, err
	}
	u.Disabled = disabled != 0
	if err := json.Unmarshal([]byte(units), &u.Units); err != nil {
		return nil, fmt.Errorf("units of account %s: %w", u.ID, err)
	}
	return u, nil
}

func (s *Store) user(ctx context.Context, query, key, value string) (*survey.User, error) {
	const op = "read user"
	u, err := scanUser(s.engine.Reader.QueryRowContext(ctx, query, value).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, missing(survey.CodeNotFound, op, key, value)
	}
	return u, s.fail(op, err)
}

// UserByName returns an account by the name to sign in with, or CodeNotFound.
func (s *Store) UserByName(ctx context.Context, name string) (*survey.User, error) {
	return s.user(ctx, selectUserByName, "name", name)
}

// User returns an account, or CodeNotFound.
func (s *Store) User(ctx context.Context, id survey.UserID) (*survey.User, error) {
	return s.user(ctx, selectUser, "user", string(id))
}

// Users returns the accounts in order of name.
func (s *Store) Users(ctx context.Context) ([]survey.User, error) {
	all, err := list(ctx, s.engine.Reader, func(rows *sql.Rows) (survey.User, error) {
		u, err := scanUser(rows.Scan)
		if err != nil {
			return survey.User{}, err
		}
		return *u, nil
	}, selectUsers)
	return all, s.fail("read users", err)
}

// AddSession keeps a sign-in, and forgets those that were over when it began.
func (s *Store) AddSession(ctx context.Context, sn survey.Session) error {
	return s.write(ctx, "add session", func(tx *sql.Tx) error {
		if _, err := s.exec(ctx, tx, deleteSessions, sn.Created.UnixMilli()); err != nil {
			return err
		}
		_, err := s.exec(ctx, tx, insertSession, sn.Hash, sn.User, sn.Created.UnixMilli(), sn.Expires.UnixMilli())
		return err
	})
}

// Session returns a sign-in. One that is unknown, over or of a disabled account is CodeUnauthenticated alike.
func (s *Store) Session(ctx context.Context, hash string, now time.Time) (*survey.Session, error) {
	const op = "read session"
	sn := &survey.Session{Hash: hash}
	var created, expires int64
	err := s.reader.QueryRowContext(ctx, selectSession, hash, now.UnixMilli()).Scan(&sn.User, &created, &expires)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, &survey.Error{Code: survey.CodeUnauthenticated, Op: op}
	}
	if err != nil {
		return nil, s.fail(op, err)
	}
	sn.Created, sn.Expires = time.UnixMilli(created).UTC(), time.UnixMilli(expires).UTC()
	return sn, nil
}

// EndSession forgets a sign-in. One that is not there is over already.
func (s *Store) EndSession(ctx context.Context, hash string) error {
	return s.write(ctx, "end session", func(tx *sql.Tx) error {
		_, err := s.exec(ctx, tx, deleteSession, hash)
		return err
	})
}

// AddPoint stores a kiosk whose unit exists. The same again changes nothing; another under its id is CodeConflict.
func (s *Store) AddPoint(ctx context.Context, by survey.Actor, p survey.Point) error {
	const op = "add point"
	return s.write(ctx, op, func(tx *sql.Tx) error {
		stored, err := s.point(ctx, tx, op, p.ID)
		if err == nil && *stored == p {
			return nil
		}
		if err == nil {
			return missing(survey.CodeConflict, op, "point", string(p.ID))
		}
		if !survey.IsCode(err, survey.CodePointUnknown) {
			return err
		}
		if err := s.requireUnit(ctx, tx, op, p.Unit); err != nil {
			return err
		}
		if _, err := s.exec(ctx, tx, insertPoint, p.ID, p.Unit, p.Name, flag(p.Revoked)); err != nil {
			return err
		}
		return s.audit(ctx, tx, by, ActAddPoint, string(p.ID), string(p.Unit))
	})
}

func scanPoint(scan func(...any) error) (survey.Point, error) {
	var p survey.Point
	var revoked int
	err := scan(&p.ID, &p.Unit, &p.Name, &revoked)
	p.Revoked = revoked != 0
	return p, err
}

func (s *Store) point(ctx context.Context, q querier, op string, id survey.PointID) (*survey.Point, error) {
	p, err := scanPoint(q.QueryRowContext(ctx, selectPoint, id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, missing(survey.CodePointUnknown, op, "point", string(id))
	}
	if err != nil {
		return nil, s.fail(op, err)
	}
	return &p, nil
}

// Point returns a kiosk, or CodePointUnknown.
func (s *Store) Point(ctx context.Context, id survey.PointID) (*survey.Point, error) {
	return s.point(ctx, s.reader, "read point", id)
}

// Points returns the kiosks in order of id.
func (s *Store) Points(ctx context.Context) ([]survey.Point, error) {
	all, err := list(ctx, s.engine.Reader, func(rows *sql.Rows) (survey.Point, error) { return scanPoint(rows.Scan) }, selectPoints)
	return all, s.fail("read points", err)
}
