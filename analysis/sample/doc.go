// Package sample fixes the sampling classes of a register and draws the invited.
//
// The classes come from a coarsening tree, from the top down: unit, lateness,
// field group, field, channel, month, so that the month is given up first and the
// unit last. A node is split by its next label only as far as every part can
// still expect Min invited; smaller siblings are pooled. Under lateness, the strongest
// auxiliary there is, a part of Min transactions is enough: Min of them are invited, more
// than the fraction if need be, at a chance of their own. The map is made once, stored as
// JSON, and applied to the register and to answers alike.
//
// Within a class the draw is simple random sampling without replacement: every
// transaction of a class of N has the same chance n/N, exactly. The seed and the
// stable ids decide the draw; the order of the rows does not.
package sample
