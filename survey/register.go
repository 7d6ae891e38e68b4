package survey

// WaveID names a wave: a short word such as "2026-q3".
type WaveID string

// Channel is how a dossier was filed.
type Channel string

// The channels of filing.
const (
	ChannelCounter Channel = "counter" // at the one-stop desk
	ChannelOnline  Channel = "online"  // on a public service portal
	ChannelPost    Channel = "post"    // by the postal service
)

// Lateness is whether a dossier was late. It is the strongest auxiliary there is, and known for everyone.
type Lateness string

// The classes of lateness.
const (
	OnTime  Lateness = "on_time"
	Late    Lateness = "late"
	Undated Lateness = "undated" // no due day: its own class, not a guess
)

// Transaction is one dossier handled by an office. All transactions of a wave are its register,
// the sampling frame.
type Transaction struct {
	Dossier   string // the office's dossier code
	Procedure string // code of the administrative procedure
	Field     string // the field that the procedure belongs to
	Unit      UnitID
	Channel   Channel
	Received  Day
	Due       Day // "" when the office gave none
	Returned  Day // "" while open
}

// Lateness says whether the transaction was late as of a day: returned after due, or due passed
// and still open. A transaction without a due day is Undated.
func (t Transaction) Lateness(asOf Day) Lateness {
	if t.Due == "" {
		return Undated
	}
	end := t.Returned
	if end == "" {
		end = asOf
	}
	if end > t.Due {
		return Late
	}
	return OnTime
}

// Month is the month in which the transaction was returned, or received while it is open.
func (t Transaction) Month() string {
	if t.Returned != "" {
		return t.Returned.Month()
	}
	return t.Received.Month()
}

// ImportResult counts what an import of transactions did. The same file twice leaves Added and Changed at zero.
type ImportResult struct {
	Added, Changed, Unchanged int
	LastDay                   Day // the latest received or returned day of the whole register after the import
}

// ClassID names a weighting class of a wave: "<draw>.<number>".
type ClassID string

// The dimensions of a weighting class, from the one dropped last to the one dropped first.
const (
	DimUnit = iota
	DimLateness
	DimFieldGroup
	DimField
	DimChannel
	DimMonth
	Dims
)

// DimNames are the dimensions' names in files and tables, in the order of the constants.
var DimNames = [Dims]string{"unit", "lateness", "field_group", "field", "channel", "month"}

// PoolingMarks are the letters that labels of classes are pooled and dropped with, so no field may have them in its name.
const PoolingMarks = "|*"

// Class is one weighting class: the cell of the coarsened register within which invited
// transactions were a simple random sample. At least fifteen invited transactions share it,
// so that it tells nothing of any one of them.
type Class struct {
	ID         ClassID
	Wave       WaveID
	Draw       int
	Labels     [Dims]string // a dropped dimension is "*"; pooled values are joined by "|"
	Population int          // transactions of the register in the class
	Invited    int          // drawn from them
}

// Chance is the chance of invitation, the same for every transaction of the class.
func (c Class) Chance() float64 {
	if c.Population == 0 {
		return 0
	}
	return float64(c.Invited) / float64(c.Population)
}

// Draw is one act of sampling: the coarsening map that it fixed, and the classes it made.
type Draw struct {
	Wave     WaveID
	Number   int // 1, 2, …
	Fraction float64
	Seed     uint64
	Map      []byte // the coarsening map as JSON, kept as it was used
	Classes  []Class
	AsOf     Day // the day on which lateness was judged
	// Covered maps every transaction that this draw covered to its class, invited or not.
	Covered map[string]ClassID
}

// Invitation is a token for one transaction. The token itself is never stored, and nothing in
// an invitation changes when it is answered.
type Invitation struct {
	TokenHash TokenHash
	Wave      WaveID
	Dossier   string
	Class     ClassID
}
