// Package data holds the reference data that the program ships, and typed readers of it: the
// administrative units with their history, the published PAPI, SIPAS and PAR figures, the rules of
// the evaluation at the one-stop desk, simplified boundaries, and the frameworks and instruments
// that a wave may start from. Where each file is from and under which terms is in README.md.
//
// It is a leaf: it imports nothing of the project, so that every room may read it. Its types are
// therefore plain, and the domain's own types are built from them by whoever reads.
//
// Everything is embedded and parsed once, on first use. A reader cannot fail at run time: the
// files are part of the program, and a test reads every one of them whole. Should a file be broken
// all the same, the reader panics, because the program that was built is then not the one that was
// tested. What a reader returns is shared: callers must not modify it.
package data
