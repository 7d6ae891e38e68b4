package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"fmt"
	"time"

	"sipas/survey"
)

// The acts of the trail.
const (
	ActPutUnits           = "put_units"
	ActPublishInstrument  = "publish_instrument"
	ActPublishFramework   = "publish_framework"
	ActCreateWave         = "create_wave"
	ActCloseWave          = "close_wave"
	ActImportTransactions = "import_transactions"
	ActDrawSample         = "draw_sample"
	ActSaveRelease        = "save_release"
	ActAddUser            = "add_user"
	ActAddPoint           = "add_point"
	ActUseInstrument      = "use_instrument"
	ActAddEnrolment       = "add_enrolment"
	ActRevokeDevice       = "revoke_device"
	ActRevokePoint        = "revoke_point"
	ActDeleteWalkIns      = "delete_walk_ins"
	ActMergeUnits         = "merge_units"
	ActSaveDraft          = "save_draft"
	ActDropDraft          = "drop_draft"
	ActSaveAssessment     = "save_assessment"
	ActDropAssessment     = "drop_assessment"
	ActAttachEvidence     = "attach_evidence"
	ActDetachEvidence     = "detach_evidence"
)

const (
	insertAudit = `INSERT INTO audit (id, at, account, name, act, subject, detail) VALUES ($1, $2, $3, $4, $5, $6, $7)`
	selectTrail = `SELECT at, account, name, act, subject, detail FROM audit ORDER BY at DESC, id DESC LIMIT $1`
)

// audit writes who did what, in the transaction of the act.
func (s *Store) audit(ctx context.Context, tx *sql.Tx, by survey.Actor, act, subject, detail string) error {
	now := s.now()
	if _, err := s.exec(ctx, tx, insertAudit, timedKey(now), now.UnixMilli(), by.User, by.Name, act, subject, detail); err != nil {
		return fmt.Errorf("audit %s: %w", act, err)
	}
	return nil
}

// timedKey is a key whose order is that of time. Only the trail has such keys.
func timedKey(now time.Time) string {
	var b [10]byte
	_, _ = rand.Read(b[:])
	return fmt.Sprintf("%016x%s", now.UnixNano(), hex.EncodeToString(b[:]))
}

// Trail returns the newest entries first.
func (s *Store) Trail(ctx context.Context, limit int) ([]survey.AuditEntry, error) {
	all, err := list(ctx, s.engine.Reader, func(rows *sql.Rows) (e survey.AuditEntry, err error) {
		var at int64
		err = rows.Scan(&at, &e.User, &e.Name, &e.Act, &e.Subject, &e.Detail)
		e.At = time.UnixMilli(at).UTC()
		return e, err
	}, selectTrail, limit)
	return all, s.fail("read trail", err)
}

// Record writes an entry for an act that changes no other row.
func (s *Store) Record(ctx context.Context, by survey.Actor, act, subject, detail string) error {
	return s.write(ctx, "record act", func(tx *sql.Tx) error {
		return s.audit(ctx, tx, by, act, subject, detail)
	})
}
