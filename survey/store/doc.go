// Package store keeps everything that sipas keeps, in a database of SQL. It holds the statements of every role of
// survey.Store once, for every engine: parameters are written $1, $2, … ascending within a statement, columns are bigint,
// double precision and text, times are UTC milliseconds, documents are JSON as text, keys are made in Go. What differs
// between engines is an Engine: how it is opened and migrated (package sqlite), which of its errors mean what, and how it
// forgets the order of answers.
//
// # What a table may tell
//
// No table has a row number, and none that is written while citizens answer has a time. Responses, invitations and comments lie
// under random keys, so their order is that of chance. A response is one row: it says its weighting class and nothing finer. Its
// comment lies in another table under a key of its own. Answering writes to response, stratum, answer_state, day_count and comment, at a kiosk to
// delivery and signal_count, and to nothing else (the first answer of a queue makes its row, without a time); in particular it reads no
// invitation, and writes no audit row. The ledger of deliveries holds stretches of numbers and no response.
//
// # One commit for many
//
// A commit is synced to disk, which takes as long for one answer as for a hundred. So those who save an answer wait in a line; a committer takes all
// that stand there into one transaction (see commit.go, receipts.go), each with a verdict of its own and as if it came after those before it, and
// answers them when the transaction is on disk. Nothing is written before all are judged, so a refused one leaves nothing. What all of them
// change is summed up first: a count costs one statement however many answers change it. When the line is long, it is closed.
//
// # Acts and their trail
//
// A method that takes an Actor writes its audit row in the transaction of the act. An act that turns out to change nothing, such
// as the same file imported again, leaves no row: the trail says what was done, not what was tried.
//
// # Cells
//
// The counts of answers are kept current in the transaction of the response that they count: what a response no longer says is
// taken off, what it newly says is added, and what is zero is not there. A page that shows counts therefore costs the same at
// ten thousand answers and at ten million.
//
// All cells of a stratum (source, class or unit and month, mode) are one row: an answer changes one row however many questions it has. The
// row's key is the stratum itself, so there are no numbers of strata that could tell which came first, and its text is
// sorted. What a stratum counts is remembered between transactions, for as long as the number in answer_state says that nobody else
// wrote. That number is drawn at random at every change of a wave's answers: whoever computed from them learns that they changed, from one row
// and without a count of changes or a time, which would be a record of answering.
//
// # Corrections
//
// A citizen may take an answer out again while the wave is open (WithdrawResponse). The row and its cells go and nothing is put in their place,
// so the token is as if it had never been used; a copy of the answer that a kiosk still sends would be stored again. What cannot be
// found stays: the comment, which names no response, and one in the count of a day. Nothing is audited.
//
// Answers of walk-ins that are none go as a whole unit and month (DeleteWalkIns), with the unit's counters of the month, because a mark as
// suspect rests on how many answers they count. Merged units (MergeUnits) lose to their successor what open waves hold under
// them, and unit.merged_into sends there what comes later: answers that waited on a kiosk, registers that still name the old unit. A list of
// units that is loaded again does not undo it. Classes keep their labels: they are fixed when the sample is drawn, chances and margins
// rest on them, and who reads a label follows the unit's successors. Closed waves and releases are left alone by all three.
//
// # Evidence
//
// The files that prove an assessment lie in pieces, in base 64 for the reason given below, so that loading the largest one never keeps an answer waiting
// for more than a piece, and neither does removing it. The row that makes a file exist comes last: whoever was cut off left pieces that nobody sees,
// which evidence_loose knows and a sweep takes away.
//
// # Releases
//
// A release is kept as its JSON document, compressed and written in base 64, because a release of every unit runs to several
// megabytes, and because no type for bytes has the same name in all engines.
//
// A published one has a record, too: its place in the chain of all published releases, its hashes, and a seal over these and the seal before. No
// statement here changes either; triggers refuse it to everybody else who has the file open. Later programs read the document as it was stored:
// hashes are of its text, never of what they make of it.
package store
