package main

import (
	"context"
	"strings"
	"time"

	"sipas/survey"
)

// demoCredential begins what stands in the place of a credential's hash on the devices of the demonstration. No cookie has such a
// hash, so nobody can be one of them.
const demoCredential = "demonstration "

// demoTroubles are the kiosks, by their place in the order of the kiosks, that show on the fleet page what can be the matter. The others are fine.
const (
	demoLosesOne = 2 // one number never arrived
	demoIsQuiet  = 5 // switched off two days ago
	demoWaits    = 8 // connected, and does not deliver
	demoAskew    = 11
)

// demoLost is the number that never arrived.
const demoLost = 37

// enrolDevice gives a kiosk of the demonstration its device.
func (f *filling) enrolDevice(ctx context.Context, point survey.PointID) error {
	now := f.app.now()
	mark := demoCredential + string(point)
	err := f.data.db.AddEnrolment(ctx, f.by, survey.Enrolment{CodeHash: mark, Point: point, Expires: now.Add(time.Minute)})
	if err != nil {
		return err
	}
	device, err := f.data.db.Enrol(ctx, mark, survey.Device{ID: survey.NewDeviceID(), CredentialHash: mark, Enrolled: now})
	if err != nil {
		return err
	}
	f.deliveries[point] = &survey.Delivery{Device: device.ID, Queue: survey.QueueID(survey.NewResponseID())}
	f.points = append(f.points, point)
	return nil
}

// number gives the answers of the kiosks their numbers, in the order in which they came.
func (f *filling) number(receipts []survey.Receipt) {
	for i := range receipts {
		last := f.deliveries[receipts[i].Point]
		if last == nil {
			continue
		}
		last.Seq++
		if last.Seq == demoLost && receipts[i].Point == f.points[demoLosesOne%len(f.points)] {
			last.Seq++
		}
		d := *last
		receipts[i].Delivery = &d
	}
}

// beatDemoKiosks lets the kiosks of the demonstration tell how they are, once: nobody stands behind them. It is done at every start,
// so that the fleet page shows a morning like any other.
func (d *dataDir) beatDemoKiosks(ctx context.Context, now time.Time) error {
	devices, err := d.db.Devices(ctx)
	if err != nil {
		return err
	}
	place := -1
	for _, device := range devices {
		if !strings.HasPrefix(device.CredentialHash, demoCredential) {
			continue
		}
		for _, q := range device.Queues {
			place++
			last := 0
			if n := len(q.Arrived); n > 0 {
				last = q.Arrived[n-1].Last
			}
			b := survey.Beat{
				At: now.Add(-time.Duration(7*place%50) * time.Second), Program: programVersion(), Last: last,
				Persistence: survey.PersistenceGranted, Used: 3 << 20, Room: 2 << 30, PxPerMM: 4.05, Battery: 100 - 3*place,
				Skew: time.Duration(place-4) * 300 * time.Millisecond,
			}
			switch place {
			case demoIsQuiet:
				b.At = now.AddDate(0, 0, -2)
			case demoWaits:
				b.Waiting, b.Oldest, b.Last = 12, now.Add(-95*time.Minute), last+12
			case demoAskew:
				b.Skew = -time.Duration(8760+place) * time.Hour
			}
			if _, err := d.db.SaveBeat(ctx, device.ID, q.Queue, b); err != nil {
				return err
			}
		}
	}
	return nil
}
