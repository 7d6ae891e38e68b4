package survey

import (
	"slices"
	"testing"
	"time"
)

// soundDevice is a device about which nothing is to be said: 214 answers, all here.
func soundDevice() DeviceState {
	return DeviceState{
		Device: Device{ID: "d", Point: "p", Enrolled: morning.AddDate(0, 0, -30)},
		Queues: []QueueState{{
			Queue: "q", Begun: morning.AddDate(0, 0, -30), Arrived: []Range{{1, 214}},
			Beat: Beat{At: morning.Add(-time.Minute), Program: "v1", Last: 214, Persistence: PersistenceGranted, Used: 1, Room: 100, Battery: -1},
		}},
	}
}

func TestKioskStates(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(d *DeviceState, q *QueueState)
		want   []KioskState
	}{
		{"fine", func(*DeviceState, *QueueState) {}, []KioskState{KioskFine}},
		{"missing", func(_ *DeviceState, q *QueueState) { q.Arrived = []Range{{1, 210}, {212, 214}} }, []KioskState{KioskMissing}},
		{"on its way", func(_ *DeviceState, q *QueueState) { q.Arrived, q.Beat.Waiting = []Range{{1, 210}, {212, 214}}, 1 }, []KioskState{KioskFine}},
		{"newer than it told", func(_ *DeviceState, q *QueueState) { q.Arrived = []Range{{1, 214}, {217, 217}} }, []KioskState{KioskFine}},
		{"behind", func(_ *DeviceState, q *QueueState) {
			q.Arrived, q.Beat.Waiting, q.Beat.Oldest = []Range{{1, 200}}, 14, morning.Add(-time.Hour)
		}, []KioskState{KioskBehind}},
		{"sending", func(_ *DeviceState, q *QueueState) {
			q.Arrived, q.Beat.Waiting, q.Beat.Oldest = []Range{{1, 200}}, 14, morning.Add(-5*time.Minute)
		}, []KioskState{KioskFine}},
		{"over night", func(_ *DeviceState, q *QueueState) { q.Beat.At = morning.Add(-61 * time.Hour) }, []KioskState{KioskQuiet}}, // Saturday at eight in the evening, and three hours of Monday
		{"full", func(_ *DeviceState, q *QueueState) { q.Beat.Used = 91 }, []KioskState{KioskFull}},
		{"battery", func(_ *DeviceState, q *QueueState) { q.Beat.Battery = 15 }, []KioskState{KioskBattery}},
		{"clock", func(_ *DeviceState, q *QueueState) { q.Beat.Skew = -365 * 24 * time.Hour }, []KioskState{KioskClock}},
		{"storage", func(_ *DeviceState, q *QueueState) { q.Beat.Persistence = PersistenceRefused }, []KioskState{KioskStorage}},
		{"old", func(_ *DeviceState, q *QueueState) { q.Beat.Program = "v0" }, []KioskState{KioskOld}},
		{"unseen", func(d *DeviceState, _ *QueueState) { d.Queues = nil }, []KioskState{KioskUnseen}},
		{"just enrolled", func(d *DeviceState, _ *QueueState) { d.Queues, d.Enrolled = nil, morning.Add(-time.Minute) }, []KioskState{KioskFine}},
		{"revoked", func(d *DeviceState, _ *QueueState) { d.Revoked = morning }, []KioskState{KioskEmpty}},
		{"several", func(_ *DeviceState, q *QueueState) {
			q.Arrived, q.Beat.Skew, q.Beat.Program, q.Beat.At = []Range{{2, 214}}, time.Hour, "v0", morning.AddDate(0, 0, -3)
		}, []KioskState{KioskMissing, KioskQuiet, KioskClock, KioskOld}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := soundDevice()
			c.change(&d, &d.Queues[0])
			k := HealthOf(Point{ID: "p"}, []DeviceState{d}, morning, DefaultGaming().Opening, "v1")
			if !slices.Equal(k.States, c.want) {
				t.Errorf("%v, want %v", k.States, c.want)
			}
			if k.Urgent() != c.want[0].Urgent() {
				t.Errorf("urgent is %v", k.Urgent())
			}
		})
	}
}

// An office that is closed is not quiet: a kiosk that is switched off for the night, and over Sunday, raises nothing.
func TestClosedOfficesAreNotQuiet(t *testing.T) {
	d := soundDevice()
	d.Queues[0].Beat.At = time.Date(2026, 9, 12, 19, 30, 0, 0, Zone)
	for now, quiet := range map[time.Time]bool{
		time.Date(2026, 9, 13, 12, 0, 0, 0, Zone): false, time.Date(2026, 9, 14, 6, 20, 0, 0, Zone): false, time.Date(2026, 9, 14, 8, 0, 0, 0, Zone): true,
	} {
		k := HealthOf(Point{ID: "p"}, []DeviceState{d}, now, DefaultGaming().Opening, "v1")
		if slices.Contains(k.States, KioskQuiet) != quiet {
			t.Errorf("%v: %v", now, k.States)
		}
	}
}

func TestLostNumbers(t *testing.T) {
	for _, c := range []struct {
		arrived       []Range
		last, waiting int
		want          []Range
	}{
		{[]Range{{1, 214}}, 214, 0, nil},
		{[]Range{{1, 210}, {212, 214}}, 214, 0, []Range{{211, 211}}},
		{[]Range{{1, 210}, {212, 212}}, 214, 2, []Range{{211, 211}}},
		{[]Range{{1, 210}, {212, 212}}, 214, 3, nil},
		{[]Range{{1, 210}, {212, 212}}, 214, 9, nil},
		{[]Range{{5, 6}}, 20, 10, []Range{{1, 4}, {7, 10}}},
		{nil, 3, 1, []Range{{1, 2}}},
		{[]Range{{1, 3}, {6, 9}}, 3, 0, nil},
	} {
		q := QueueState{Arrived: c.arrived, Beat: Beat{At: morning, Last: c.last, Waiting: c.waiting}}
		if got := q.Lost(); !slices.Equal(got, c.want) {
			t.Errorf("%v of %d, %d waiting: %v are lost, want %v", c.arrived, c.last, c.waiting, got, c.want)
		}
	}
}

func TestKioskWithSeveralDevices(t *testing.T) {
	opening := DefaultGaming().Opening
	now := soundDevice()
	before := soundDevice()
	before.ID, before.Queues[0].Beat.At = "before", morning.AddDate(0, 0, -20)
	k := HealthOf(Point{ID: "p"}, []DeviceState{before, now}, morning, opening, "v1")
	if k.Device().ID != "d" || !slices.Equal(k.States, []KioskState{KioskFine}) {
		t.Errorf("a device that was replaced makes the kiosk %v", k.States)
	}
	// Answers wait on it.
	before.Queues[0].Beat.Waiting, before.Queues[0].Beat.Oldest = 3, morning.AddDate(0, 0, -21)
	k = HealthOf(Point{ID: "p"}, []DeviceState{before, now}, morning, opening, "v1")
	if n, oldest := k.Waiting(); !slices.Contains(k.States, KioskQuiet) || n != 3 || !oldest.Equal(morning.AddDate(0, 0, -21)) {
		t.Errorf("three answers wait on a device that was replaced: %v, %d since %v", k.States, n, oldest)
	}
	// A queue that was cleared away needs a person for two weeks, and stays named.
	cleared := soundDevice()
	old := QueueState{Queue: "old", Arrived: []Range{{1, 5}}, Beat: Beat{At: morning.AddDate(0, 0, -13), Last: 7}}
	cleared.Queues = append(cleared.Queues, old)
	if k = HealthOf(Point{ID: "p"}, []DeviceState{cleared}, morning, opening, "v1"); k.States[0] != KioskMissing {
		t.Errorf("cleared two weeks ago: %v", k.States)
	}
	if k = HealthOf(Point{ID: "p"}, []DeviceState{cleared}, morning.AddDate(0, 0, 2), opening, "v1"); slices.Contains(k.States, KioskMissing) {
		t.Errorf("cleared longer ago: %v", k.States)
	}
	k = HealthOf(Point{ID: "p", Revoked: true}, []DeviceState{now}, morning, opening, "v1")
	if !slices.Equal(k.States, []KioskState{KioskRevoked}) || k.Urgent() || k.Device() != nil || len(k.Ended) != 1 {
		t.Errorf("a revoked kiosk is %v", k.States)
	}
}
