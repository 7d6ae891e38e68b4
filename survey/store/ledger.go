package store

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"slices"

	"sipas/survey"
)

const (
	selectQueueDevice = `SELECT device FROM queue WHERE id = $1`
	countDevice       = `SELECT count(*) FROM device WHERE id = $1`
	// A queue that answers before its first beat has no time: it would be that of the answer.
	insertQueue     = `INSERT INTO queue (id, device, begun, beat) VALUES ($1, $2, 0, '')`
	selectStretches = `SELECT first, last FROM delivery WHERE queue = $1 ORDER BY first`
	deleteStretch   = `DELETE FROM delivery WHERE queue = $1 AND first = $2`
	countRefused    = `INSERT INTO refused_delivery (queue, reason, n) VALUES ($1, $2, $3)
		ON CONFLICT (queue, reason) DO UPDATE SET n = refused_delivery.n + excluded.n`
)

// putStretches begins stretches and makes them longer.
var putStretches = newMulti(`INSERT INTO delivery (queue, first, last)`, `ON CONFLICT (queue, first) DO UPDATE SET last = excluded.last`, 3, 8)

// highestSeq is the largest number that a browser can count to exactly.
const highestSeq = 1 << 53

// longestKnown is how many stretches of a queue are remembered. Only a device that skips numbers on purpose has more.
const longestKnown = 200

// ledger is what arrived of one queue, with what a batch adds.
type ledger struct {
	device  survey.DeviceID // of a queue that is not stored yet
	stored  []survey.Range
	now     []survey.Range
	refused map[survey.Code]int
}

// ledger returns the ledger that a delivery belongs to. A queue that is not known is begun, for a device that is.
func (b *batch) ledger(op string, d survey.Delivery) (*ledger, error) {
	if d.Seq < 1 || d.Seq > highestSeq {
		return nil, survey.Errorf(survey.CodeBadRequest, op, "sequence number %d", d.Seq)
	}
	if l := b.ledgers[d.Queue]; l != nil {
		return l, nil
	}
	l := new(ledger)
	stretches, known := b.s.facts.ledgers.get(d.Queue)
	if known {
		l.stored = stretches
	} else if err := b.readLedger(op, d, l); err != nil {
		return nil, err
	}
	l.now = l.stored
	b.ledgers[d.Queue] = l
	return l, nil
}

func (b *batch) readLedger(op string, d survey.Delivery, l *ledger) error {
	var owner survey.DeviceID
	err := b.row(selectQueueDevice, d.Queue).Scan(&owner)
	if errors.Is(err, sql.ErrNoRows) {
		var n int
		if err := b.row(countDevice, d.Device).Scan(&n); err != nil {
			return err
		}
		if n == 0 || d.Queue == "" {
			return missing(survey.CodeDeviceUnknown, op, "device", string(d.Device))
		}
		l.device = d.Device
		return nil
	}
	if err != nil {
		return err
	}
	rows, err := b.stmt(selectStretches).QueryContext(b.ctx, d.Queue)
	if err != nil {
		return err
	}
	for rows.Next() {
		var r survey.Range
		if err := rows.Scan(&r.First, &r.Last); err != nil {
			return errors.Join(err, rows.Close())
		}
		l.stored = append(l.stored, r)
	}
	return errors.Join(rows.Err(), rows.Close())
}

// note adds a number and reports whether it is new. It never changes what is stored: that may be remembered.
func (l *ledger) note(seq int) bool {
	i, found := slices.BinarySearchFunc(l.now, seq, func(r survey.Range, seq int) int {
		switch {
		case r.Last < seq:
			return -1
		case r.First > seq:
			return 1
		}
		return 0
	})
	if found {
		return false
	}
	added, from, to := survey.Range{First: seq, Last: seq}, i, i
	if i > 0 && l.now[i-1].Last == seq-1 {
		added.First, from = l.now[i-1].First, i-1
	}
	if i < len(l.now) && l.now[i].First == seq+1 {
		added.Last, to = l.now[i].Last, i+1
	}
	l.now = slices.Concat(l.now[:from], []survey.Range{added}, l.now[to:])
	return true
}

// flushLedgers writes the stretches that changed and the refusals, in the order of their keys.
func (b *batch) flushLedgers() error {
	var changed []stretch
	for _, queue := range slices.Sorted(maps.Keys(b.ledgers)) {
		l := b.ledgers[queue]
		if l.device != "" {
			if err := b.exec(insertQueue, queue, l.device); err != nil {
				return err
			}
		}
		var err error
		if changed, err = b.changes(changed, queue, l); err != nil {
			return err
		}
		for _, reason := range slices.Sorted(maps.Keys(l.refused)) {
			if err := b.exec(countRefused, queue, reason, l.refused[reason]); err != nil {
				return err
			}
		}
		if len(l.now) <= longestKnown {
			b.s.facts.ledgers.put(queue, l.now)
		} else {
			b.s.facts.ledgers.drop(queue)
		}
	}
	return b.insert(putStretches, len(changed), func(i int, args []any) []any {
		return append(args, changed[i].queue, changed[i].First, changed[i].Last)
	})
}

// stretch is a stretch of a queue's numbers.
type stretch struct {
	queue survey.QueueID
	survey.Range
}

// changes walks the old and the new stretches of a queue side by side, deletes those that were joined to others, and appends those that
// are new or longer.
func (b *batch) changes(changed []stretch, queue survey.QueueID, l *ledger) ([]stretch, error) {
	i, j := 0, 0
	for i < len(l.stored) || j < len(l.now) {
		switch {
		case j == len(l.now) || i < len(l.stored) && l.stored[i].First < l.now[j].First:
			if err := b.exec(deleteStretch, queue, l.stored[i].First); err != nil {
				return nil, err
			}
			i++
		case i < len(l.stored) && l.stored[i] == l.now[j]:
			i, j = i+1, j+1
		default:
			changed = append(changed, stretch{queue, l.now[j]})
			if i < len(l.stored) && l.stored[i].First == l.now[j].First {
				i++
			}
			j++
		}
	}
	return changed, nil
}

// refuse notes a delivery that was refused for good, unless its number has arrived before.
func (b *batch) refuse(r *refusal) error {
	l, err := b.ledger(opRefuse, r.delivery)
	if err != nil || !l.note(r.delivery.Seq) {
		return err
	}
	if l.refused == nil {
		l.refused = map[survey.Code]int{}
	}
	l.refused[r.reason]++
	return nil
}

const opRefuse = "refuse delivery"

// refusal is a delivery that was refused, and why.
type refusal struct {
	delivery survey.Delivery
	reason   survey.Code
}

// RefuseDelivery notes that an answer arrived and was refused for good, once for each number, in one transaction with the answers
// that are stored at the same moment.
func (s *Store) RefuseDelivery(ctx context.Context, d survey.Delivery, reason survey.Code) error {
	_, err := s.committer.wait(ctx, &entry{refusal: &refusal{d, reason}})
	return err
}
