package pages

import (
	"sipas/templates/layout"
	"sipas/templates/ui"
)

// TrendView shows the published scores of one province over the years.
type TrendView struct {
	Shell      layout.Staff
	Province   string
	Former     bool      // the province was merged into another in 2025
	Successor  string    // its name today; empty where it is the same
	Total      ui.Series // 8 to 80
	Dimensions []ui.Series
	Rank       int // of the last year; 0 where unranked
	Ranked     int
	Year       int
	Source     string
	Files      ui.Files
}
