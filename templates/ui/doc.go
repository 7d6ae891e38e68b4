// Package ui holds the components that pages are made of. A component takes one
// Props and the language and does nothing but write: every chart is SVG written by
// the server, with its numbers in words beside it, and every figure of the program
// passes through Figure, which never shows a value without its base.
//
// The content policy of the program allows no inline style, so places and lengths
// are SVG attributes and colors are classes. A Picture is the same charts once more as
// a file of its own, which has no style sheet beside it: there colors stand at each mark.
package ui
