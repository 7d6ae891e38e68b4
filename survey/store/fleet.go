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
	deleteEnrolments = `DELETE FROM enrolment WHERE point = $1`
	insertEnrolment  = `INSERT INTO enrolment (code_hash, point, pin, expires) VALUES ($1, $2, $3, $4)`
	selectEnrolment  = `SELECT point, pin, expires FROM enrolment WHERE code_hash = $1`
	deviceColumns    = `id, point, credential_hash, pin, enrolled, revoked`
	insertDevice     = `INSERT INTO device (` + deviceColumns + `) VALUES ($1, $2, $3, $4, $5, $6)`
	selectCredential = `SELECT ` + deviceColumns + `, (SELECT revoked FROM point WHERE point.id = device.point) FROM device WHERE credential_hash = $1`
	selectDevice     = `SELECT ` + deviceColumns + `, (SELECT revoked FROM point WHERE point.id = device.point) FROM device WHERE id = $1`
	selectDevices    = `SELECT ` + deviceColumns + ` FROM device ORDER BY point, enrolled DESC, id`
	revokeDevice     = `UPDATE device SET revoked = $1 WHERE id = $2`
	revokeDevicesAt  = `UPDATE device SET revoked = $1 WHERE point = $2 AND revoked = 0`
	revokePoint      = `UPDATE point SET revoked = 1 WHERE id = $1`
	putBeat          = `INSERT INTO queue (id, device, begun, beat) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO UPDATE SET
		device = excluded.device, beat = excluded.beat, begun = CASE WHEN queue.begun = 0 THEN excluded.begun ELSE queue.begun END`
	selectQueue        = `SELECT id, device, begun, beat FROM queue WHERE id = $1`
	selectQueues       = `SELECT id, device, begun, beat FROM queue ORDER BY device, begun DESC, id`
	selectDelivered    = `SELECT queue, first, last FROM delivery WHERE queue = $1 ORDER BY first`
	selectAllDelivered = `SELECT queue, first, last FROM delivery ORDER BY queue, first`
	selectRefused      = `SELECT queue, reason, n FROM refused_delivery WHERE queue = $1 ORDER BY reason`
	selectAllRefused   = `SELECT queue, reason, n FROM refused_delivery ORDER BY queue, reason`
	selectSignals      = `SELECT unit, point, month, signal, n FROM signal_count WHERE wave = $1 ORDER BY unit, point, month, signal`
)

// AddEnrolment stores a code for a point that is there and not revoked, in the place of earlier ones.
func (s *Store) AddEnrolment(ctx context.Context, by survey.Actor, e survey.Enrolment) error {
	const op = "add enrolment"
	pin, err := encode(e.PIN)
	if err != nil {
		return s.fail(op, err)
	}
	return s.write(ctx, op, func(tx *sql.Tx) error {
		p, err := s.point(ctx, tx, op, e.Point)
		if err != nil {
			return err
		}
		if p.Revoked {
			return missing(survey.CodePointUnknown, op, "point", string(e.Point))
		}
		if _, err := s.exec(ctx, tx, deleteEnrolments, e.Point); err != nil {
			return err
		}
		if _, err := s.exec(ctx, tx, insertEnrolment, e.CodeHash, e.Point, pin, e.Expires.UnixMilli()); err != nil {
			return err
		}
		return s.audit(ctx, tx, by, ActAddEnrolment, string(e.Point), "")
	})
}

// Enrol spends a code, as of the moment of the device's enrolment, and stores the device.
func (s *Store) Enrol(ctx context.Context, codeHash string, d survey.Device) (*survey.Device, error) {
	const op = "enrol device"
	d.Enrolled, d.Revoked = d.Enrolled.UTC().Truncate(time.Millisecond), time.Time{}
	err := s.write(ctx, op, func(tx *sql.Tx) error {
		var pin string
		var expires int64
		err := s.row(ctx, tx, selectEnrolment, codeHash).Scan(&d.Point, &pin, &expires)
		if errors.Is(err, sql.ErrNoRows) || err == nil && expires <= d.Enrolled.UnixMilli() {
			return &survey.Error{Code: survey.CodeEnrolmentUnknown, Op: op}
		}
		if err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(pin), &d.PIN); err != nil {
			return fmt.Errorf("pin of the code for %s: %w", d.Point, err)
		}
		if _, err := s.exec(ctx, tx, deleteEnrolments, d.Point); err != nil {
			return err
		}
		_, err = s.exec(ctx, tx, insertDevice, d.ID, d.Point, d.CredentialHash, pin, d.Enrolled.UnixMilli(), 0)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &d, nil
}

// scanDevice reads the columns of a device, and what follows them into more.
func scanDevice(scan func(...any) error, more ...any) (survey.Device, error) {
	var d survey.Device
	var pin string
	var enrolled, revoked int64
	if err := scan(append([]any{&d.ID, &d.Point, &d.CredentialHash, &pin, &enrolled, &revoked}, more...)...); err != nil {
		return d, err
	}
	if err := json.Unmarshal([]byte(pin), &d.PIN); err != nil {
		return d, fmt.Errorf("pin of device %s: %w", d.ID, err)
	}
	d.Enrolled, d.Revoked = moment(enrolled), moment(revoked)
	return d, nil
}

// moment is a time from its milliseconds, of which zero is no time.
func moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// live returns a device that may answer, by one of the two statements that ask for one.
func (s *Store) live(row *sql.Row, op string) (*survey.Device, error) {
	var pointRevoked int
	d, err := scanDevice(row.Scan, &pointRevoked)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, &survey.Error{Code: survey.CodeDeviceUnknown, Op: op}
	}
	if err != nil {
		return nil, s.fail(op, err)
	}
	if !d.Revoked.IsZero() || pointRevoked != 0 {
		return nil, &survey.Error{Code: survey.CodeDeviceRevoked, Op: op}
	}
	return &d, nil
}

// Device returns the device of a credential.
func (s *Store) Device(ctx context.Context, credentialHash string) (*survey.Device, error) {
	return s.live(s.reader.QueryRowContext(ctx, selectCredential, credentialHash), "read device")
}

// Devices returns every device with its queues, all as of one moment.
func (s *Store) Devices(ctx context.Context) ([]survey.DeviceState, error) {
	var all []survey.DeviceState
	err := s.read(ctx, "read devices", func(tx *sql.Tx) error {
		devices, err := list(ctx, tx, func(rows *sql.Rows) (survey.Device, error) { return scanDevice(rows.Scan) }, selectDevices)
		if err != nil {
			return err
		}
		queues, err := list(ctx, tx, scanQueue, selectQueues)
		if err != nil {
			return err
		}
		if err := deliveries(ctx, tx, queues, selectAllDelivered, selectAllRefused); err != nil {
			return err
		}
		of := map[survey.DeviceID][]survey.QueueState{}
		for _, q := range queues {
			of[q.device] = append(of[q.device], q.QueueState)
		}
		for _, d := range devices {
			all = append(all, survey.DeviceState{Device: d, Queues: of[d.ID]})
		}
		return nil
	})
	return all, err
}

// ownedQueue is a queue and the device that has it.
type ownedQueue struct {
	survey.QueueState
	device survey.DeviceID
}

func scanQueue(rows *sql.Rows) (ownedQueue, error) {
	var q ownedQueue
	var begun int64
	var beat string
	if err := rows.Scan(&q.Queue, &q.device, &begun, &beat); err != nil {
		return q, err
	}
	q.Begun = moment(begun)
	if beat == "" {
		return q, nil
	}
	if err := json.Unmarshal([]byte(beat), &q.Beat); err != nil {
		return q, fmt.Errorf("beat of queue %s: %w", q.Queue, err)
	}
	return q, nil
}

// deliveries fills in what arrived of the queues, by the two statements that ask for it.
func deliveries(ctx context.Context, tx *sql.Tx, queues []ownedQueue, arrived, refused string, args ...any) error {
	at := map[survey.QueueID]*ownedQueue{}
	for i := range queues {
		at[queues[i].Queue] = &queues[i]
	}
	err := each(ctx, tx, func(rows *sql.Rows) error {
		var id survey.QueueID
		var r survey.Range
		if err := rows.Scan(&id, &r.First, &r.Last); err != nil {
			return err
		}
		at[id].Arrived = append(at[id].Arrived, r)
		return nil
	}, arrived, args...)
	if err != nil {
		return err
	}
	return each(ctx, tx, func(rows *sql.Rows) error {
		var id survey.QueueID
		var r survey.RefusedCount
		if err := rows.Scan(&id, &r.Code, &r.N); err != nil {
			return err
		}
		at[id].Refused = append(at[id].Refused, r)
		return nil
	}, refused, args...)
}

// RevokeDevice ends a credential.
func (s *Store) RevokeDevice(ctx context.Context, by survey.Actor, id survey.DeviceID, at time.Time) error {
	const op = "revoke device"
	return s.write(ctx, op, func(tx *sql.Tx) error {
		var pointRevoked int
		d, err := scanDevice(s.row(ctx, tx, selectDevice, id).Scan, &pointRevoked)
		if errors.Is(err, sql.ErrNoRows) {
			return missing(survey.CodeDeviceUnknown, op, "device", string(id))
		}
		if err != nil || !d.Revoked.IsZero() {
			return err
		}
		if _, err := s.exec(ctx, tx, revokeDevice, at.UnixMilli(), id); err != nil {
			return err
		}
		return s.audit(ctx, tx, by, ActRevokeDevice, string(id), string(d.Point))
	})
}

// RevokePoint ends a kiosk, its code and every device at it.
func (s *Store) RevokePoint(ctx context.Context, by survey.Actor, id survey.PointID, at time.Time) error {
	const op = "revoke point"
	return s.write(ctx, op, func(tx *sql.Tx) error {
		p, err := s.point(ctx, tx, op, id)
		if err != nil || p.Revoked {
			return err
		}
		if _, err := s.exec(ctx, tx, revokePoint, id); err != nil {
			return err
		}
		if _, err := s.exec(ctx, tx, deleteEnrolments, id); err != nil {
			return err
		}
		if _, err := s.exec(ctx, tx, revokeDevicesAt, at.UnixMilli(), id); err != nil {
			return err
		}
		return s.audit(ctx, tx, by, ActRevokePoint, string(id), string(p.Unit))
	})
}

// SaveBeat keeps the last beat of a queue, gives the queue to the device, and returns what arrived of it.
func (s *Store) SaveBeat(ctx context.Context, id survey.DeviceID, queue survey.QueueID, b survey.Beat) (*survey.QueueState, error) {
	const op = "save beat"
	b.At, b.Oldest = b.At.UTC().Truncate(time.Millisecond), b.Oldest.UTC().Truncate(time.Millisecond)
	text, err := encode(b)
	if err != nil {
		return nil, s.fail(op, err)
	}
	var q ownedQueue
	err = s.write(ctx, op, func(tx *sql.Tx) error {
		if _, err := s.live(s.row(ctx, tx, selectDevice, id), op); err != nil {
			return err
		}
		if _, err := s.exec(ctx, tx, putBeat, queue, id, b.At.UnixMilli(), text); err != nil {
			return err
		}
		queues, err := list(ctx, tx, scanQueue, selectQueue, queue)
		if err != nil {
			return err
		}
		if err := deliveries(ctx, tx, queues, selectDelivered, selectRefused, queue); err != nil {
			return err
		}
		q = queues[0]
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &q.QueueState, nil
}

// SignalCounts returns the suspect responses by unit, point, month and signal, in that order.
func (s *Store) SignalCounts(ctx context.Context, wave survey.WaveID) ([]survey.SignalCount, error) {
	all, err := list(ctx, s.engine.Reader, func(rows *sql.Rows) (c survey.SignalCount, err error) {
		err = rows.Scan(&c.Unit, &c.Point, &c.Month, &c.Signal, &c.N)
		return c, err
	}, selectSignals, wave)
	return all, s.fail("read signal counts", err)
}
