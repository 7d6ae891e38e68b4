// Package sqlite opens the store on one SQLite file: settings, migrations, backups, and what its errors mean.
//
// One connection writes (write-ahead log, synced at every commit, transactions that take the lock when they begin), as many as
// there are cores read. One process may have the file open, on a local disk: the log does not work on network file systems.
//
// # How the file forgets
//
// A database file remembers more than its tables say. These are the places, and what is done about each:
//
//   - Replaced drafts: secure_delete overwrites what is freed with zeros.
//   - The write-ahead log keeps every commit in order until it is reused. A settler copies it into the file and cuts it to length
//     zero shortly after each answer (Options.Settle), and when the database is closed or opened. While a long read runs, such as
//     an export, the log cannot be cut; the settler tries again until it can.
//   - Within a page SQLite puts new rows below older ones, whatever their key. The settler therefore first takes the rows around
//     each new one out and puts them back in key order (see arrange.go), so that a page is as a dump would make it. After a crash
//     all tables are written afresh (VACUUM) before the database is used, since nobody knows which rows were not settled.
//   - Row numbers: no table has any. Statistics for the query planner: never gathered.
//   - Backups are written afresh from the tables by VACUUM INTO: in key order, without free pages and without a log.
//
// What is left: the order of the answers of the last moment (fifty milliseconds), the file's own time stamps, and two copies of the file taken at two moments, which tell by comparison what came between.
package sqlite
