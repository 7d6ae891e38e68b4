// Package export holds the file formats of sipas: what offices bring (transaction registers and lists of
// units) and what analysts take away (responses with weights, codebooks, figures, comments, token lists).
//
// # In
//
// A reader reports every bad line with file, line, column, value and reason, and hands back the good lines
// beside them; whether the good lines may be loaded without the bad is the caller's choice, never the reader's.
// It knows the headers that offices use in Vietnamese and English and does not care for their order, for the
// separator or for the byte order mark. What looks odd but does no harm is a Warning.
//
// # Out
//
// A file of responses carries no id, no time and no order: rows are shuffled by the system's randomness
// each time, and comments are written apart with a shuffle of their own, so that the two files cannot be laid
// side by side.
//
// Text that a spreadsheet would take for a formula is written with an apostrophe before it, in headings too;
// numbers are never touched. Statistical programs therefore read the same numbers that a spreadsheet shows.
//
// Files are written beside their place, synced and renamed, so that a file that is there is whole.
package export
