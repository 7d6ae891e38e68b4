// Package sqlite opens the store on one SQLite file: settings, migrations, backups, and what its errors mean.
//
// One connection writes (write-ahead log, synced at every commit, transactions that take the lock when they begin), as many as
// there are cores read. The file must lie on a local disk: the log does not work on network file systems.
//
// # Who keeps the file
//
// One program keeps the file, a server as a rule: it alone settles (see below), copies the log and cuts it. A second one that would keep it is
// refused. It holds SQLite's own lock on an empty file beside the database, which works on every system that SQLite works on, and which ends
// with its process. Commands open the file beside the keeper (Options.Beside). They read and write in transactions of their own, answers wait
// for those and are not refused, and they do nothing to the log and to what others wrote.
//
// Whoever may leave something unsettled has a mark in the table unsettled: the keeper from opening to closing, a command from its first change of
// answers on, in the transaction of the change. A keeper that finds a mark of another, at opening or later, goes through the whole file:
// in slices, while it answers. Until that is done its own mark stands for it, so a second crash loses nothing. A command that finds no keeper
// when it closes settles what it changed. Backups have no marks.
//
// # How the file forgets
//
// A database file remembers more than its tables say. These are the places, and what is done about each:
//
//   - Replaced drafts: secure_delete overwrites what is freed with zeros. What moving rows from page to page leaves in the part of a page
//     that no row takes it does not; that is wiped by the scrubber (see scrub.go), which learns from the log which pages were written,
//     and after a crash looks at the whole file.
//   - The write-ahead log keeps every commit in order until it is reused. A settler copies it into the file and cuts it to length
//     zero shortly after each answer (Options.Settle) and after opening, and SQLite removes it when the last program closes the file. While a long
//     read runs, such as an export, the log cannot be cut; the settler tries again until it can.
//   - Within a page SQLite puts new rows below older ones, whatever their key. The settler therefore first takes the rows around
//     each new, deleted or resized one out and puts them back in key order (see arrange.go), so that where they lie follows from their keys. After a crash
//     it does so with all rows of these tables, since nobody knows which were not settled.
//   - Row numbers: no table has any. Statistics for the query planner: never gathered.
//   - Backups are written afresh from the tables by VACUUM INTO: in key order, without free pages and without a log.
//
// # A storm
//
// Settling costs more than storing, and it works on the one connection that writes. So it gives way: while answers wait it works in slices of a
// few milliseconds, each its own transaction, a tenth of the time at most, and does the rest when the storm is over. What waits to be settled
// is remembered key by key up to a bound, and beyond it as the whole table, which then is gone through from end to end; that takes some ten
// microseconds for each row of the table. The log is not cut meanwhile, but copied into the file beside the writer and begun again, so that it stays
// at some hundred megabytes and no answer pays for the copying.
//
// # What is left
//
// The order of the answers of the last moment: fifty milliseconds and what settling takes when they come singly, and as long as it lasts and its
// settling takes when they come in a storm, for the answers of the storm and of the log; after a crash, of the last moment before it until
// the whole file was gone through, for which closing waits only a moment. The file's own time stamps. And two copies of the file
// taken at two moments, which tell by comparison what came between.
package sqlite
