// Package survey is the domain of sipas: what a unit, a transaction, a wave, an
// instrument, an answer, a figure and a flag are, which of them are well formed,
// who may do what, and what the program needs from whoever stores them.
//
// It does no input or output. Packages further out (store, report, export, web)
// depend on it; it depends on nothing of theirs, only on the words of package analysis.
//
// # What the types promise
//
// An answer can never be joined to the dossier it speaks of. A Response therefore
// carries its weighting class and nothing finer: no dossier, no token, no time, no
// point, no address. Its id is an HMAC of the token under a key that lives outside the
// database (see WaveKey), so the database alone cannot say which token was used.
//
// A Figure never stands alone: its Estimate holds the base, the interval and the
// method, and its State says whether it may be shown.
package survey
