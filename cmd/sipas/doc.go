// Command sipas measures citizens' satisfaction with public services: it takes a register of transactions in,
// invites a sample, collects answers, weights them by the register, scores and flags, and hands the data out.
//
// The package holds the command line: one file for each subcommand, and the wiring of the rooms. A subcommand is a
// struct whose fields are its flags and whose Run method does the work:
//
//	func (c *listCmd) Run(ctx context.Context, a *app) error
//
// The app is all of the outside world that a command may touch: its streams, environment, clock and log. A command
// returns an error; run turns it into one sentence for people and an exit code.
package main
