package survey

import (
	"context"
	"io"
	"time"
)

// The roles of storage. Each caller takes the smallest that it needs. What all implementations promise:
//
//   - Every method that changes something is one transaction, synced to disk before it returns nil.
//   - Methods that take an Actor write who did what to the audit trail in the same transaction. SaveReceipt
//     takes none and writes none: a row there would date the answer.
//   - What is not there is an *Error with CodeNotFound (or the code that the method names), never a nil value.
//   - Slices come back in a stated or natural order that does not depend on the order of insertion.
type (
	// Units keeps administrative units and offices.
	Units interface {
		// PutUnits adds or replaces units by id and returns how many changed. The same units twice change nothing.
		PutUnits(ctx context.Context, by Actor, units []Unit) (changed int, err error)
		// Units returns all units in order of id.
		Units(ctx context.Context) ([]Unit, error)
	}

	// Documents keeps instruments and frameworks, each version for ever.
	Documents interface {
		// PublishInstrument stores a version. The same document again changes nothing; another document under the
		// same id and version is CodeConflict.
		PublishInstrument(ctx context.Context, by Actor, doc []byte) (*Instrument, error)
		// Instrument returns a version, or CodeInstrumentUnknown.
		Instrument(ctx context.Context, ref InstrumentRef) (*Instrument, error)
		// PublishFramework and Framework do the same for frameworks (CodeNotFound).
		PublishFramework(ctx context.Context, by Actor, doc []byte) (*Framework, error)
		Framework(ctx context.Context, ref FrameworkRef) (*Framework, error)
		// InstrumentHash and FrameworkHash return the SHA-256 of a version's document as it is stored, in hexadecimal digits.
		InstrumentHash(ctx context.Context, ref InstrumentRef) (string, error)
		FrameworkHash(ctx context.Context, ref FrameworkRef) (string, error)
	}

	// Drafts keeps frameworks that an office is writing, and lists what is published already.
	Drafts interface {
		// FrameworkRefs and InstrumentRefs list every published version, in order of id and version.
		FrameworkRefs(ctx context.Context) ([]FrameworkRef, error)
		InstrumentRefs(ctx context.Context) ([]InstrumentRef, error)
		// Draft returns a draft, or CodeNotFound; Drafts all of them in order of id.
		Draft(ctx context.Context, id string) (*Draft, error)
		Drafts(ctx context.Context) ([]Draft, error)
		// SaveDraft stores a draft over the revision that the caller read, 0 for a new one, and returns the new revision. Another
		// revision, or another draft under a new one's id, is CodeConflict: two people never overwrite each other unseen. Revisions of an
		// id only grow, also from a draft that was dropped or published to the next one.
		SaveDraft(ctx context.Context, by Actor, d Draft) (revision int, err error)
		// DropDraft removes a draft at the revision that the caller read (CodeNotFound, CodeConflict).
		DropDraft(ctx context.Context, by Actor, id string, revision int) error
		// PublishDraft removes a draft as DropDraft does and publishes a document of its id as PublishFramework does: both, or neither.
		PublishDraft(ctx context.Context, by Actor, id string, revision int, doc []byte) (*Framework, error)
	}

	// Assessments keeps what offices gave themselves, and the files that prove it.
	Assessments interface {
		// Assessment returns an assessment with its files, or CodeNotFound; Assessments all of them, the latest year first, then in
		// order of id.
		Assessment(ctx context.Context, id AssessmentID) (*Assessment, error)
		Assessments(ctx context.Context) ([]Assessment, error)
		// SaveAssessment stores an assessment over the revision that the caller read, 0 for a new one, attaches loaded files to it in the same
		// transaction, by the rule of AttachEvidence, and returns the new revision. The same again changes nothing. What Files says
		// counts for nothing. Another revision, another assessment under a new one's id, or one of the same framework, office and year is CodeConflict;
		// what Assessment.Check refuses is refused; a framework, wave or unit that is not there is CodeNotFound or CodeUnitUnknown.
		SaveAssessment(ctx context.Context, by Actor, a Assessment, attach ...Evidence) (revision int, err error)
		// DropAssessment removes an assessment with its files at the revision that the caller read (CodeNotFound, CodeConflict).
		DropAssessment(ctx context.Context, by Actor, id AssessmentID, revision int) error
		// LoadEvidence reads the content of a file to its end, in small pieces, each on disk before the next is read, and returns its id, size and hash.
		// Nobody sees the content before it is attached; when it never is, a sweep takes it after a day. More than MaxEvidence is
		// CodeEvidenceTooLarge, nothing CodeEvidenceEmpty; whatever fails, nothing is left.
		LoadEvidence(ctx context.Context, content io.Reader) (Evidence, error)
		// UnloadEvidence removes loaded files that are not attached. Those that are stay.
		UnloadEvidence(ctx context.Context, files ...Evidence) error
		// SweepEvidence removes the content of files that were loaded a day ago and never attached, and of those of removed assessments,
		// in pieces, so that it holds up nobody.
		SweepEvidence(ctx context.Context) error
		// AttachEvidence attaches loaded files, all or none, under their criteria and names. One that is there already with the same
		// content changes nothing; with other content it is CodeEvidenceTaken. More than MaxEvidenceFiles are CodeEvidenceFull, a
		// criterion that the framework does not have is CodeCriterionInvalid, a content that is gone CodeNotFound.
		AttachEvidence(ctx context.Context, by Actor, id AssessmentID, files ...Evidence) error
		// DetachEvidence removes a file and its content (CodeNotFound).
		DetachEvidence(ctx context.Context, by Actor, id AssessmentID, file EvidenceID) error
		// ReadEvidence writes the content of an attached file. Content that is not what was attached is CodeInternal, after most of it was written.
		ReadEvidence(ctx context.Context, id AssessmentID, file EvidenceID, w io.Writer) error
	}

	// Waves keeps survey periods.
	Waves interface {
		// CreateWave stores a wave whose instruments and frameworks are published (else CodeInstrumentUnknown or CodeNotFound)
		// and whose province exists (else CodeUnitUnknown). The same wave again changes nothing; another under its id is CodeConflict.
		CreateWave(ctx context.Context, by Actor, w *Wave) error
		// Wave returns one wave, Waves all of them, latest period first.
		Wave(ctx context.Context, id WaveID) (*Wave, error)
		Waves(ctx context.Context) ([]*Wave, error)
		// UseInstrument lets an open wave ask another published version of one of its questionnaires from now on. Answers to
		// the earlier version are taken as before. The same again changes nothing; a questionnaire whose id the wave does
		// not have is CodeConflict.
		UseInstrument(ctx context.Context, by Actor, id WaveID, ref InstrumentRef) error
		// CloseWave ends a wave. The caller destroys the key after it returns.
		CloseWave(ctx context.Context, by Actor, id WaveID) error
	}

	// Register keeps the transactions of a wave: the sampling frame.
	Register interface {
		// PutTransactions adds or changes transactions by dossier code, all or none. The same again changes nothing.
		PutTransactions(ctx context.Context, by Actor, wave WaveID, ts []Transaction) (ImportResult, error)
		// Transactions returns the register in order of dossier code.
		Transactions(ctx context.Context, wave WaveID) ([]Transaction, error)
		// Covered returns the class of every transaction that a draw has covered, by dossier code.
		Covered(ctx context.Context, wave WaveID) (map[string]ClassID, error)
		// RegisterCounts counts the register by unit and month of the transactions, for the post-stratification of walk-ins.
		RegisterCounts(ctx context.Context, wave WaveID) ([]UnitMonthCount, error)
	}

	// Sampling keeps draws and invitations.
	Sampling interface {
		// SaveDraw stores a draw with its classes and invitations in one transaction, after calling before, which must make the
		// tokens durable for the office: when before fails, nothing is stored. A transaction or token that is
		// already invited is CodeConflict.
		SaveDraw(ctx context.Context, by Actor, d *Draw, invitations []Invitation, before func() error) error
		// Draws returns the wave's draws with their classes, without Covered.
		Draws(ctx context.Context, wave WaveID) ([]Draw, error)
		// Classes returns the classes of all draws of a wave, in order of id.
		Classes(ctx context.Context, wave WaveID) ([]Class, error)
		// Invitation returns the invitation of a token, or CodeTokenUnknown. It changes nothing.
		Invitation(ctx context.Context, hash TokenHash) (Invitation, error)
	}

	// Responses keeps answers.
	Responses interface {
		// SaveReceipt stores a response exactly once, with its cells, counters and, when complete, its comment, in one
		// transaction with others that came at the same moment, by the rule of Resolve: it returns when that transaction is on
		// disk, and each receipt gets its own verdict. A closed wave is CodeWaveClosed. When too many wait it is CodeUnavailable.
		SaveReceipt(ctx context.Context, r Receipt) (Outcome, error)
		// SaveReceipts does the same for many, in one transaction, all or none: for loads on the server itself.
		SaveReceipts(ctx context.Context, receipts []Receipt) error
		// Response returns what is stored under an id, or CodeNotFound.
		Response(ctx context.Context, id ResponseID) (*Response, error)
		// EachResponse calls yield with every response of a wave in order of id, in one pass. The value is valid during the call only.
		EachResponse(ctx context.Context, wave WaveID, yield func(*Response) error) error
		// Cells returns the counts of answers, in key order.
		Cells(ctx context.Context, wave WaveID) ([]Cell, error)
		// AnswersState returns how many answers a wave has and whether they changed, at the same cost however many there are.
		AnswersState(ctx context.Context, wave WaveID) (AnswersState, error)
		// WithdrawResponse takes one response of an open wave out again, with its cells, for the citizen who gave it: there is no actor, and
		// no audit row, which would date it. Nothing is left of it, so its token is as if it had never been used. Its comment
		// stands apart and cannot be found, and the counters of days, which know no response, keep counting that one came.
		WithdrawResponse(ctx context.Context, id ResponseID) error
		// DayCounts returns the responses received by unit, point and day.
		DayCounts(ctx context.Context, wave WaveID) ([]DayCount, error)
		// SignalCounts returns the suspect responses by unit, point, month and signal. One response may show several.
		SignalCounts(ctx context.Context, wave WaveID) ([]SignalCount, error)
		// Comments returns the remarks of a wave in order of their random ids.
		Comments(ctx context.Context, wave WaveID) ([]CommentRow, error)
	}

	// Corrections change what is stored of open waves, for a stated reason. Closed waves and releases keep what they said.
	Corrections interface {
		// DeleteWalkIns deletes all walk-in responses of a unit in a month that are known to be no citizens': test presses, a clerk's
		// session. It is all or none, so that no single answer can be picked out. Their cells go with them, and so do the counters of days
		// and signals of the unit's kiosks in that month: which of them counted a deleted answer nobody knows. It returns how many there
		// were; the trail keeps that and the reason, which must not be empty (else CodeBadRequest).
		DeleteWalkIns(ctx context.Context, by Actor, wave WaveID, unit UnitID, month, reason string) (int, error)
		// MergeUnits records that units became part of another one from a day on, and moves what open waves hold under them to it:
		// walk-in responses, cells, comments, counters, the register, and kiosks. What comes later for a merged unit counts for its
		// successor. Weighting classes and their labels stay as they were drawn. The same again changes nothing; a unit that is
		// unknown is CodeUnitUnknown, one that was merged into another or cannot be merged at all CodeConflict.
		MergeUnits(ctx context.Context, by Actor, from []UnitID, into UnitID, day Day) (Merger, error)
	}

	// Releases keeps computed figures.
	Releases interface {
		// SaveRelease stores the provisional release of a wave in place of the one before. One that is published is CodeInternal.
		// What it discloses is kept with it: one that was not computed from the last that was shown of the wave is CodeConflict.
		SaveRelease(ctx context.Context, by Actor, r *Release) error
		// PublishRelease stores a published release for good, at the end of the chain. Its number must be the next of its wave, and it
		// supersedes the one before; else, because somebody published meanwhile, it is CodeReleasedMeanwhile. It fills in ContentHash. What it
		// discloses is kept as by SaveRelease: a release that was not computed from the last that was shown of the wave is CodeConflict.
		PublishRelease(ctx context.Context, by Actor, r *Release) (*Publication, error)
		// Disclosed returns what everything that was shown of a wave lets readers know, or CodeNotFound when nothing was.
		Disclosed(ctx context.Context, wave WaveID) (*Disclosed, error)
		// Publications returns every published release in the order of the chain, without its document.
		Publications(ctx context.Context) ([]Publication, error)
		// PublishedIDs returns the ids of all stored releases that say they are published, whether the chain has them or not.
		PublishedIDs(ctx context.Context) ([]string, error)
		// Published returns one published release by its number within the wave, or CodeNotFound. A document that cannot be read, or
		// that is stored under another wave or time than it says, is CodeInternal.
		Published(ctx context.Context, wave WaveID, number int) (*Published, error)
		// Release returns the wave's provisional release, or the published one of the highest number, or CodeNotFound.
		Release(ctx context.Context, wave WaveID, state State) (*Release, error)
		// ReleaseID returns its id only, so that a cache can tell whether it is current.
		ReleaseID(ctx context.Context, wave WaveID, state State) (string, error)
	}

	// Accounts keeps users, sessions and points.
	Accounts interface {
		// AddUser stores a new account, or CodeNameTaken.
		AddUser(ctx context.Context, by Actor, u User) error
		// UserByName and User return an account, or CodeNotFound.
		UserByName(ctx context.Context, name string) (*User, error)
		User(ctx context.Context, id UserID) (*User, error)
		// Users returns the accounts in order of name.
		Users(ctx context.Context) ([]User, error)
		// AddSession, Session and EndSession keep sign-ins. An expired session is CodeUnauthenticated.
		AddSession(ctx context.Context, s Session) error
		Session(ctx context.Context, hash string, now time.Time) (*Session, error)
		EndSession(ctx context.Context, hash string) error
		// AddPoint stores a kiosk whose unit exists.
		AddPoint(ctx context.Context, by Actor, p Point) error
		Point(ctx context.Context, id PointID) (*Point, error)
		Points(ctx context.Context) ([]Point, error)
	}

	// Fleet keeps the devices that are enrolled as kiosks, what they tell of themselves, and which of their answers arrived.
	Fleet interface {
		// AddEnrolment stores a code for a point that exists and is not revoked (else CodePointUnknown). Earlier codes of the point are void.
		AddEnrolment(ctx context.Context, by Actor, e Enrolment) error
		// Enrol spends a code and stores the device, which takes its point and PIN from it, in one transaction. A code that is unknown,
		// spent, void or expired is CodeEnrolmentUnknown.
		Enrol(ctx context.Context, codeHash string, d Device) (*Device, error)
		// Device returns the device of a credential: CodeDeviceUnknown, or CodeDeviceRevoked when it or its point is revoked.
		Device(ctx context.Context, credentialHash string) (*Device, error)
		// Devices returns every device with its queues, in order of point and then of enrolment, the newest first.
		Devices(ctx context.Context) ([]DeviceState, error)
		// RevokeDevice ends a credential. One that is revoked already stays as it is; one that is not there is CodeDeviceUnknown.
		RevokeDevice(ctx context.Context, by Actor, id DeviceID, at time.Time) error
		// RevokePoint ends a kiosk and every device at it, for good. One that is revoked already stays as it is.
		RevokePoint(ctx context.Context, by Actor, id PointID, at time.Time) error
		// SaveBeat keeps the last beat of a device's queue, and moves the queue to the device when another one had it: a browser
		// that was enrolled again keeps its queue. It returns what has arrived of the queue.
		SaveBeat(ctx context.Context, id DeviceID, queue QueueID, b Beat) (*QueueState, error)
		// RefuseDelivery notes that an answer arrived and was refused for good, so that its number is not missing. Once for each number.
		RefuseDelivery(ctx context.Context, d Delivery, reason Code) error
	}

	// Audit reads the trail of what people with accounts did.
	Audit interface {
		// Trail returns the newest entries first.
		Trail(ctx context.Context, limit int) ([]AuditEntry, error)
		// Record writes an entry for an act that changes no other row, such as an export of rows.
		Record(ctx context.Context, by Actor, act, subject, detail string) error
	}
)

// Store is everything, for wiring.
type Store interface {
	Units
	Documents
	Drafts
	Assessments
	Waves
	Register
	Sampling
	Responses
	Corrections
	Releases
	Accounts
	Fleet
	Audit
}

// Merger counts what a merging of units moved in open waves.
type Merger struct {
	Units, Transactions, WalkIns, Points int
}

// UnitMonthCount is a number of transactions of a unit in a month.
type UnitMonthCount struct {
	Unit  UnitID
	Month string
	N     int
}

// Cell counts answers: how many responses of a stratum gave one code to one item. Item "" counts the responses themselves,
// with the disposition in Disposition and Code zero.
type Cell struct {
	Source      Source
	Class       ClassID
	Unit        UnitID
	Month       string
	Mode        Mode
	Item        string
	Code        int
	Disposition Disposition
	N           int
}

// DayCount counts responses received in a day.
type DayCount struct {
	Unit  UnitID // "" on the web
	Point PointID
	Day   Day
	N     int
}

// CommentRow is a remark, kept apart from the answers. It knows the wave and the unit, and neither the response nor the time.
type CommentRow struct {
	Wave     WaveID
	Unit     UnitID
	Language Lang
	Text     string
}

// AuditEntry is one act.
type AuditEntry struct {
	At      time.Time
	User    UserID
	Name    string
	Act     string
	Subject string
	Detail  string
}
