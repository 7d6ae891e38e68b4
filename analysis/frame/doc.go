// Package frame reads columns of data from CSV text and selects rows of them by expressions. It opens no files: a caller
// hands it an io.Reader and gets columns that the estimators take as they are.
//
// # Text
//
// RFC 4180: records end with LF or CRLF, a field may stand in double quotes and a quote inside is doubled. The first
// record names the columns. The delimiter is whichever of comma, semicolon and tab the header holds most of, outside
// quotes. The text is UTF-8, with or without a byte order mark. Lines that are wholly empty are skipped, as R's read.csv
// does. Everything else is an *Error that says on which line and why: a record with another number of fields than the
// header, a quote in the middle of an unquoted field, text after a closing quote, a quote that is never closed.
//
// # Types
//
// A field is missing when its text without blanks around it is one of Options.Missing: empty and NA unless said otherwise.
// A column is numeric when everything else in it is a number, and categorical otherwise. A number is an optional sign,
// decimal digits with at most one point, and an optional exponent, with blanks around it or not; quotes around it do not matter.
// Inf and Infinity in any case are numbers too, because a population may be infinite; NaN is a missing number.
// Hexadecimal numbers, underscores, thousands separators and decimal commas are text. These are R's rules but for hexadecimal.
//
// The text of a number is not lost: 0012 is the number 12 and keeps the label 0012. See Column.Labels.
//
// # Speed
//
// The text is cut into pieces at the ends of records, the pieces are parsed on all cores, and only the columns that were
// asked for are kept. The result does not depend on where the cuts fall or on the number of cores.
package frame
