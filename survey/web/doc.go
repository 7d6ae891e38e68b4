// Package web puts the program on the screen: one table of routes, what may be sent to each, who may
// call it and how often; reading what was sent; building the flat views of templates/pages from the
// domain; and turning every error into a page or a JSON object in one place. It is the only package that knows echo.
//
// Files are named by audience: public_ (everybody, with a link or without), kiosk_, analyst_, department_ and
// admin_. What all share is in web.go, routes.go, middleware.go, errors.go, session.go, language.go and release.go.
//
// # What is promised to a citizen
//
// Opening a link changes nothing, counts nothing, and says nothing of whether it was used: only sending does.
// No line of the log holds a path below /s/, an address, a query, an answer or a comment; it names the route's pattern. Answers are
// never limited by address, because a whole hall shares one. What a citizen may withdraw an answer by stands on the page that
// answers the sending, and in no address.
//
// # Cross-origin protection and referrers
//
// Every request that changes something is held against Sec-Fetch-Site and Origin. Pages are sent with
// Referrer-Policy strict-origin, not no-referrer: a form on a no-referrer page is sent with "Origin: null", and where
// the browser gives no Sec-Fetch-Site (plain HTTP on an office network, browsers before 2023) the protection could not tell it
// from an attack. With strict-origin no path, and so no token, leaves in a Referer either.
//
// # Kiosks
//
// A kiosk is a device that was enrolled by a code and is recognized by its cookie alone; the accounts of staff do not matter to it.
// Online and offline are one path: it keeps its configuration, draws the questions itself, seals each answer to the server's public key
// under a number of its queue, and delivers it when it can. kiosk_wire.go says what goes over the wire. The server believes nothing
// of what a device says: it draws the module again from the sitting's id, checks the answers against the version that they name, and dates
// them by its own clock. A device that was tampered with could try ids until one draws the module that it wants, as it could invent whole
// answers: the signals of gaming are what watches for that.
//
// A reply other than an error means that the answer is on disk. A final refusal is noted in the ledger of deliveries before it is
// told, because the device then deletes its copy; when noting fails, the reply is 503. What may come right by itself is never final: a missing
// key, a wave that the database does not have, a full disk. An envelope that is too large or has no sound queue and number cannot be
// noted, so its number stays missing and is seen on the fleet page.
//
// In a demonstration a browser without a credential is enrolled when it asks for its configuration, and not when it opens the page: the
// page may come from the browser's own store, and the database may be a new one.
//
// A device may call 1,000 times at once and then 50 times a second, a token 20 times; there is no limit by address, because all kiosks of
// an office share one. Only guesses at enrolment codes are counted by network, and all together besides.
//
// # Published releases
//
// What is under /releases, and the catalog, is for everybody: it is made of published releases alone, without a look at who calls, and scripts
// of every site may read it. The JSON of a numbered release is the same bytes for ever and is sent so; its page says when another one took its
// place, and its table is written by the program that runs, so both are asked for each time. The JSON is what the release's content hash is of, so a reader needs nothing of the program to check it; the
// response of single weighting classes, and which of them were pooled, is left out of it, because a class may be one dossier large. Names come from the release, not from
// today's tables.
//
// # Files of figures
//
// A page of figures can be had as CSV, XLSX and SVG at its own address with a suffix, under the same permission and the same filter
// (files.go). The files are made of the view that the page shows, so that nothing is in them that is not on the page, but with all digits; a
// withheld figure is words in them. figurePages is the one list that gives the pages and their files their routes. A PNG is drawn by the
// reader's browser from the SVG: drawing letters on the server would need a font file in another form than the one that pages load, and a
// library to shape Vietnamese with, while every browser does it well.
//
// # Evidence
//
// Files that prove an assessment come in piece by piece, each on disk before the next is read, and a form with several attaches all of them or
// none. Nothing is looked at or unpacked. They go out as attachments of no particular kind, under a policy that lets a browser do nothing with
// them, so that what somebody attached can never act as a page of this program. An answer that fails midway cuts the connection: nobody takes a part
// for the whole.
//
// # Compression
//
// Static texts and pages that are read with GET go out compressed. The length of a compressed page tells what in it repeats what the
// caller could put beside it (BREACH), so no page with a secret is compressed: not the form of a link, whose address is its secret,
// and no answer to anything that was sent, such as the page that shows a new code. Staff's pages hold figures and repeat the filter of
// the address; figures are no secret that could be asked for letter by letter from another site, whose requests carry no session.
package web
