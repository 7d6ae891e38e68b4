package store

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"time"

	"sipas/survey"
)

const selectInvitation = `SELECT wave, dossier, class FROM invitation WHERE token_hash = $1`

// selectInvitations looks up several at once.
var selectInvitations = `SELECT token_hash, wave, dossier, class FROM invitation WHERE token_hash IN ` + placeholders(1, lookupsAtOnce)

// lookupsAtOnce is how many invitations one statement looks up, and manyWait how many answers must wait to be stored for a lookup to wait
// for others: so many wait for the disk for longer than it does.
const (
	lookupsAtOnce = 8
	manyWait      = 32
	lookupWait    = 2 * time.Millisecond
)

// lookups finds invitations. Those that are asked for while others are being found are found together afterwards: running a statement
// takes several times as long as finding a row.
type lookups struct {
	reader *reader
	busy   func() int // how many answers wait to be stored

	mu      sync.Mutex
	waiting []*lookup
	asking  bool
}

// lookup is one caller who waits.
type lookup struct {
	hash  survey.TokenHash
	found chan struct{} // closed when the rest is set
	inv   survey.Invitation
	err   error
}

// find returns the invitation of a token, or sql.ErrNoRows.
func (l *lookups) find(hash survey.TokenHash) (survey.Invitation, error) {
	one := &lookup{hash: hash, found: make(chan struct{})}
	l.mu.Lock()
	l.waiting = append(l.waiting, one)
	if !l.asking {
		l.asking = true
		go l.run()
	}
	l.mu.Unlock()
	<-one.found
	return one.inv, one.err
}

// run asks until nobody waits.
func (l *lookups) run() {
	for {
		if l.busy() >= manyWait {
			time.Sleep(lookupWait)
		}
		l.mu.Lock()
		n := min(len(l.waiting), lookupsAtOnce)
		batch := l.waiting[:n:n]
		l.waiting = l.waiting[n:]
		l.asking = n > 0
		l.mu.Unlock()
		if n == 0 {
			return
		}
		l.ask(batch)
		for _, one := range batch {
			close(one.found)
		}
	}
}

// ask finds one or several.
func (l *lookups) ask(batch []*lookup) {
	if len(batch) == 1 {
		one := batch[0]
		one.inv.TokenHash = one.hash
		one.err = l.reader.QueryRowContext(context.Background(), selectInvitation, one.hash).Scan(&one.inv.Wave, &one.inv.Dossier, &one.inv.Class)
		return
	}
	args := make([]any, lookupsAtOnce)
	for i := range args {
		// The last one fills the rest of the statement up.
		args[i] = batch[min(i, len(batch)-1)].hash
	}
	found := make(map[survey.TokenHash]survey.Invitation, len(batch))
	err := l.several(args, found)
	for _, one := range batch {
		inv, known := found[one.hash]
		switch {
		case err != nil:
			one.err = err
		case !known:
			one.err = sql.ErrNoRows
		default:
			one.inv = inv
		}
	}
}

func (l *lookups) several(args []any, found map[survey.TokenHash]survey.Invitation) error {
	rows, err := l.reader.hot[selectInvitations].QueryContext(context.Background(), args...)
	if err != nil {
		return err
	}
	for rows.Next() {
		var inv survey.Invitation
		if err := rows.Scan(&inv.TokenHash, &inv.Wave, &inv.Dossier, &inv.Class); err != nil {
			return errors.Join(err, rows.Close())
		}
		found[inv.TokenHash] = inv
	}
	return errors.Join(rows.Err(), rows.Close())
}

// Invitation returns the invitation of a token, or CodeTokenUnknown. It changes nothing.
func (s *Store) Invitation(ctx context.Context, hash survey.TokenHash) (survey.Invitation, error) {
	const op = "read invitation"
	if err := ctx.Err(); err != nil {
		return survey.Invitation{}, s.fail(op, err)
	}
	inv, err := s.lookups.find(hash)
	if errors.Is(err, sql.ErrNoRows) {
		// The hash stays out of the error: logs are read beside databases.
		return survey.Invitation{}, &survey.Error{Code: survey.CodeTokenUnknown, Op: op}
	}
	if err != nil {
		return survey.Invitation{}, s.fail(op, err)
	}
	return inv, nil
}
