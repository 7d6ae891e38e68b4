package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	readmeBlock = regexp.MustCompile("(?s)```(sh|json|csv)\n(.*?)```")
	readmeFile  = regexp.MustCompile("`([a-z]+\\.(?:json|csv))`")
)

// Every "sipas …" line of the README runs, in the README's order, on the files that the README shows. Between opening the
// doors and reading the results the test lets citizens answer; the register that it loads has the README's columns and more lines.
func TestReadmeCommandsRun(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(moduleRoot(t), "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	ran := 0
	for _, at := range readmeBlock.FindAllSubmatchIndex(raw, -1) {
		kind, body := string(raw[at[2]:at[3]]), string(raw[at[4]:at[5]])
		if kind != "sh" {
			names := readmeFile.FindAllSubmatch(raw[:at[0]], -1)
			name := string(names[len(names)-1][1])
			if name == "register.csv" {
				body = longerRegister(t, body)
			}
			if err := os.WriteFile(name, []byte(body), 0o600); err != nil {
				t.Fatal(err)
			}
			continue
		}
		for line := range strings.Lines(body) {
			command, ours := strings.CutPrefix(strings.TrimSpace(line), "sipas ")
			if !ours {
				continue
			}
			args := words(command)
			ran++
			if args[0] == "serve" {
				answerWhileServing(t)
				continue
			}
			var stdout, stderr bytes.Buffer
			if code := run(context.Background(), args, strings.NewReader(""), &stdout, &stderr, noEnv); code != exitDone {
				t.Fatalf("sipas %q: exit %d\n%s%s", args, code, &stdout, &stderr)
			}
			if stdout.Len() == 0 {
				t.Errorf("sipas %q says nothing", args)
			}
		}
	}
	if ran < 20 {
		t.Errorf("only %d commands found in the README", ran)
	}
	if rows := readCSV(t, filepath.Join("export-2026-q3", "responses.csv")); len(rows) < 20 {
		t.Errorf("the export has %d rows", len(rows))
	}
}

var word = regexp.MustCompile(`"[^"]*"|\S+`)

// words splits a command line as a shell does: blanks part, double quotes keep together.
func words(command string) []string {
	all := word.FindAllString(command, -1)
	for i := range all {
		all[i] = strings.Trim(all[i], `"`)
	}
	return all
}

// longerRegister repeats the README's two lines with other dossiers, so that there is something to draw from.
func longerRegister(t *testing.T, body string) string {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(body), "\n")
	var b strings.Builder
	b.WriteString(lines[0] + "\n")
	for i := range 150 {
		for _, line := range lines[1:] {
			fields := strings.SplitN(line, ",", 2)
			fmt.Fprintf(&b, "%s%04d,%s\n", strings.TrimRight(fields[0], "0123456789"), i, fields[1])
		}
	}
	return b.String()
}

// answerWhileServing runs the server on the README's data and answers every third link.
func answerWhileServing(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r, w := io.Pipe()
	done := make(chan int, 1)
	var stderr bytes.Buffer
	go func() {
		code := run(ctx, []string{"serve", "--addr", "127.0.0.1:0"}, strings.NewReader(""), w, &stderr, noEnv)
		_ = w.Close()
		done <- code
	}()
	base := readAddress(t, r)
	for i, row := range readCSV(t, "invitations.csv")[1:] {
		if i%3 != 0 {
			continue
		}
		status, body, err := post(client(t), base+"/s/"+row[1], form(fmt.Sprint(3+i%3), fmt.Sprint(2+i%4)))
		if err != nil || status != http.StatusOK {
			t.Fatalf("answer %d: %d %v\n%s", i, status, err, clipLines(body, 3))
		}
	}
	cancel()
	if code := <-done; code != exitDone {
		t.Fatalf("serve: exit %d\n%s", code, &stderr)
	}
}
