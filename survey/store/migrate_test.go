package store

import (
	"testing"
	"testing/fstest"
)

func TestMigrationsAreNumberedWithoutGaps(t *testing.T) {
	file := &fstest.MapFile{Data: []byte("CREATE TABLE a (b text)")}
	steps, err := Migrations(fstest.MapFS{"0002_b.sql": file, "0001_a.sql": file, "readme.txt": file})
	if err != nil {
		t.Fatal(err)
	}
	if len(steps) != 2 || steps[0].Name != "0001_a.sql" || steps[1].Version != 2 || steps[0].Checksum == "" {
		t.Errorf("steps are %+v", steps)
	}
	for _, files := range []fstest.MapFS{
		{"0002_b.sql": file},
		{"0001_a.sql": file, "0003_c.sql": file},
		{"0001_a.sql": file, "0001_b.sql": file},
		{"first.sql": file},
	} {
		if _, err := Migrations(files); err == nil {
			t.Errorf("%v were accepted", files)
		}
	}
}
