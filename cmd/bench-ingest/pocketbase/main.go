// Command pocketbase is PocketBase as the ingest benchmark meets it: one collection whose records have a unique key and a
// payload, open to be written by anybody, which is the least that a receiver of answers needs. It prints its address and serves
// until it is told to end.
//
//	pocketbase -dir DIR -synchronous FULL|NORMAL
//
// Its connections are PocketBase's own default ones but for what -synchronous names. Its log of requests, which by default is
// a second database, is off: the benchmark measures answers.
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase"
	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	flags := flag.NewFlagSet("pocketbase", flag.ContinueOnError)
	dir := flags.String("dir", "", "directory of the data; it is made when it is not there")
	synchronous := flags.String("synchronous", "NORMAL", "PRAGMA synchronous of every connection: FULL, or NORMAL as PocketBase has it")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *dir == "" || *synchronous != "FULL" && *synchronous != "NORMAL" {
		return fmt.Errorf("-dir is needed, and -synchronous is FULL or NORMAL")
	}
	app := pocketbase.NewWithConfig(pocketbase.Config{
		HideStartBanner: true, DefaultDataDir: *dir, DBConnect: connect(*synchronous),
	})
	if err := app.Bootstrap(); err != nil {
		return err
	}
	if err := app.RunAllMigrations(); err != nil {
		return err
	}
	if err := prepare(app); err != nil {
		return err
	}
	var actual int
	if err := app.NonconcurrentDB().NewQuery("PRAGMA synchronous").Row(&actual); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		e.Listener, e.InstallerFunc = listener, nil
		return e.Next()
	})
	// The listener queues what comes before the first accept, so the address is good from now on.
	fmt.Printf("PocketBase %s answers at http://%s, synchronous %d\n", version(), listener.Addr(), actual)

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	served := make(chan error, 1)
	go func() { served <- apis.Serve(app, apis.ServeConfig{HttpAddr: listener.Addr().String()}) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	terminate := new(core.TerminateEvent)
	terminate.App = app
	return app.OnTerminate().Trigger(terminate, func(e *core.TerminateEvent) error { return e.App.ResetBootstrapState() })
}

// connect is core.DefaultDBConnect with another value of one setting.
func connect(synchronous string) core.DBConnectFunc {
	return func(path string) (*dbx.DB, error) {
		return dbx.Open("sqlite", path+"?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=journal_size_limit(200000000)"+
			"&_pragma=synchronous("+synchronous+")&_pragma=foreign_keys(ON)&_pragma=temp_store(MEMORY)&_pragma=cache_size(-32000)")
	}
}

// prepare makes the collection.
func prepare(app core.App) error {
	settings := app.Settings()
	settings.Logs.MaxDays = 0
	if err := app.Save(settings); err != nil {
		return err
	}
	if _, err := app.FindCollectionByNameOrId("answers"); err == nil {
		return nil
	}
	open := ""
	c := core.NewBaseCollection("answers")
	c.CreateRule, c.ListRule = &open, &open
	c.Fields.Add(&core.TextField{Name: "key", Required: true, Max: 64}, &core.TextField{Name: "payload", Required: true, Max: 65536})
	c.AddIndex("answers_key", true, "key", "")
	return app.Save(c)
}

// version is that of the module, as the build recorded it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, m := range info.Deps {
		if strings.HasSuffix(m.Path, "pocketbase/pocketbase") {
			return m.Version
		}
	}
	return "unknown"
}
