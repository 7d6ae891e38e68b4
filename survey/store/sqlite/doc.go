// Package sqlite opens the store on one SQLite file: settings, migrations, backups, and what its errors mean.
//
// One connection writes (write-ahead log, synced at every commit, transactions that take the lock when they begin), as many as
// there are cores read. One process may have the file open, on a local disk: the log does not work on network file systems.
//
// # How the file forgets
//
// A database file remembers more than its tables say. These are the places, and what is done about each:
//
//   - Replaced drafts: secure_delete overwrites what is freed with zeros. What moving rows from page to page leaves in the part of a page
//     that no row takes it does not; that is wiped by the scrubber (see scrub.go), which learns from the log which pages were written
//     and looks at the whole file once after opening.
//   - The write-ahead log keeps every commit in order until it is reused. A settler copies it into the file and cuts it to length
//     zero shortly after each answer (Options.Settle), and when the database is closed or opened. While a long read runs, such as
//     an export, the log cannot be cut; the settler tries again until it can.
//   - Within a page SQLite puts new rows below older ones, whatever their key. The settler therefore first takes the rows around
//     each new, deleted or resized one out and puts them back in key order (see arrange.go), so that where they lie follows from their keys. After a crash
//     all tables are written afresh (VACUUM) before the database is used, since nobody knows which rows were not settled.
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
// settling takes when they come in a storm, for the answers of the storm and of the log. The file's own time stamps. And two copies of the file
// taken at two moments, which tell by comparison what came between.
package sqlite
