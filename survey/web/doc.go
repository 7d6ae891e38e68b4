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
// never limited by address, because a whole hall shares one.
//
// # Cross-origin protection and referrers
//
// Every request that changes something is held against Sec-Fetch-Site and Origin. Pages are sent with
// Referrer-Policy strict-origin, not no-referrer: a form on a no-referrer page is sent with "Origin: null", and where
// the browser gives no Sec-Fetch-Site (plain HTTP on an office network, browsers before 2023) the protection could not tell it
// from an attack. With strict-origin no path, and so no token, leaves in a Referer either.
//
// # Kiosk tickets
//
// The server draws the module and makes the id, and hands the kiosk a ticket that only it can read: wave, questionnaire,
// and the revision that was stored before. So a questionnaire stays answerable when the server restarts or a newer version
// is published, nobody can pick an id for the module it draws, and a code that was begun on another channel can be
// continued without telling whether it was.
package web
