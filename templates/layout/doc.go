// Package layout holds the frames that pages stand in: Staff behind the sign-in,
// Citizen in front of it, Kiosk for the full screen. A frame writes the document,
// the language switch, the way to the other places, and nothing of the page itself.
package layout
